"""Whatever a caller calls a photo, as a :class:`~daguerre.imaging.photo.Photo`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from PIL import Image

from daguerre.errors import InvalidImage
from daguerre.imaging import arrays, files
from daguerre.imaging.photo import Photo
from daguerre.imaging.turning import turned

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image | npt.NDArray[Any] | Photo
"""A path, a file's bytes, a binary file, a PIL image, an array ``[H, W]`` or ``[H, W, 1, 3 or 4]``, or a Photo."""

_DEPTHS = ("uint8", "uint16", "float32")


@runtime_checkable
class _Readable(Protocol):
    def read(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a photo comes from: a file of ``size_bytes``, by its ``path`` or ``data``, or the ``photo`` itself; and by
    how many degrees clockwise it was turned."""

    path: Path | None = None
    size_bytes: int = 0
    max_pixels: int = 0
    recover: bool = False
    data: bytes | None = field(default=None, repr=False)
    photo: Photo | None = field(default=None, repr=False)
    rotate: int = 0

    def again(self) -> Photo:
        """The photo as it was, turned, decoded once more where it is a file. Raises InvalidImage."""
        return turned(self._opened(), self.rotate)

    def _opened(self) -> Photo:
        if self.photo is not None:
            return self.photo
        source = self.path if self.data is None else self.data
        if source is None:
            raise InvalidImage("The photo that was restored is no longer there.")
        return files.open_image(source, max_pixels=self.max_pixels, recover=self.recover)


def opened(
    source: Source, *, max_pixels: int = 500_000_000, recover: bool = False, rotate: int = 0
) -> tuple[Photo, Origin]:
    """The photo that ``source`` holds, turned by ``rotate`` degrees clockwise, and its origin.

    Raises InvalidImage, and TypeError for what is no source.
    """
    photo, origin = _opened(source, max_pixels, recover)
    return turned(photo, rotate), replace(origin, rotate=rotate)


def _opened(source: Source, max_pixels: int, recover: bool) -> tuple[Photo, Origin]:
    photo = _given(source)
    if photo is not None:
        return photo, Origin(photo=photo)
    if not isinstance(source, str | os.PathLike | bytes | bytearray | memoryview | _Readable):
        raise TypeError(
            "A photo is a path, the bytes of a file, a binary file object, a PIL image, a NumPy array or a "
            f"daguerre.Photo, not {type(source).__name__}."
        )
    data = files.content(source)
    photo = files.open_image(data, max_pixels=max_pixels, recover=recover)
    path = Path(source) if isinstance(source, str | os.PathLike) else None
    # A file that can be read again is not kept in memory, unless the photo keeps it anyway.
    kept = data if path is None or photo.original is not None else None
    return photo, Origin(path, len(data), max_pixels, recover, kept)


def _given(source: Source) -> Photo | None:
    """The photo that ``source`` is already, decoded; ``None`` for files."""
    match source:
        case Photo():
            return _checked(source)
        case Image.Image():
            return arrays.photo_of_image(source)
        case np.ndarray():
            return arrays.photo_of_array(source)
        case _:
            return None


def _checked(photo: Photo) -> Photo:
    pixels = photo.pixels
    for page in photo.pages:
        _checked(page)
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or 0 in pixels.shape or str(pixels.dtype) not in _DEPTHS:
        shape = " x ".join(str(length) for length in pixels.shape)
        raise InvalidImage(
            f"The pixels of a Photo are [H, W, 1 or 3] of uint8, uint16 or float32, not {shape} of {pixels.dtype}."
        )
    if photo.alpha is not None and (photo.alpha.shape != pixels.shape[:2] or photo.alpha.dtype != pixels.dtype):
        raise InvalidImage("The alpha of a Photo is [H, W] in the dtype of its pixels.")
    return photo
