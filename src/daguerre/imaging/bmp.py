"""BMP: bilevel, palette, grey, colour, alpha. Lossless."""

from __future__ import annotations

import numpy as np
from PIL import Image

from daguerre.imaging import pillow
from daguerre.imaging.photo import Photo


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a BMP. Raises InvalidImage."""
    return pillow.photo_of(pillow.opened(data, "BMP", max_pixels=max_pixels), "bmp")


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a BMP in the colour mode it came in where its pixels still fit; ``quality`` does not matter."""
    image, mode = pillow.image_of(photo), photo.source.get("mode")
    if mode == "1" and bool(np.isin(photo.pixels, (0, 255)).all()):
        image = image.convert("1", dither=Image.Dither.NONE)
    elif mode == "P" and photo.alpha is None:
        image = pillow.indexed(photo) or image
    elif image.mode == "LA":
        image = image.convert("RGBA")
    return pillow.saved(image, "BMP", dpi=photo.metadata.dpi)
