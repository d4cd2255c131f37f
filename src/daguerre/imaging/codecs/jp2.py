"""JPEG 2000: 8 to 16 bits, the reversible transform, and the boxes of JP2 (ISO/IEC 15444-1 annex I)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from daguerre.errors import BrokenImage
from daguerre.imaging import depth, limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.containers.isobmff import box, boxes
from daguerre.imaging.metadata.orientation import upright
from daguerre.imaging.photo import Coding, Metadata, Photo

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
CODESTREAM = b"\xff\x4f\xff\x51"
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
EXIF_UUID = b"JpgTiffExif->JP2"


@dataclass(frozen=True, slots=True)
class Jp2Coding(Coding):
    """Bits a sample, and whether the codestream came without boxes."""

    bits: int = 16
    bare: bool = False


def _size(data: bytes) -> tuple[int, int, int, bool]:
    """Width, height, bits and sign of the first component, from the SIZ marker."""
    at = data.find(CODESTREAM)
    if at < 0 or at + 43 > len(data):
        raise BrokenImage("The JPEG 2000 file holds no codestream.")
    right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
    depth = data[at + 42]
    return right - left, bottom - top, (depth & 0x7F) + 1, bool(depth & 0x80)


def _told(data: bytes) -> tuple[Metadata, bool, int]:
    """What the boxes tell, whether the last channel is opacity, and the orientation."""
    told, opacity = Metadata(), False
    for kind, _, start, end in boxes(data) if data.startswith(SIGNATURE) else ():
        body = data[start:end]
        if kind == b"uuid" and body.startswith(XMP_UUID):
            told.xmp = body[16:]
        elif kind == b"uuid" and body.startswith(EXIF_UUID):
            told.exif = body[16:]
        for inner, _, first, last in boxes(body) if kind == b"jp2h" else ():
            part = body[first:last]
            if inner == b"colr" and part[:1] == b"\2":
                told.icc = part[3:]
            elif inner == b"cdef":
                fields = struct.unpack_from(f">{(len(part) - 2) // 2}H", part, 2)
                opacity = 1 in fields[1::3]
    standing = upright(told.exif, told.xmp)
    told.exif, told.xmp = standing.exif, standing.xmp
    return told, opacity, standing.turn


def read(data: bytes, *, max_pixels: int) -> Photo:
    """Uint8, or uint16 with 9 to 16 bits scaled to 0-65535."""
    import imagecodecs

    width, height, bits, signed = _size(data)
    limits.check_size(width, height, max_pixels, file_bytes=len(data))
    with oiio.faults():
        told, opacity, turn = _told(data)
        # With a profile at hand the decoder would convert the colours; the bare codestream has none.
        bare = data[data.find(CODESTREAM) :] if told.icc else data
        plane = np.asarray(imagecodecs.jpeg2k_decode(bare))
    if plane.ndim == 2:
        plane = plane[:, :, None]
    if signed:
        plane = (plane.astype(np.int64) + (1 << (bits - 1))).astype(np.uint8 if bits <= 8 else np.uint32)
    if bits > 8:
        plane = depth.widened(plane, bits)
    elif bits < 8:
        plane = (plane.astype(np.uint16) * 255 // ((1 << bits) - 1)).astype(np.uint8)
    plane = oiio.upright(plane, turn)
    count = 3 if plane.shape[2] >= 3 else 1
    # Two or four channels have opacity, whether a box says so or not.
    opacity = opacity or plane.shape[2] in (2, 4)
    alpha = np.ascontiguousarray(plane[:, :, count]) if plane.shape[2] > count and opacity else None
    coding = Jp2Coding(bits, bare=data.startswith(CODESTREAM))
    return Photo(np.ascontiguousarray(plane[:, :, :count]), "jp2", alpha, told, coding)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """Without loss unless a ``quality`` below 100 is asked for; then the peak signal-to-noise ratio in dB is that of
    ``20 + quality / 2.5``."""
    import imagecodecs

    plane = photo.pixels
    if photo.alpha is not None:
        plane = np.concatenate([plane, photo.alpha[:, :, None]], axis=2)
    own = photo.coding if isinstance(photo.coding, Jp2Coding) else Jp2Coding()
    bits = own.bits if plane.dtype == np.uint16 else 8
    if 8 < bits < 16:
        plane = depth.narrowed(plane, bits)
    if plane.shape[2] == 1:
        plane = plane[:, :, 0]
    lossy = quality is not None and quality < 100
    data = bytes(
        imagecodecs.jpeg2k_encode(
            np.ascontiguousarray(plane),
            level=20 + round(quality / 2.5) if quality is not None and lossy else 0,
            reversible=not lossy,
            bitspersample=bits if bits not in (8, 16) else None,
            codecformat="j2k" if own.bare and photo.metadata == Metadata() else "jp2",
        )
    )
    return data if data.startswith(CODESTREAM) else _boxed(data, photo)


def _boxed(data: bytes, photo: Photo) -> bytes:
    """``data`` with the photo's profile in its header and EXIF and XMP behind it."""
    told, parts = photo.metadata, []
    for kind, start, body, end in boxes(data):
        part = data[start:end]
        if kind == b"jp2h":
            inner = [
                box(b"colr", b"\2\0\0" + told.icc) if name == b"colr" and told.icc else data[body + at : body + last]
                for name, at, _, last in boxes(data[body:end])
                if name != b"cdef"
            ]
            if photo.alpha is not None:
                inner.append(_definition(photo.pixels.shape[2]))
            part = box(b"jp2h", b"".join(inner))
        elif kind == b"jp2c":
            if told.xmp:
                parts.append(box(b"uuid", XMP_UUID + told.xmp))
            if told.exif:
                parts.append(box(b"uuid", EXIF_UUID + told.exif))
        parts.append(part)
    return b"".join(parts)


def _definition(colors: int) -> bytes:
    """The box that names the last channel opacity."""
    rows = [(i, 0, i + 1) for i in range(colors)] + [(colors, 1, 0)]
    return box(b"cdef", struct.pack(">H", len(rows)) + b"".join(struct.pack(">3H", *row) for row in rows))
