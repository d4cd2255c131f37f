"""AVIF in 8 bits."""

from __future__ import annotations

import numpy as np

from daguerre.imaging import kept, pillow
from daguerre.imaging.photo import Photo

_QUALITY = 90
_SPEED = 7
_HIGH, _MONOCHROME, _ACROSS, _DOWN = 0x40, 0x10, 0x08, 0x04


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in an AVIF file. Raises InvalidImage. More than 8 bits are reduced, with a warning."""
    photo = pillow.photo_of(pillow.opened(data, "AVIF", max_pixels=max_pixels), "avif")
    layout = _layout(data)
    photo.source["subsampling"] = "4:2:0" if layout & _DOWN else "4:2:2" if layout & _ACROSS else "4:4:4"
    if layout & _MONOCHROME and photo.pixels.shape[2] == 3:
        photo.pixels = np.ascontiguousarray(photo.pixels[:, :, :1])
    if layout & _HIGH:
        photo.warnings.append("AVIF is read in 8 bits: the finer steps of the photo were reduced.")
    return kept.keep(photo, data)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as AVIF with the subsampling it came in; grey stays without colour planes."""
    original = kept.original(photo, quality)
    if original is not None:
        return original
    image = pillow.image_of(photo)
    if image.mode == "LA":
        image = image.convert("RGBA")
    return pillow.saved(
        image,
        "AVIF",
        quality=quality or _QUALITY,
        speed=_SPEED,
        subsampling="4:0:0" if photo.pixels.shape[2] == 1 else photo.source.get("subsampling", "4:4:4"),
        icc_profile=photo.metadata.icc,
        exif=photo.metadata.exif,
        xmp=photo.metadata.xmp,
    )


def _layout(data: bytes) -> int:
    """The third byte of the first ``av1C`` box: depth and chroma layout of the picture."""
    at = data.find(b"av1C", 0, 65536)
    return data[at + 6] if 0 <= at < len(data) - 6 else 0
