"""Files that nobody changed are given back as they came: nothing is encoded twice."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from daguerre.imaging.photo import Original, Photo

_BAND_ROWS = 256
_SMALL_BYTES = 64 << 20


def digest(photo: Photo) -> bytes:
    """A fingerprint of the pixels and alpha of ``photo`` and its pages."""
    state = hashlib.blake2b()
    for page in (photo, *photo.pages):
        state.update(repr((page.pixels.shape, str(page.pixels.dtype))).encode())
        for plane in (page.pixels, page.alpha):
            if plane is not None:
                for top in range(0, page.height, _BAND_ROWS):
                    state.update(plane[top : top + _BAND_ROWS].tobytes())
    return state.digest()


def remember(photo: Photo, data: bytes, *, lossless: bool) -> Photo:
    """``photo`` with the file ``data`` that it came from.

    Not where a large file saves nothing, since it would be written again without loss.
    """
    affordable = not lossless or len(data) <= max(_SMALL_BYTES, photo.pixels.nbytes // 2)
    if affordable:
        photo.original = Original(data, digest(photo), replace(photo.metadata))
    return photo


def has_its_pixels(photo: Photo) -> bool:
    """Whether ``photo`` still has the pixels that its file gave."""
    return photo.original is not None and photo.original.digest == digest(photo)


def find_untouched_file(photo: Photo) -> bytes | None:
    """The file that ``photo`` came from, if it would say the same again."""
    original = photo.original
    if original is None or photo.metadata != original.metadata or not has_its_pixels(photo):
        return None
    return original.data
