"""JPEG: colour, grey and CMYK, with the subsampling and the tables it came with."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from daguerre.errors import BrokenImage, CannotWrite, UnsupportedImage
from daguerre.imaging import passthrough
from daguerre.imaging.codecs import oiio, pillow
from daguerre.imaging.color.cmyk import Inks
from daguerre.imaging.containers import jpeg_segments
from daguerre.imaging.photo import Coding, Photo

_LONGEST = 65500
_MOST_SCANS = 200
"""Each scan passes over the whole picture; encoders write about ten."""
_QUALITY = 95
_NO_FRAMES = (0xC4, 0xC8, 0xCC)
_SUBSAMPLING = {((1, 1), (1, 1)): 0, ((2, 1), (1, 1)): 1, ((2, 2), (1, 1)): 2}


@dataclass(frozen=True, slots=True)
class JpegCoding(Coding):
    """Quantisation tables and Pillow's number for the subsampling (empty and ``None``: as the quality asks), whether
    the scans are progressive and the components red, green and blue themselves, the inks of CMYK, and whether the
    code is that of the upright picture."""

    qtables: tuple[tuple[int, ...], ...] = ()
    subsampling: int | None = None
    progressive: bool = False
    keep_rgb: bool = False
    inks: Inks | None = None
    is_upright: bool = True

    def in_full_color(self) -> JpegCoding:
        return replace(self, subsampling=0)


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a JPEG; CMYK as sRGB, its inks kept. Raises InvalidImage."""
    if data.count(b"\xff\xda") > _MOST_SCANS:
        raise BrokenImage("The JPEG file is damaged: it passes over its picture hundreds of times.")
    if (bits := _bits(data)) in (12, 16):
        raise UnsupportedImage(f"The JPEG is of a rare kind, with {bits} bits a sample, that cannot be read.")
    image: Any = pillow.opened(data, "JPEG", max_pixels=max_pixels)
    layers = list(image.layer)
    coding = JpegCoding(
        _tables(image, layers),
        _subsampling(layers),
        progressive=bool(image.info.get("progressive")),
        keep_rgb=len(layers) == 3 and _is_rgb(image, layers),
    )
    photo, turn = _inked(image) if image.mode == "CMYK" else pillow.turned_photo_of(image, "jpeg")
    inks = photo.coding.inks if isinstance(photo.coding, JpegCoding) else None
    photo.coding = replace(coding, inks=inks, is_upright=turn == 1)
    return photo


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a JPEG. Raises CannotWrite.

    Without ``quality`` the tables, the subsampling and the scans stay those of the file that came, and
    pixels that nobody changed keep its very code; another file's photo gets quality 95 in 4:4:4.
    """
    metadata = photo.metadata
    own = photo.coding if isinstance(photo.coding, JpegCoding) else JpegCoding()
    inks = own.inks
    if inks is not None and not inks.fit(photo.pixels):
        inks = None
    icc = metadata.icc or (inks.profile if inks is not None else None)
    if quality is None and photo.original is not None and own.is_upright and passthrough.pixels_unchanged(photo):
        return jpeg_segments.dressed(photo.original.data, metadata, icc)
    if max(photo.width, photo.height) > _LONGEST:
        raise CannotWrite(f"JPEG holds at most {_LONGEST} pixels a side; choose another format.")
    image = pillow.image_of(photo) if inks is None else Image.fromarray(inks.planes_of(photo.pixels), "CMYK")
    options: dict[str, Any] = {"quality": quality or _QUALITY}
    if quality is None and own.qtables:
        options = {"qtables": [list(table) for table in own.qtables]}
    if image.mode == "RGB":
        fitting = 0 if (quality or _QUALITY) >= 90 else 2
        options["subsampling"] = fitting if own.subsampling is None else own.subsampling
    dpi = None if metadata.dpi is None else (round(metadata.dpi[0]), round(metadata.dpi[1]))
    data = pillow.saved(image, "JPEG", progressive=own.progressive, keep_rgb=own.keep_rgb, dpi=dpi, **options)
    return jpeg_segments.dressed(data, metadata, icc)


def _bits(data: bytes) -> int:
    """Bits a sample, from the first frame header."""
    frames = (
        segment for marker, segment in jpeg_segments.walk(data) if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES
    )
    return next((segment[4] for segment in frames if len(segment) > 4), 8)


def _inked(image: Image.Image) -> tuple[Photo, int]:
    """The CMYK ``image`` as sRGB, its inks kept, and the orientation it had. Raises BrokenImage."""
    pillow.loaded(image)
    metadata, turn = pillow.metadata_of(image)
    inks = Inks(oiio.upright(np.asarray(image), turn), metadata.icc)
    return Photo(inks.colors(), "jpeg", metadata=replace(metadata, icc=None), coding=JpegCoding(inks=inks)), turn


def _tables(image: Any, layers: list[tuple[int, int, int, int]]) -> tuple[tuple[int, ...], ...]:
    """The quantisation table of each component, as Pillow takes them: the last one serves the rest."""
    tables = [tuple(image.quantization[layer[3]]) for layer in layers if layer[3] in image.quantization]
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables.pop()
    return tuple(tables)


def _subsampling(layers: list[tuple[int, int, int, int]]) -> int:
    """Pillow's number for the sampling; one that it cannot write gets 4:4:4, which loses nothing."""
    if len(layers) != 3:
        return 0
    factors = [(layer[1], layer[2]) for layer in layers]
    common = (math.gcd(*(f[0] for f in factors)), math.gcd(*(f[1] for f in factors)))
    first, second, third = ((f[0] // common[0], f[1] // common[1]) for f in factors)
    return _SUBSAMPLING.get((first, second), 0) if second == third else 0


def _is_rgb(image: Image.Image, layers: list[tuple[int, int, int, int]]) -> bool:
    """Whether the components are red, green and blue themselves."""
    if "adobe_transform" in image.info:
        return bool(image.info["adobe_transform"] == 0)
    return "jfif" not in image.info and bytes(layer[0] & 255 for layer in layers) == b"RGB"
