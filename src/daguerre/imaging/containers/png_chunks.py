"""The chunks of a PNG, read and put into another (PNG specification, third edition).

Written by hand: encoders write the chunks that they know, and those of scanners and editors would be lost.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from daguerre.errors import BrokenImage
from daguerre.imaging.photo import Metadata

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PALETTE = 3
_XMP_KEY = b"XML:com.adobe.xmp"
_HEAD_BYTES = 33
_MOST_INFLATED = 64 << 20
_INCH = 0.0254
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_CODED = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"hIST", b"sBIT", *_ANIMATION)
"""Chunks that say how the samples are stored. sBIT is not true any more of samples that were computed."""
_COLOR = (b"cICP", b"gAMA", b"cHRM", b"sRGB", b"mDCV", b"cLLI")
_BACKGROUND = b"bKGD"
_MODIFIED = b"tIME"
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column, first row, steps across and down of Adam7's passes."""

Chunk = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Header:
    """What IHDR says."""

    width: int
    height: int
    depth: int
    color_type: int
    interlaced: bool

    @property
    def pixel_bytes(self) -> int:
        """Bytes of a pixel once it is unpacked; a palette becomes colors with alpha."""
        return 4 if self.color_type == PALETTE else _SAMPLES[self.color_type] * max(1, self.depth // 8)

    def row_bytes(self) -> list[int]:
        """The length of each row as it is filtered, its first byte included, in the order they are stored."""
        bits = _SAMPLES[self.color_type] * self.depth
        if not self.interlaced:
            return [1 + (self.width * bits + 7) // 8] * self.height
        rows = []
        for left, top, across, down in _PASSES:
            width = (self.width - left + across - 1) // across
            height = (self.height - top + down - 1) // down
            rows += [1 + (width * bits + 7) // 8] * height if width > 0 else []
        return rows


def read_header(data: bytes) -> Header:
    """The header of ``data``. Raises BrokenImage."""
    if not data.startswith(SIGNATURE) or len(data) < _HEAD_BYTES or data[12:16] != b"IHDR":
        raise BrokenImage("The PNG file is incomplete.")
    width, height, depth, color_type, _, _, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    if color_type not in _SAMPLES:
        raise BrokenImage("The PNG file is damaged: its header names no kind of color.")
    return Header(width, height, depth, color_type, interlace == 1)


def walk_chunks(data: bytes) -> Iterator[Chunk]:
    """Kind and body of each chunk, the last one as far as it is there."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + size]
        at += 12 + size


def is_ended(data: bytes) -> bool:
    """Whether the last chunk, which has no body, is there and whole."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return True
        at += 12 + size
    return False


def pack_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk with its check sum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def inflate_rows(data: bytes, head: Header) -> tuple[bytes, int]:
    """The filtered rows of ``data``, inflated as far as they are there, and the bytes that all of them have."""
    unpacker, found, size = zlib.decompressobj(), bytearray(), sum(head.row_bytes())
    try:
        for kind, body in walk_chunks(data):
            if kind == b"IDAT" and len(found) < size:
                found += unpacker.decompress(body, size - len(found))
    except zlib.error:
        pass
    return bytes(found), size


def rebuild(data: bytes, head: Header, rows: bytes, fill: int = 0) -> bytes:
    """``data`` with ``rows`` for its samples, filled up with bytes ``fill``, and an end."""
    whole, at = bytearray(rows), 0
    for length in head.row_bytes():
        if at >= len(rows):
            whole += b"\0" + bytes((fill,)) * (length - 1)
        elif at + length > len(rows):
            whole += bytes((fill,)) * (at + length - len(rows))
        at += length
    kept = [pack_chunk(kind, body) for kind, body in walk_chunks(data) if kind not in (b"IDAT", b"IEND", *_ANIMATION)]
    return b"".join((SIGNATURE, *kept, pack_chunk(b"IDAT", zlib.compress(bytes(whole), 1)), pack_chunk(b"IEND", b"")))


def read_metadata(data: bytes) -> tuple[Metadata, list[Chunk], list[str]]:
    """What the chunks say of the picture, EXIF and XMP as they are stored; the others that a new file may hold; and
    sentences about those that it may not."""
    metadata, others, lost = Metadata(), list[Chunk](), list[str]()
    for kind, body in walk_chunks(data):
        if kind == b"iCCP":
            metadata.icc = _inflated(body.partition(b"\0")[2][1:])
        elif kind == b"eXIf":
            metadata.exif = body
        elif kind == b"pHYs" and len(body) == 9:
            across, down = struct.unpack_from(">II", body)
            if across and down and body[8] == 1:
                metadata.dpi = (across * _INCH, down * _INCH)
            elif across and down and across != down:
                metadata.aspect = (float(across), float(down))
            else:
                others.append((kind, body))
        elif kind == b"iTXt" and body.startswith(_XMP_KEY + b"\0"):
            metadata.xmp = _xmp(body)
        elif kind in (*_COLOR, _BACKGROUND, _MODIFIED) or (kind not in _CODED and kind[3:4].islower()):
            others.append((kind, body))
        elif kind not in _CODED and kind[:1].islower() and kind.isalpha():
            lost.append(f"The PNG's chunk {kind.decode()} is true of the old picture only and was left out.")
    return metadata, others, lost


def embed_metadata(
    data: bytes, metadata: Metadata, others: Iterable[Chunk], kind_of_others: tuple[int, int] | None
) -> bytes:
    """``data``, a PNG as an encoder writes it, with ``metadata`` and the chunks ``others``, which come from a file of
    other bits and another kind of color, maybe."""
    alike = kind_of_others == (data[24], data[25]) and data[25] != PALETTE
    told = metadata.dpi or metadata.aspect
    kept = [row for row in others if (row[0] != _BACKGROUND or alike) and (row[0] != b"pHYs" or not told)]
    parts = [pack_chunk(*row) for row in kept]
    if metadata.icc:
        parts.insert(0, pack_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.dpi:
        across, down = (round(value / _INCH) for value in metadata.dpi)
        parts.append(pack_chunk(b"pHYs", struct.pack(">IIB", across, down, 1)))
    elif metadata.aspect:
        parts.append(pack_chunk(b"pHYs", struct.pack(">IIB", *(round(value) for value in metadata.aspect), 0)))
    if metadata.exif:
        parts.append(pack_chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        parts.append(pack_chunk(b"iTXt", _XMP_KEY + b"\0\0\0\0\0" + metadata.xmp))
    # Everything that tells about the samples comes before them and before a palette.
    return data[:_HEAD_BYTES] + b"".join(parts) + data[_HEAD_BYTES:]


def _inflated(body: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(body, _MOST_INFLATED) or None
    except zlib.error:
        return None


def _xmp(body: bytes) -> bytes | None:
    rest = body.partition(b"\0")[2]
    if len(rest) < 4:
        return None
    text = rest[2:].split(b"\0", 2)[-1]
    return _inflated(text) if rest[0] else text
