"""HEIC and HEIF, read by libheif.

What writes them, x265 in ``pillow-heif``, is under the GPL and does not come with this package. Where somebody has
installed it, it is used; else the result takes another format.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from daguerre.errors import UnsupportedImage
from daguerre.imaging import depth, limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.codecs.avif import AvifCoding
from daguerre.imaging.containers import avif_items
from daguerre.imaging.containers.isobmff import walk_boxes
from daguerre.imaging.description import Page
from daguerre.imaging.metadata import exif, xmp
from daguerre.imaging.photo import Metadata, Photo

_HEAD_BYTES = 1 << 20
_QUALITY = 90
_SUBSAMPLINGS = ("4:2:0", "4:2:2", "4:4:4")
_OWN_BOXES = (b"ftyp", b"meta", b"mdat", b"idat", b"free", b"skip", b"moov", b"wide")


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The main picture and the others, whose samples are decoded on demand only."""
    import pi_heif

    with oiio.translate_faults():
        file = pi_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=False)
        main = file.primary_index
        pages = []
        for index, frame in enumerate(file):
            mode, bits = str(frame.mode), int(frame.info.get("bit_depth") or 8)
            extra = ("alpha",) if "A" in mode.upper().partition(";")[0][1:] else ()
            color = "gray" if mode.startswith("L") else "RGB"
            kind = "photo" if index == main else "frame"
            pages.append(Page(frame.size[0], frame.size[1], bits, color, kind, extra))
        info: dict[str, Any] = dict(file[main].info)
    return pages, Metadata(info.get("icc_profile") or None, info.get("exif"), info.get("xmp"))


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The primary picture, upright: uint8, or uint16 (10 and 12 bit scaled to 0-65535)."""
    import pi_heif

    with oiio.translate_faults():
        file = pi_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=False)
        frame = file[file.primary_index]
        width, height = frame.size
        limits.check_size(width, height, max_pixels, file_bytes=len(data))
        mode = str(frame.mode)
        # A copy: libheif frees its own samples with the file.
        plane = np.array(frame, copy=True)
        info: dict[str, Any] = dict(frame.info)
        count = len(file)
    if plane.ndim == 2:
        plane = plane[:, :, None]
    if plane.dtype not in (np.uint8, np.uint16):
        raise UnsupportedImage(f"HEIF pictures of the kind {mode} cannot be read.")
    bits = int(info.get("bit_depth") or 8)
    if plane.dtype == np.uint16 and bits < 16:
        # The decoder shifts samples up, so that white would not be white.
        plane = depth.widen(plane >> (16 - bits), bits)
    channels = 3 if plane.shape[2] >= 3 else 1
    pixels = np.ascontiguousarray(plane[:, :, :channels])
    alpha = np.ascontiguousarray(plane[:, :, -1]) if plane.shape[2] in (2, 4) else None
    if alpha is not None and "a" in mode:
        white = np.iinfo(alpha.dtype).max
        opaque = np.maximum(alpha, 1)[:, :, None].astype(np.float32)
        pixels = np.minimum(np.round(pixels * (white / opaque)), white).astype(plane.dtype)
    notes = [f"Only the main one of the file's {count} pictures was read."] if count > 1 else []
    packet = info.get("xmp")
    if info.get("depth_images") or b"hdrgainmap" in data[:_HEAD_BYTES] or b"tmap" in data[:_HEAD_BYTES]:
        notes.append("The depth map or gain map of the HEIF was left out: it fits the old picture.")
        packet = xmp.remove_other_pictures(packet)
    if any(kind not in _OWN_BOXES for kind, *_ in walk_boxes(data)):
        notes.append("What followed the HEIF's picture in the file (a film or another program's data) was left out.")
    chroma = str(info.get("chroma") or 444)
    coding = AvifCoding(bits, ":".join(chroma), avif_items.read_cicp(data))
    metadata = Metadata(
        icc=info.get("icc_profile") or None,
        exif=exif.normalize(info.get("exif"))[0],
        xmp=xmp.set_upright(packet),
    )
    return Photo(pixels, "heif", alpha, metadata, coding, losses=notes)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as HEIC with the subsampling that it came in: 8 bits, or 10 for what has more."""
    import pillow_heif

    own = photo.coding if isinstance(photo.coding, AvifCoding) else AvifCoding()
    deep = photo.pixels.dtype == np.uint16
    mode = ("L" if photo.pixels.shape[2] == 1 else "RGB") + ("" if photo.alpha is None else "A")
    planes = photo.pixels if photo.alpha is None else np.concatenate([photo.pixels, photo.alpha[:, :, None]], axis=2)
    told = {"icc_profile": photo.metadata.icc, "exif": photo.metadata.exif, "xmp": photo.metadata.xmp}
    colors = {} if own.cicp is None else {"color_primaries": own.cicp[0], "transfer_characteristics": own.cicp[1]}
    chroma = own.subsampling if own.subsampling in _SUBSAMPLINGS else "4:2:0"
    file = BytesIO()
    with oiio.translate_faults():
        pillow_heif.encode(
            f"{mode};16" if deep else mode, (photo.width, photo.height), np.ascontiguousarray(planes).tobytes(), file,
            quality=quality or _QUALITY, chroma=chroma.replace(":", ""), save_nclx_profile=own.cicp is not None,
            **{name: value for name, value in told.items() if value}, **colors,
        )  # fmt: skip
    return file.getvalue()
