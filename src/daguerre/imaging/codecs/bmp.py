"""BMP: bilevel, palette, gray, color, alpha. Lossless."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image

from daguerre.imaging.codecs import pillow
from daguerre.imaging.codecs.pillow import PillowCoding
from daguerre.imaging.description import Page
from daguerre.imaging.photo import Metadata, Photo, Pixels

_INCH = 0.0254
_V3_BYTES, _V4_BYTES, _V5_BYTES = 40, 108, 124
_EMBEDDED, _SRGB = b"DEBM", b"BGRs"
_MASKS = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)


@dataclass(frozen=True, slots=True)
class BmpCoding(PillowCoding):
    """And the color space of a BITMAPV4HEADER: its kind, primaries and gamma, 52 bytes."""

    color_space: bytes = b""


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture, with its profile."""
    pages, metadata = pillow.describe(data, "BMP")
    metadata.icc = _color_space(data)[1]
    return pages, metadata


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a BMP. Raises InvalidImage."""
    photo = pillow.to_photo(pillow.open_lazily(data, "BMP", max_pixels=max_pixels), "bmp")
    space, photo.metadata.icc = _color_space(data)
    photo.coding = BmpCoding(pillow.color_mode(photo), space)
    return photo


def _color_space(data: bytes) -> tuple[bytes, bytes | None]:
    """The color space of a BITMAPV4HEADER, or the profile of a BITMAPV5HEADER."""
    size = int.from_bytes(data[14:18], "little")
    space = data[14 + 56 : 14 + _V4_BYTES] if size >= _V4_BYTES else b""
    if size < _V5_BYTES or space[:4] != _EMBEDDED or len(data) < 14 + 120:
        return space, None
    place, length = struct.unpack_from("<II", data, 14 + 112)
    return b"", data[14 + place : 14 + place + length] or None


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a BMP in the color mode it came in where its pixels still fit; ``quality`` does not matter."""
    del quality
    own = photo.coding if isinstance(photo.coding, BmpCoding) else BmpCoding()
    told, image = photo.metadata, pillow.to_image(photo)
    if photo.alpha is not None:
        return _with_alpha(np.asarray(image.convert("RGBA")), told.dpi, own.color_space, told.icc)
    if own.mode == "1" and bool(np.isin(photo.pixels, (0, 255)).all()):
        image = image.convert("1", dither=Image.Dither.NONE)
    elif own.mode == "P":
        image = pillow.to_palette(photo) or image
        if image.mode == "P":  # Readers take two colors for a picture of one bit.
            image.putpalette(bytes(image.getpalette() or ()).ljust(768, b"\0"))
    data = pillow.save(image, "BMP", dpi=told.dpi)
    if not told.dpi:
        data = data[:38] + bytes(8) + data[46:]  # The encoder writes 96 dpi where none is known.
    if not told.icc and not own.color_space:
        return data
    head, palette_and_body = data[14 : 14 + _V3_BYTES], data[14 + _V3_BYTES :]
    (start,) = struct.unpack_from("<I", data, 10)
    palette = palette_and_body[: start - 14 - _V3_BYTES]
    return _assembled(head, bytes(16), palette, data[start:], own.color_space, told.icc)


def _with_alpha(plane: Pixels, dpi: tuple[float, float] | None, space: bytes, icc: bytes | None) -> bytes:
    """``[H, W, 4]`` under a header whose masks name the alpha: in the older one it is padding."""
    height, width = plane.shape[:2]
    body = plane[::-1, :, [2, 1, 0, 3]].tobytes()
    across, down = (round(value / _INCH) for value in dpi or (0, 0))
    head = struct.pack("<IiiHHIIiiII", _V3_BYTES, width, height, 1, 32, 3, len(body), across, down, 0, 0)
    return _assembled(head, _MASKS, b"", body, space, icc)


def _assembled(head: bytes, masks: bytes, palette: bytes, body: bytes, space: bytes, icc: bytes | None) -> bytes:
    """A file with a BITMAPV4HEADER that begins with ``head``, or with a BITMAPV5HEADER for a profile."""
    size = _V5_BYTES if icc else _V4_BYTES
    tail = _EMBEDDED + bytes(48) if icc else (space or _SRGB + bytes(48))
    start = 14 + size + len(palette)
    if icc:
        tail += struct.pack("<IIII", 4, size + len(palette) + len(body), len(icc), 0)  # perceptual intent
    whole = start + len(body) + len(icc or b"")
    file_head = b"BM" + struct.pack("<IHHI", whole, 0, 0, start)
    return file_head + struct.pack("<I", size) + head[4:] + masks + tail + palette + body + (icc or b"")
