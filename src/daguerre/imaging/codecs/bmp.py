"""BMP: bilevel, palette, grey, colour, alpha. Lossless."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

from daguerre.imaging.codecs import pillow
from daguerre.imaging.photo import Photo, Pixels

_INCH = 0.0254


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a BMP. Raises InvalidImage."""
    return pillow.photo_of(pillow.opened(data, "BMP", max_pixels=max_pixels), "bmp")


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a BMP in the colour mode it came in where its pixels still fit; ``quality`` does not matter."""
    image, mode = pillow.image_of(photo), pillow.mode_of(photo)
    if photo.alpha is not None:
        return _with_alpha(np.asarray(image.convert("RGBA")), photo.metadata.dpi)
    if mode == "1" and bool(np.isin(photo.pixels, (0, 255)).all()):
        image = image.convert("1", dither=Image.Dither.NONE)
    elif mode == "P":
        image = pillow.indexed(photo) or image
    return pillow.saved(image, "BMP", dpi=photo.metadata.dpi)


def _with_alpha(plane: Pixels, dpi: tuple[float, float] | None) -> bytes:
    """``[H, W, 4]`` under a BITMAPV4HEADER, whose masks name the alpha: in the older header it is padding."""
    height, width = plane.shape[:2]
    body = plane[::-1, :, [2, 1, 0, 3]].tobytes()
    across, down = (round(value / _INCH) for value in dpi or (0, 0))
    head = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(body), across, down, 0, 0)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    start = 14 + 108
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + head + masks + b"BGRs" + bytes(48) + body
