"""JPEGs that end too early: whether every pixel is there all the same, and where those end that are.

A decoder fills up what is missing without a word. So the code is decoded twice, with other bytes behind it each time:
pixels that stay the same do not depend on what is missing.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, JpegImagePlugin

from daguerre.errors import BrokenImage
from daguerre.imaging.containers import jpeg_segments
from daguerre.imaging.recovery import truncated

_FILLERS = (b"", b"\x55" * 4096)
_SCAN = b"\xff\xda"
_BLOCK = 8
"""Pixels of a block's side; at an eighth of the size a decoder gives one pixel for each."""

Missing = npt.NDArray[np.bool_]


def decode(image: Image.Image, data: bytes) -> Image.Image:
    """``image``, opened over ``data``, with all its pixels. Raises BrokenImage where some are missing."""
    try:
        image.load()
    except Image.DecompressionBombError:
        raise
    except (OSError, SyntaxError, ValueError):
        code = data[: jpeg_segments.find_code_end(data)]
        missing = _missing(code, image.size)
        if not missing.any():
            return _opened(code + jpeg_segments.END)
        raise truncated("JPEG", float(missing.mean())) from None
    if _ends_flat(image):
        missing = _missing(data[: jpeg_segments.find_code_end(data)], image.size)
        if missing.any():
            raise truncated("JPEG", float(missing.mean()))
    return image


def recover(data: bytes, size: tuple[int, int]) -> tuple[Image.Image, Missing]:
    """The picture of ``size``, across and down, as far as ``data`` holds it, and the pixels ``[H, W]`` it does not."""
    code = data[: jpeg_segments.find_code_end(data)]
    missing = _missing(code, size)
    if _has_later_scans(code):
        # What a later scan lacks is sharpness: the first ones have been over the whole picture.
        missing[:] = False
    return _opened(code + jpeg_segments.END), missing


def _missing(code: bytes, size: tuple[int, int]) -> Missing:
    """The pixels ``[H, W]`` that ``code``, a JPEG without its end marker, does not hold. Raises BrokenImage."""
    # What later scans add is not seen at an eighth of the size.
    reduced = not _has_later_scans(code)
    one, other = (np.asarray(_opened(code + filler + jpeg_segments.END, reduced=reduced)) for filler in _FILLERS)
    differs = (one != other).reshape(*one.shape[:2], -1).any(axis=2)
    missing = np.zeros((size[1], size[0]), np.bool_)
    rows = np.flatnonzero(differs.any(axis=1))
    if len(rows):
        first = int(rows[0]) * (_BLOCK if reduced else 1)
        # Colors of a row of blocks reach over its border.
        missing[max(0, first // (2 * _BLOCK) * (2 * _BLOCK) - 2) :] = True
    return missing


def _has_later_scans(code: bytes) -> bool:
    return code.count(_SCAN, jpeg_segments.find_scan(code)) > 1


def _opened(data: bytes, *, reduced: bool = False) -> Image.Image:
    try:
        image: Image.Image = JpegImagePlugin.JpegImageFile(BytesIO(data), "")
        if reduced:
            image.draft(None, (max(1, image.width // _BLOCK), max(1, image.height // _BLOCK)))
        image.load()
    except MemoryError:
        raise
    except Exception as error:
        raise BrokenImage("The JPEG file is truncated or damaged: its picture cannot be read to the end.") from error
    return image


def _ends_flat(image: Image.Image) -> bool:
    """Whether the last block has one color, as those have that a decoder makes up."""
    across, down = (size - (size - 1) % _BLOCK - 1 for size in image.size)
    last = np.asarray(image.crop((across, down, *image.size)))
    return bool((last == last[:1, :1]).all())
