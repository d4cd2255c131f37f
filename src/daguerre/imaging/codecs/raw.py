"""Camera raw, developed by LibRaw; the result takes another format, 16 bits deep."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from daguerre.errors import BrokenImage, UnsupportedImage
from daguerre.imaging import limits
from daguerre.imaging.codecs import tiff
from daguerre.imaging.codecs.tiff_samples import PHOTOMETRIC
from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Directory, short
from daguerre.imaging.description import Page
from daguerre.imaging.photo import Metadata, Photo

LINEAR_RAW = 34892
_MOST_PAGES = 16


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The sensor's picture, as it is developed."""
    import rawpy

    pages = list(tiff_ifd.walk_pages(data))[:_MOST_PAGES]
    try:
        with rawpy.imread(BytesIO(data)) as raw:
            color = "linear" if _is_linear(data, pages) else "sensor"
            bits = max(1, int(raw.white_level or 65535).bit_length())
            return [Page(raw.sizes.width, raw.sizes.height, bits, color)], _metadata(pages, is_turned=False)
    except rawpy.LibRawError as error:
        raise BrokenImage(
            "The camera raw file cannot be read: it is damaged, incomplete or of another kind."
        ) from error


def read(data: bytes, *, max_pixels: int) -> Photo:
    """Upright uint16 sRGB ``[H, W, 3]``, or gray ``[H, W, 1]``, with the camera's own white balance.

    What is linear and has been through an interpolation already, as film scanners write it, keeps its brightness.
    """
    import rawpy

    pages = list(tiff_ifd.walk_pages(data))[:_MOST_PAGES]
    try:
        with rawpy.imread(BytesIO(data)) as raw:
            limits.check_size(raw.sizes.raw_width, raw.sizes.raw_height, max_pixels, file_bytes=len(data))
            options: dict[str, Any] = {"use_camera_wb": True}
            if _is_linear(data, pages):
                # The white level that the file names is white, not the brightest sample.
                options |= {"no_auto_bright": True, "adjust_maximum_thr": 0.0}
                if not any(raw.camera_whitebalance):
                    options = {**options, "use_camera_wb": False, "user_wb": [1.0, 1.0, 1.0, 1.0]}
            pixels = raw.postprocess(output_bps=16, output_color=rawpy.ColorSpace.sRGB, gamma=(2.4, 12.92), **options)
            is_turned = raw.sizes.flip in (5, 6)
    except rawpy.LibRawFileUnsupportedError as error:
        raise UnsupportedImage("This kind of camera raw file cannot be read.") from error
    except rawpy.LibRawError as error:
        raise BrokenImage("The camera raw file cannot be developed: it is damaged or incomplete.") from error
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return Photo(np.ascontiguousarray(pixels), "raw", metadata=_metadata(pages, is_turned))


def _is_linear(data: bytes, pages: list[Directory]) -> bool:
    every = [page for first in pages for page in (first, *tiff_ifd.read_children(data, first).values())]
    return any(tiff_ifd.read_number(page, PHOTOMETRIC, 0) == LINEAR_RAW for page in every)


def _metadata(pages: list[Directory], is_turned: bool) -> Metadata:
    """What a raw file that is built like a TIFF, as most are, tells; empty for the others."""
    if not pages:
        return Metadata()
    # The pixels come upright; a quarter turn, if there was one, exchanges what is said across and down.
    told, _, _ = tiff.read_metadata({**pages[0], tiff.ORIENTATION: short(6 if is_turned else 1)})
    # The profile is that of the preview or of the sensor.
    told.icc = None
    return told
