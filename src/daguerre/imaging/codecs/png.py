"""PNG of up to 8 bits: palette, grey, colour, alpha. Lossless."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image, PngImagePlugin

from daguerre.imaging import passthrough
from daguerre.imaging.codecs import pillow
from daguerre.imaging.photo import Photo

_COLOR_CHUNKS = (b"gAMA", b"cHRM", b"sRGB", b"cICP")


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a PNG of up to 8 bits. Raises InvalidImage."""
    image = pillow.opened(data, "PNG", max_pixels=max_pixels)
    photo = pillow.photo_of(image, "png", color_chunks=_color_chunks(data))
    texts = getattr(image, "text", {})
    photo.source["texts"] = {key: str(value) for key, value in texts.items() if key != "XML:com.adobe.xmp"}
    return passthrough.keep(photo, data)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a PNG in the colour mode it came in where its pixels still fit; ``quality`` does not matter."""
    original = passthrough.original(photo, quality)
    if original is not None:
        return original
    image = pillow.image_of(photo)
    mode = photo.source.get("mode")
    if mode == "P":
        image = pillow.indexed(photo) or image
    elif mode == "1" and photo.alpha is None and bool(np.isin(photo.pixels, (0, 255)).all()):
        image = image.convert("1", dither=Image.Dither.NONE)
    chunks = PngImagePlugin.PngInfo()
    for kind, body in photo.source.get("color_chunks", []):
        chunks.add(kind, body)
    for key, value in photo.source.get("texts", {}).items():
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
