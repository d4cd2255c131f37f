"""JPEG 2000: 8 to 16 bits, the reversible transform, and the boxes of JP2 (ISO/IEC 15444-1 annex I)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace

import numpy as np

from daguerre.errors import BrokenImage, UnsupportedImage
from daguerre.imaging import depth, limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.color.cmyk import Inks
from daguerre.imaging.containers.isobmff import pack_box, walk_boxes
from daguerre.imaging.description import Page
from daguerre.imaging.metadata.orientation import stand_upright
from daguerre.imaging.photo import Coding, Enlarge, Metadata, Photo, Turn

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
CODESTREAM = b"\xff\x4f\xff\x51"
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
EXIF_UUID = b"JpgTiffExif->JP2"


IPTC_UUID = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_CMYK, _GRAY, _SRGB, _SYCC = 12, 17, 16, 18
_READABLE = (_CMYK, _GRAY, _SRGB, _SYCC, 20, 21)
_METRE = 0.0254
_STRUCTURE = (b"jP  ", b"ftyp", b"jp2h", b"jp2c", b"uuid", b"jumb")
_CREDENTIALS_LOST = "The content credentials of the JPEG 2000 file were left out: they fit the old picture."


@dataclass(frozen=True, slots=True)
class Jp2Coding(Coding):
    """Bits a sample, whether the codestream came without boxes, the inks of CMYK, boxes that are
    written again, and the one that tells the resolution with what was read from it."""

    bits: int = 16
    bare: bool = False
    inks: Inks | None = None
    boxes: tuple[bytes, ...] = ()
    resolution: bytes = b""
    told: tuple[float, float] | None = None

    def enlarged(self, enlarge: Enlarge) -> Jp2Coding:
        return replace(self, inks=None if self.inks is None else self.inks.enlarged(enlarge))

    def turned(self, turn: Turn) -> Jp2Coding:
        return replace(self, inks=None if self.inks is None else self.inks.turned(turn), resolution=b"", told=None)

    def only_here(self) -> tuple[str, ...]:
        return ("XML and other boxes",) if self.boxes else ()


@dataclass(slots=True)
class _Told:
    """What the boxes tell: metadata, whether the last channel is opacity, the number of the color space (ISO/IEC
    15444-1, table I.10), the turn that the pixels need, boxes to be kept, and what a new file will not hold."""

    metadata: Metadata = field(default_factory=Metadata)
    opacity: bool = False
    space: int | None = None
    turn: int = 1
    kept: list[bytes] = field(default_factory=list)
    resolution: bytes = b""
    losses: list[str] = field(default_factory=list)


def _size(data: bytes) -> tuple[int, int, int, bool]:
    """Width, height, bits and sign of the first component, from the SIZ marker."""
    at = data.find(CODESTREAM)
    if at < 0 or at + 43 > len(data):
        raise BrokenImage("The JPEG 2000 file holds no codestream.")
    right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
    depth = data[at + 42]
    return right - left, bottom - top, (depth & 0x7F) + 1, bool(depth & 0x80)


def _told(data: bytes) -> _Told:
    told, metadata = _Told(), Metadata()
    for kind, begin, start, end in walk_boxes(data) if data.startswith(SIGNATURE) else ():
        body = data[start:end]
        if kind == b"uuid" and body.startswith(XMP_UUID):
            metadata.xmp = body[16:]
        elif kind == b"uuid" and body.startswith(EXIF_UUID):
            metadata.exif = body[16:]
        elif kind == b"uuid" and body.startswith(IPTC_UUID):
            metadata.iptc = body[16:]
        elif kind == b"jp2h":
            for inner, _, first, last in walk_boxes(body):
                _read_header(told, metadata, inner, body[first:last])
        elif kind == b"jumb":
            told.losses.append(_CREDENTIALS_LOST)
        elif kind == b"uuid" or kind not in _STRUCTURE:
            told.kept.append(data[begin:end])
    standing = stand_upright(metadata.exif, metadata.xmp)
    metadata.exif, metadata.xmp = standing.exif, standing.xmp
    if standing.turn >= 5 and metadata.dpi:
        metadata.dpi, told.resolution = metadata.dpi[::-1], _resolution(metadata.dpi[::-1])
    told.metadata, told.turn = metadata, standing.turn
    told.losses += standing.notes
    return told


def _read_header(told: _Told, metadata: Metadata, kind: bytes, part: bytes) -> None:
    if kind == b"colr" and part[:1] == b"\2":
        metadata.icc = part[3:]
    elif kind == b"colr" and part[:1] == b"\1" and len(part) >= 7 and told.space is None:
        (told.space,) = struct.unpack_from(">I", part, 3)
    elif kind == b"cdef":
        fields = struct.unpack_from(f">{(len(part) - 2) // 2}H", part, 2)
        told.opacity = 1 in fields[1::3]
    elif kind == b"res ":
        told.resolution = pack_box(kind, part)
        for name, _, first, last in walk_boxes(part):
            # Where the picture was captured counts more than where it is shown.
            if name in (b"resc", b"resd") and last - first >= 10 and (metadata.dpi is None or name == b"resc"):
                over_y, under_y, over_x, under_x, power_y, power_x = struct.unpack_from(">4H2b", part, first)
                if over_x and over_y and under_x and under_y:
                    across, down = over_x / under_x * 10.0**power_x, over_y / under_y * 10.0**power_y
                    metadata.dpi = (across * _METRE, down * _METRE)


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture, and what its boxes tell."""
    width, height, bits, _ = _size(data)
    with oiio.translate_faults():
        told = _told(data)
        (samples,) = struct.unpack_from(">H", data, data.find(CODESTREAM) + 40)
    colors = 4 if told.space == _CMYK else 3 if samples >= 3 else 1
    color = {1: "gray", 3: "RGB", 4: "CMYK"}[colors]
    extra = ("alpha",) if samples > colors else ()
    return [Page(width, height, bits, color, extra=extra, compression="JPEG 2000")], told.metadata


