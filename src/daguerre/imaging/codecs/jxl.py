"""JPEG XL: 8 bits, 16 bits or float, with the boxes of its container (ISO/IEC 18181-2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from daguerre.imaging import depth, limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.codecs.pillow import ANIMATION
from daguerre.imaging.containers.isobmff import pack_box, walk_boxes
from daguerre.imaging.containers.jxl_header import read_header
from daguerre.imaging.description import Page
from daguerre.imaging.metadata import exif, xmp
from daguerre.imaging.photo import Metadata, Photo, Pixels

CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
MOST_INFLATED = 16 << 20
_LOST = {
    b"jumb": "The content credentials of the JPEG XL file were left out: they fit the old picture.",
    b"jhgm": "The gain map of the JPEG XL file was left out: it fits the old picture.",
    b"jbrd": "The JPEG that the JPEG XL file could be turned back into was given up.",
}

DTYPES = {"uint8": "uint8", "uint16": "uint16"}


def _told(data: bytes) -> tuple[bytes | None, bytes | None]:
    """The EXIF block and the XMP packet."""
    import imagecodecs

    block = packet = None
    for kind, _, start, end in walk_boxes(data) if data.startswith(CONTAINER) else ():
        body = data[start:end]
        if kind == b"brob":
            kind, body = body[:4], bytes(imagecodecs.brotli_decode(body[4:], out=MOST_INFLATED))
        if kind == b"Exif" and len(body) > 4:
            block = bytes(body[4 + int.from_bytes(body[:4], "big") :])
        elif kind == b"xml ":
            packet = bytes(body)
    return block, packet


def _codestream(data: bytes) -> bytes:
    """The first bytes of the codestream in ``data``, with its container or without."""
    for kind, _, start, end in walk_boxes(data) if data.startswith(CONTAINER) else ():
        if kind in (b"jxlc", b"jxlp"):
            return data[start + (4 if kind == b"jxlp" else 0) : min(end, start + 68)]
    return data[:64]


def _losses(data: bytes, bits: int) -> list[str]:
    """What a new file will not hold."""
    held = walk_boxes(data) if data.startswith(CONTAINER) else ()
    found = [_LOST[kind] for kind in dict.fromkeys(kind for kind, *_ in held) if kind in _LOST]
    if bits not in (8, 16, 32):
        found.append(f"Samples of {bits} bits are stored in {8 if bits < 8 else 16} now, at the same levels.")
    return found


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture, as far as the beginning of the codestream tells."""
    with oiio.translate_faults():
        head = read_header(_codestream(data))
        block, packet = _told(data)
    page = Page(
        head.width, head.height, head.bits, head.color, extra=("alpha",) * head.has_alpha, is_float=head.is_float
    )
    further = [replace(page, kind="frame")] if head.animated else []
    return [page, *further], Metadata(None, block, packet)


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The first frame; the codestream's orientation wins over the one in the EXIF block."""
    import imagecodecs

    with oiio.translate_faults():
        # OpenImageIO decodes while it opens, so the size is read here.
        head = read_header(_codestream(data))
        limits.check_size(head.width, head.height, max_pixels, file_bytes=len(data))
        # OpenImageIO takes a file shorter than its first look, 128 bytes, for no JPEG XL.
        with oiio.open_reader(data.ljust(128, b"\0"), ".jxl") as reader:
            spec = reader.spec()
            size = {"file_bytes": len(data), "pixel_bytes": spec.nchannels * spec.format.basesize()}
            limits.check_size(spec.width, spec.height, max_pixels, **size)
            profile = spec.getattribute("ICCProfile")
        plane = np.asarray(imagecodecs.jpegxl_decode(data, index=0))
        block, packet = _told(data)
    notes = [ANIMATION] if head.animated else []
    notes += _losses(data, head.bits)
    if plane.ndim == 2:
        plane = plane[:, :, None]
    if plane.dtype.name not in DTYPES:
        plane = plane.astype(np.float32)
    elif head.bits < 8 or (plane.dtype == np.uint16 and head.bits < 16):
        plane = depth.level(plane, head.bits)
    count = 3 if plane.shape[2] >= 3 else 1
    alpha = np.ascontiguousarray(plane[:, :, count]) if plane.shape[2] in (2, 4) else None
    pixels = np.ascontiguousarray(plane[:, :, :count])
    icc = None if profile is None else np.asarray(profile, np.uint8).tobytes()
    metadata = Metadata(icc, exif.normalize(block)[0], xmp.set_upright(packet))
    return Photo(pixels, "jxl", alpha, metadata, losses=notes)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """Without loss unless a ``quality`` below 100 is asked for."""
    import imagecodecs

    plane = photo.pixels
    if photo.alpha is not None:
        plane = np.concatenate([plane, photo.alpha[:, :, None]], axis=2)
    if plane.shape[2] == 2:
        # OpenImageIO cannot write gray with alpha; this encoder can, without a profile.
        lossless = quality is None or quality >= 100
        data = bytes(imagecodecs.jpegxl_encode(plane, level=None if lossless else quality, lossless=lossless))
    else:
        data = _with_profile(plane, photo, quality)
    if not data.startswith(CONTAINER):
        data = CONTAINER + pack_box(b"ftyp", b"jxl \0\0\0\0jxl ") + pack_box(b"jxlc", data)
    told = photo.metadata
    parts = [data[start:end] for kind, start, _, end in walk_boxes(data) if kind not in (b"Exif", b"xml ")]
    if told.exif:
        parts.append(pack_box(b"Exif", bytes(4) + told.exif))
    if told.xmp:
        parts.append(pack_box(b"xml ", told.xmp))
    return b"".join(parts)


def _with_profile(plane: Pixels, photo: Photo, quality: int | None) -> bytes:
    import OpenImageIO as oi

    told = photo.metadata
    kind = "float" if plane.dtype.kind == "f" else str(plane.dtype)
    spec = oi.ImageSpec(photo.width, photo.height, plane.shape[2], kind)
    spec.alpha_channel = plane.shape[2] - 1 if photo.alpha is not None else -1
    spec.attribute("oiio:UnassociatedAlpha", 1)
    spec.attribute("compression", f"jpegxl:{100 if quality is None else quality}")
    # Higher efforts take four to ten times as long for a tenth of the size.
    spec.attribute("jpegxl:effort", 2 if quality is None or quality >= 100 else 5)
    if told.icc:
        spec.attribute("ICCProfile", oi.TypeDesc(f"uint8[{len(told.icc)}]"), np.frombuffer(told.icc, np.uint8))
    return oiio.encode(".jxl", [(spec, plane)])
