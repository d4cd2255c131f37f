"""PNG of 16 bits a sample, which Pillow would cut to 8. Chunks follow the PNG specification, third edition."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from daguerre.errors import BrokenImage
from daguerre.imaging import limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.metadata.orientation import upright
from daguerre.imaging.photo import Coding, Metadata, Photo

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEY = b"XML:com.adobe.xmp"
KEPT = (b"cICP", b"gAMA", b"cHRM", b"sRGB", b"mDCV", b"cLLI", b"tEXt", b"zTXt", b"iTXt")
MOST_INFLATED = 64 << 20
INCH = 0.0254


@dataclass(frozen=True, slots=True)
class Png16Coding(Coding):
    """The chunks that a new file holds again."""

    chunks: tuple[tuple[bytes, bytes], ...] = ()


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind != b"IDAT":
            yield kind, data[at + 8 : at + 8 + size]
        at += 12 + size


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _inflated(body: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(body, MOST_INFLATED)
    except zlib.error:
        return None


def _xmp(body: bytes) -> bytes | None:
    key, _, rest = body.partition(b"\0")
    if key != XMP_KEY or len(rest) < 4:
        return None
    text = rest[2:].split(b"\0", 2)[-1]
    return _inflated(text) if rest[0] else text


def read(data: bytes, *, max_pixels: int) -> Photo:
    """Uint16 ``[H, W, 1|3]``, upright, with what its chunks tell."""
    import imagecodecs

    if not data.startswith(SIGNATURE) or len(data) < 33:
        raise BrokenImage("The PNG file is incomplete.")
    width, height = struct.unpack_from(">II", data, 16)
    limits.check_size(width, height, max_pixels, file_bytes=len(data), pixel_bytes=6)
    with oiio.faults():
        plane = np.asarray(imagecodecs.png_decode(data))
    if plane.ndim == 2:
        plane = plane[:, :, None]
    metadata, chunks = Metadata(), []
    for kind, body in _chunks(data):
        if kind == b"iCCP":
            metadata.icc = _inflated(body.partition(b"\0")[2][1:])
        elif kind == b"eXIf":
            metadata.exif = body
        elif kind == b"pHYs" and len(body) == 9 and body[8] == 1:
            across, down = struct.unpack_from(">II", body)
            metadata.dpi = (across * INCH, down * INCH) if across and down else None
        elif kind == b"iTXt" and body.startswith(XMP_KEY + b"\0"):
            metadata.xmp = _xmp(body)
        elif kind in KEPT:
            chunks.append((kind, body))
    standing = upright(metadata.exif, metadata.xmp)
    metadata.exif, metadata.xmp, turn = standing.exif, standing.xmp, standing.turn
    plane = oiio.upright(plane, turn)
    if turn >= 5 and metadata.dpi:
        metadata.dpi = metadata.dpi[::-1]
    channels = 3 if plane.shape[2] >= 3 else 1
    alpha = np.ascontiguousarray(plane[:, :, -1]) if plane.shape[2] in (2, 4) else None
    pixels = np.ascontiguousarray(plane[:, :, :channels])
    return Photo(pixels, "png", alpha, metadata, Png16Coding(tuple(chunks)))


def write(photo: Photo) -> bytes:
    """A PNG of the depth of ``photo.pixels``, without loss."""
    import imagecodecs

    plane = photo.pixels
    if photo.alpha is not None:
        plane = np.concatenate([plane, photo.alpha[:, :, None]], axis=2)
    if plane.shape[2] == 1:
        plane = plane[:, :, 0]
    data = imagecodecs.png_encode(np.ascontiguousarray(plane), level=6)
    told = photo.metadata
    own = photo.coding if isinstance(photo.coding, Png16Coding) else Png16Coding()
    chunks = [_chunk(kind, body) for kind, body in own.chunks]
    if told.icc:
        chunks.insert(0, _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(told.icc)))
    if told.dpi:
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", round(told.dpi[0] / INCH), round(told.dpi[1] / INCH), 1)))
    if told.exif:
        chunks.append(_chunk(b"eXIf", told.exif))
    if told.xmp:
        chunks.append(_chunk(b"iTXt", XMP_KEY + b"\0\0\0\0\0" + told.xmp))
    # The header ends at byte 33; everything that tells about the samples comes before them.
    return bytes(data[:33]) + b"".join(chunks) + bytes(data[33:])
