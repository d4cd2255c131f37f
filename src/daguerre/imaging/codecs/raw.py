"""Camera raw, developed by LibRaw; the result takes another format, 16 bits deep."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from daguerre.errors import BrokenImage, UnsupportedImage
from daguerre.imaging import limits
from daguerre.imaging.codecs.tiff import DESCRIPTIVE, ORIENTATION
from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Entry
from daguerre.imaging.photo import Metadata, Photo


def read(data: bytes, *, max_pixels: int) -> Photo:
    """Upright uint16 sRGB ``[H, W, 3]`` with the camera's own white balance."""
    import rawpy

    try:
        with rawpy.imread(BytesIO(data)) as raw:
            limits.check_size(raw.sizes.raw_width, raw.sizes.raw_height, max_pixels, file_bytes=len(data))
            pixels = raw.postprocess(
                use_camera_wb=True, output_bps=16, output_color=rawpy.ColorSpace.sRGB, gamma=(2.4, 12.92)
            )
    except rawpy.LibRawFileUnsupportedError as error:
        raise UnsupportedImage("This kind of camera raw file cannot be read.") from error
    except rawpy.LibRawError as error:
        raise BrokenImage("The camera raw file cannot be developed: it is damaged or incomplete.") from error
    return Photo(np.ascontiguousarray(pixels), "raw", metadata=_metadata(data))


def _metadata(data: bytes) -> Metadata:
    """The EXIF of a raw file that is built like a TIFF, as most are; empty for the others."""
    held = tiff_ifd.directories(data)
    told = {tag: held[0][tag] for tag in DESCRIPTIVE if tag in held[0]} if held else {}
    upright = Entry(3, 1, b"\1\0")
    return Metadata(exif=tiff_ifd.block({**told, ORIENTATION: upright}) if told else None)