def read(data: bytes, *, max_pixels: int) -> Photo:
    """Uint8, or uint16 with 9 to 16 bits scaled to 0-65535; CMYK as sRGB, its inks kept."""
    import imagecodecs

    width, height, bits, signed = _size(data)
    limits.check_size(width, height, max_pixels, file_bytes=len(data))
    with oiio.translate_faults():
        told = _told(data)
        if told.space is not None and told.space not in _READABLE:
            raise UnsupportedImage(f"The JPEG 2000 file is in color space {told.space}, which cannot be read.")
        # With a profile at hand the decoder would convert the colors; the bare codestream has none.
        bare = data[data.find(CODESTREAM) :] if told.metadata.icc else data
        plane = np.asarray(imagecodecs.jpeg2k_decode(bare))
    if plane.ndim == 2:
        plane = plane[:, :, None]
    if signed:
        plane = (plane.astype(np.int64) + (1 << (bits - 1))).astype(np.uint8 if bits <= 8 else np.uint32)
    plane = oiio.turn_upright(depth.level(plane, bits), told.turn)
    icc, inks = told.metadata.icc, None
    inked = plane.shape[2] >= 4 and (icc[16:20] == b"CMYK" if icc else told.space == _CMYK)
    count = 4 if inked else 3 if plane.shape[2] >= 3 else 1
    # Two or four channels have opacity, whether a box says so or not.
    opacity = told.opacity or plane.shape[2] in (2, 4)
    alpha = np.ascontiguousarray(plane[:, :, count]) if plane.shape[2] > count and opacity else None
    if plane.shape[2] > count + (alpha is not None):
        told.losses.append("Further channels of the JPEG 2000 file were left out.")
    pixels = np.ascontiguousarray(plane[:, :, :count])
    if inked:
        inks = Inks(pixels, icc)
        pixels, told.metadata.icc = inks.colors(), None
    if bits < 8:
        told.losses.append(f"Samples of {bits} bits are stored in 8 now, at the same levels.")
    coding = Jp2Coding(bits, data.startswith(CODESTREAM), inks, tuple(told.kept), told.resolution, told.metadata.dpi)
    return Photo(pixels, "jp2", alpha, told.metadata, coding, losses=told.losses)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """Without loss unless a ``quality`` below 100 is asked for; then the peak signal-to-noise ratio in dB is that of
    ``20 + quality / 2.5``."""
    import imagecodecs

    own = photo.coding if isinstance(photo.coding, Jp2Coding) else Jp2Coding()
    inks = own.inks if own.inks is not None and own.inks.fit(photo.pixels) else None
    plane = photo.pixels if inks is None else inks.planes_of(photo.pixels)
    if photo.alpha is not None:
        plane = np.concatenate([plane, photo.alpha[:, :, None]], axis=2)
    bits = own.bits if plane.dtype == np.uint16 else 8
    if 8 < bits < 16:
        plane = depth.narrow(plane, bits)
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
    return data if data.startswith(CODESTREAM) else _boxed(data, photo, own, inks)


def _boxed(data: bytes, photo: Photo, own: Jp2Coding, inks: Inks | None) -> bytes:
    """``data`` with the photo's profile and resolution in its header, and EXIF, XMP, IPTC and other boxes behind it."""
    told, parts = photo.metadata, []
    icc = told.icc or (inks.profile if inks is not None else None)
    for kind, start, body, end in walk_boxes(data):
        part = data[start:end]
        if kind == b"jp2h":
            inner = [
                data[body + at : body + last] for name, at, _, last in walk_boxes(data[body:end]) if name == b"ihdr"
            ]
            inner += [
                data[body + at : body + last] for name, at, _, last in walk_boxes(data[body:end]) if name == b"bpcc"
            ]
            space = _CMYK if inks is not None else _SRGB if photo.pixels.shape[2] == 3 else _GRAY
            inner.append(pack_box(b"colr", b"\2\0\0" + icc if icc else b"\1\0\0" + struct.pack(">I", space)))
            if photo.alpha is not None:
                inner.append(_definition(4 if inks is not None else photo.pixels.shape[2]))
            if own.resolution and own.told == told.dpi:
                inner.append(own.resolution)
            elif told.dpi:
                inner.append(_resolution(told.dpi))
            part = pack_box(b"jp2h", b"".join(inner))
        elif kind == b"jp2c":
            blocks = ((XMP_UUID, told.xmp), (EXIF_UUID, told.exif), (IPTC_UUID, told.iptc))
            parts += [pack_box(b"uuid", name + block) for name, block in blocks if block]
            parts += own.boxes
        parts.append(part)
    return b"".join(parts)


def _resolution(dpi: tuple[float, float]) -> bytes:
    """The box that tells the resolution of the capture, in dots per metre."""
    across, down = (max(1, round(value / _METRE)) for value in dpi)
    scale = next(power for power in range(8) if max(across, down) < 65536 * 10**power)
    fields = struct.pack(">4H2b", down // 10**scale, 1, across // 10**scale, 1, scale, scale)
    return pack_box(b"res ", pack_box(b"resc", fields))


def _definition(colors: int) -> bytes:
    """The box that names the last channel opacity."""
    rows = [(i, 0, i + 1) for i in range(colors)] + [(colors, 1, 0)]
    return pack_box(b"cdef", struct.pack(">H", len(rows)) + b"".join(struct.pack(">3H", *row) for row in rows))
