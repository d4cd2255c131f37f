"""TGA: gray, palette, color, alpha, with or without run lengths. Lossless."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np

from daguerre.imaging.codecs import pillow
from daguerre.imaging.codecs.pillow import PillowCoding
from daguerre.imaging.description import Page
from daguerre.imaging.photo import Metadata, Photo, Pixels

_FOOTER = b"TRUEVISION-XFILE.\0"
_EXTENSION_BYTES = 495
_ATTRIBUTES = 494
_NO_ALPHA, _PREMULTIPLIED = (0, 1, 2), 4
_PLACES = slice(482, 494)
"""Where the extension area points at tables that a new file has not: colors, a thumbnail, the scan lines."""


@dataclass(frozen=True, slots=True)
class TgaCoding(PillowCoding):
    """And Pillow's name for run lengths, the text behind the header, and the extension area."""

    compression: str | None = None
    text: bytes = b""
    extension: bytes = b""

    def only_here(self) -> tuple[str, ...]:
        return ("texts",) if self.text.strip(b"\0 ") or self.extension else ()


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture, which has alpha where its header or its extension area says so."""
    pages, metadata = pillow.describe(data, "TGA")
    return (pages if _has_alpha(data) else [replace(page, extra=()) for page in pages]), metadata


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a TGA. Raises InvalidImage."""
    image = pillow.open_lazily(data, "TGA", max_pixels=max_pixels)
    photo = pillow.to_photo(image, "tga")
    extension, has_more = _areas(data)
    photo.coding = TgaCoding(image.mode, image.info.get("compression"), image.info.get("id_section", b""), extension)
    if photo.alpha is not None and not _has_alpha(data):
        photo.alpha = None  # The bits beside the colors mean nothing.
    elif photo.alpha is not None and extension and extension[_ATTRIBUTES] == _PREMULTIPLIED:
        photo.pixels = _divided(photo.pixels, photo.alpha)
        photo.losses.append("The TGA's colors were multiplied by its alpha, and are not now.")
    if has_more:
        photo.losses.append("The TGA's thumbnail or its developers' area was left out.")
    return photo


def _areas(data: bytes) -> tuple[bytes, bool]:
    """The extension area, and whether the file holds more that a new one will not."""
    if not data.endswith(_FOOTER) or len(data) < 26 + 18:
        return b"", False
    place, developers = struct.unpack_from("<II", data, len(data) - 26)
    area = data[place : place + _EXTENSION_BYTES] if place else b""
    if len(area) < _EXTENSION_BYTES:
        return b"", developers != 0
    return area, developers != 0 or any(area[_PLACES])


def _has_alpha(data: bytes) -> bool:
    extension, _ = _areas(data)
    return extension[_ATTRIBUTES] not in _NO_ALPHA if extension else bool(data[17] & 15)


def _divided(pixels: Pixels, alpha: Pixels) -> Pixels:
    weight = np.maximum(alpha, 1)[:, :, None].astype(np.float32) / 255
    return np.minimum(np.rint(pixels / weight), 255).astype(np.uint8)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a TGA, compressed as it came; ``quality`` does not matter."""
    del quality
    own = photo.coding if isinstance(photo.coding, TgaCoding) else TgaCoding()
    image = pillow.to_image(photo)
    if own.mode == "P" and photo.alpha is None:
        image = pillow.to_palette(photo) or image
    data = pillow.save(image, "TGA", compression=own.compression, id_section=own.text or None)
    if not own.extension:
        return data
    data = data[:-26] if data.endswith(_FOOTER) else data
    area = bytearray(own.extension)
    area[_PLACES] = bytes(12)
    area[_ATTRIBUTES] = 3 if photo.alpha is not None else 0
    return data + bytes(area) + struct.pack("<II", len(data), 0) + _FOOTER
