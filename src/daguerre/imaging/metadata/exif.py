"""EXIF blocks, changed in place so that maker notes keep their offsets."""

from __future__ import annotations

import re
import struct

_ORIENTATION = 0x0112
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:>|\s*=\s*[\"']))\s*[1-8]")


def normalised(block: bytes | None) -> tuple[bytes | None, int]:
    """``block`` from its TIFF header on, with orientation 1 and no thumbnail; and the orientation it had.

    Takes a block with or without ``Exif\\0\\0``. One that cannot be read gives ``None`` and 1.
    """
    if not block:
        return None, 1
    work = bytearray(block.removeprefix(b"Exif\x00\x00"))
    try:
        order = {b"II": "<", b"MM": ">"}[bytes(work[:2])]
        (first,) = struct.unpack_from(f"{order}I", work, 4)
        orientation = _upright(work, order, first)
        return bytes(_without_thumbnail(work, order, first)), orientation
    except (KeyError, struct.error):
        return None, 1


def upright_xmp(packet: bytes | None) -> bytes | None:
    """The XMP ``packet`` with orientation 1."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", packet) if packet else None


def _upright(work: bytearray, order: str, first: int) -> int:
    found = 1
    for place, tag, kind, _ in _entries(work, order, first):
        if tag == _ORIENTATION:
            code = f"{order}H" if kind == 3 else f"{order}I"
            (value,) = struct.unpack_from(code, work, place + 8)
            struct.pack_into(code, work, place + 8, 1)
            found = value if 1 <= value <= 8 else 1
    return found


def _without_thumbnail(work: bytearray, order: str, first: int) -> bytearray:
    (count,) = struct.unpack_from(f"{order}H", work, first)
    link = first + 2 + 12 * count
    if link + 4 > len(work):
        return work
    (second,) = struct.unpack_from(f"{order}I", work, link)
    struct.pack_into(f"{order}I", work, link, 0)
    if not second or second + 2 > len(work):
        return work
    place: dict[int, int] = {tag: value for _, tag, _, value in _entries(work, order, second)}
    start, length = place.get(_THUMBNAIL_OFFSET, 0), place.get(_THUMBNAIL_LENGTH, 0)
    if second > link and start > second and start + length >= len(work) - 8:
        # Behind the thumbnail nothing follows: it leaves no hole.
        del work[start:]
    elif start and length:
        work[start : start + length] = bytes(max(0, min(length, len(work) - start)))
    return work


def _entries(work: bytearray, order: str, at: int) -> list[tuple[int, int, int, int]]:
    """Place, tag, kind and value of each entry of the directory at ``at``."""
    (count,) = struct.unpack_from(f"{order}H", work, at)
    found = []
    for entry in range(count):
        place = at + 2 + 12 * entry
        tag, kind = struct.unpack_from(f"{order}HH", work, place)
        (value,) = struct.unpack_from(f"{order}I", work, place + 8)
        found.append((place, tag, kind, value))
    return found
