"""Where scanning programs put the infrared channel.

| program, format | place |
|---|---|
| VueScan 64-bit RGBI, and others | fourth sample of an RGB TIFF |
| SilverFast HDRi (TIFF, 64 bits) | a gray page of its own, NewSubfileType 4 |
| SilverFast HDRi (DNG) | the same among the SubIFDs, or the fourth sample of the linear raw picture |
| VueScan, NegPy and others | a file of its own, gray; ``NAME_IR.tif`` beside ``NAME.tif`` |
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from daguerre.errors import InvalidImage
from daguerre.imaging.codecs import oiio
from daguerre.imaging.photo import Pixels

_SUFFIXES = (".tif", ".tiff", ".png", ".dng")
_MARKS = ("_IR", "_ir", "-IR", "-ir", ".IR", ".ir")
_RGB, _LINEAR_RAW, _MASK = 2, 34892, 4
_TRANSPARENCY = 4
"""The bit of NewSubfileType that SilverFast sets for the infrared page."""


@dataclass(frozen=True, slots=True)
class Channel:
    """The infrared ``samples`` ``[h, w]`` of a scan, upright, uint8 or uint16, bright where the film is clear."""

    samples: Pixels
    place: str


def channel_of(data: bytes, *, max_pixels: int = 500_000_000) -> Channel | None:
    """The infrared channel in the bytes of a TIFF or DNG file; ``None`` where it holds none.

    Raises InvalidImage where it is there and cannot be read.
    """
    import tifffile

    if data[:4] not in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return None
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            pages = [page for top in file.pages for page in (top, *(top.pages or ()))]
            turn = int(_tag(pages[0], "Orientation", 1))
            found = next(((page, place) for page in pages if (place := _place(page)) is not None), None)
            if found is None:
                return None
            page, place = found
            if page.imagewidth * page.imagelength > max_pixels:
                raise InvalidImage("The infrared channel has too many pixels.")
            plane = page.asarray()
    except InvalidImage:
        raise
    except Exception as error:  # tifffile raises anything over broken files.
        raise InvalidImage("The infrared channel of the file cannot be read.") from error
    if place == "sample":
        plane = plane[3] if plane.ndim == 3 and plane.shape[0] == 4 and plane.shape[2] != 4 else plane[..., 3]
    plane = np.ascontiguousarray(plane)
    if plane.ndim != 2 or plane.dtype.kind != "u":
        raise InvalidImage("The infrared channel of the file is not a gray picture.")
    return Channel(np.ascontiguousarray(oiio.turn_upright(plane[:, :, None], turn)[:, :, 0]), place)


def _place(page: Any) -> str | None:
    """``sample`` or ``page`` where ``page`` holds an infrared channel."""
    photometric = int(_tag(page, "PhotometricInterpretation", 1))
    if page.samplesperpixel == 4 and photometric in (_RGB, _LINEAR_RAW) and page.bitspersample in (8, 16):
        return "sample"
    marked = int(_tag(page, "NewSubfileType", 0)) & _TRANSPARENCY
    if marked and photometric != _MASK and page.samplesperpixel == 1 and page.bitspersample in (8, 16):
        return "page"
    return None


def _tag(page: Any, name: str, default: int) -> Any:
    tag = page.tags.get(name)
    return default if tag is None else tag.value


def beside(path: Path) -> Path | None:
    """The infrared file of the scan ``path``, ``NAME_IR.tif`` or of a like name; ``None`` where there is none."""
    names = [f"{path.stem}{mark}" for mark in _MARKS]
    candidates = (path.with_name(name + suffix) for name in names for suffix in (path.suffix, *_SUFFIXES))
    return next((each for each in candidates if each.is_file()), None)


def is_infrared(path: Path) -> bool:
    """Whether ``path`` is named as the infrared file of a scan that lies beside it."""
    for mark in _MARKS:
        if path.stem.endswith(mark) and len(path.stem) > len(mark):
            stem = path.stem.removesuffix(mark)
            return any(path.with_name(stem + suffix).is_file() for suffix in (path.suffix, *_SUFFIXES, ".jpg"))
    return False
