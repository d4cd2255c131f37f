"""PNG: palette, grey, colour, alpha. Lossless. Those of 16 bits a sample are led to ``png16``."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, PngImagePlugin

from daguerre.imaging.codecs import pillow, png16
from daguerre.imaging.codecs.pillow import PillowCoding
from daguerre.imaging.photo import Photo

_COLOR_CHUNKS = (b"gAMA", b"cHRM", b"sRGB", b"cICP")


@dataclass(frozen=True, slots=True)
class PngCoding(PillowCoding):
    """And the chunks that say what the samples mean, and the texts by their keys."""

    color_chunks: tuple[tuple[bytes, bytes], ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a PNG. Raises InvalidImage."""
    if data[24:25] == b"\x10":
        return png16.read(data, max_pixels=max_pixels)
    image = pillow.opened(data, "PNG", max_pixels=max_pixels)
    photo = pillow.photo_of(image, "png")
    texts = getattr(image, "text", {})
    told = {key: str(value) for key, value in texts.items() if key != "XML:com.adobe.xmp"}
    photo.coding = PngCoding(image.mode, tuple(_color_chunks(data)), told)
    return photo


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a PNG in the colour mode it came in where its pixels still fit; ``quality`` does not matter."""
    if photo.pixels.dtype == np.uint16:
        return png16.write(photo)
    own = photo.coding if isinstance(photo.coding, PngCoding) else PngCoding()
    image = pillow.image_of(photo)
    mode = own.mode
    if mode == "P":
        image = pillow.indexed(photo) or image
    elif mode == "1" and photo.alpha is None and bool(np.isin(photo.pixels, (0, 255)).all()):
        image = image.convert("1", dither=Image.Dither.NONE)
    chunks = PngImagePlugin.PngInfo()
    for kind, body in own.color_chunks:
        chunks.add(kind, body)
    for key, value in own.texts.items():
        chunks.add_itxt(key, value)
    metadata = photo.metadata
    if metadata.xmp:
        chunks.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode(errors="replace"))
    return pillow.saved(
        image,
        "PNG",
        pnginfo=chunks,
        icc_profile=metadata.icc,
        exif=metadata.exif,
        dpi=metadata.dpi,
        transparency=image.info.get("transparency") if image.mode == "P" else None,
    )


def _color_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks before the pixels that say what the numbers mean."""
    found, at = [], 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            break
        if kind in _COLOR_CHUNKS:
            found.append((kind, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found
