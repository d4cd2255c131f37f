"""Files that nobody changed are given back as they came: nothing is encoded twice."""

from __future__ import annotations

import hashlib
from typing import Any

from daguerre.imaging.photo import Metadata, Photo

_BAND_ROWS = 256
_SMALL_BYTES = 64 << 20


def digest(photo: Photo) -> bytes:
    """A fingerprint of the pixels and alpha of ``photo``."""
    state = hashlib.blake2b(repr((photo.pixels.shape, str(photo.pixels.dtype))).encode())
    for plane in (photo.pixels, photo.alpha):
        if plane is not None:
            for top in range(0, photo.height, _BAND_ROWS):
                state.update(plane[top : top + _BAND_ROWS].tobytes())
    return state.digest()


def keep(photo: Photo, data: bytes) -> Photo:
    """``photo`` with the file it came from in its source, for :func:`original`.

    Not where it was turned, where something was lost on the way in, or where a large file saves little.
    """
    affordable = len(data) <= max(_SMALL_BYTES, photo.pixels.nbytes // 2)
    if photo.source.get("orientation", 1) == 1 and affordable and not photo.warnings:
        photo.source.update(file=data, digest=digest(photo))
        metadata = photo.metadata
        # A block that was cleaned of its thumbnail or turned upright must not come back with the old file.
        if all(block is None or block in data for block in (metadata.exif, metadata.xmp)):
            photo.source["fields"] = (metadata.icc, metadata.exif, metadata.xmp, metadata.iptc, metadata.dpi)
    return photo


def pixels_unchanged(photo: Photo) -> bool:
    """Whether ``photo`` still has the pixels that it was kept with."""
    wanted = photo.source.get("digest")
    return wanted is not None and wanted == digest(photo)


def original(photo: Photo, quality: int | None) -> bytes | None:
    """The file that ``photo`` came from, if it would say the same again."""
    fields: Any = photo.source.get("fields")
    if quality is not None or fields is None or photo.metadata != Metadata(*fields) or not pixels_unchanged(photo):
        return None
    file: bytes = photo.source["file"]
    return file
