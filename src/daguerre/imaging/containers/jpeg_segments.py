"""The metadata segments of a JPEG, replaced without touching its picture."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from daguerre.imaging.photo import Metadata

_EXIF, _XMP = b"Exif\x00\x00", b"http://ns.adobe.com/xap/1.0/\x00"
_ICC, _PHOTOSHOP, _MPF = b"ICC_PROFILE\x00", b"Photoshop 3.0\x00", b"MPF\x00"
_LONGEST = 65533
_STRIPPED = ((0xE1, _EXIF), (0xE1, _XMP), (0xE2, _ICC), (0xE2, _MPF), (0xED, _PHOTOSHOP))


def walk(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker and the bytes of each segment before the first scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        end = at + 2 + int(struct.unpack_from(">H", data, at + 2)[0])
        yield data[at + 1], data[at:end]
        at = end


def dressed(data: bytes, metadata: Metadata, icc: bytes | None) -> bytes:
    """The JPEG ``data`` with ``metadata`` and the profile ``icc`` in place of its own.

    An EXIF or XMP block longer than a segment is left out. Density stays as it is in ``data``.
    """
    leading: list[bytes] = []
    rest: list[bytes] = []
    at = 2
    for marker, segment in walk(data):
        if marker == 0xE0 and not rest:
            leading.append(segment)
        elif not any(marker == kind and segment[4:].startswith(mark) for kind, mark in _STRIPPED):
            rest.append(segment)
        at += len(segment)
    return b"".join((b"\xff\xd8", *leading, *_segments(metadata, icc), *rest, data[at:]))


def _segments(metadata: Metadata, icc: bytes | None) -> list[bytes]:
    found = []
    if metadata.exif:
        found.append((0xE1, _EXIF + metadata.exif))
    if metadata.xmp:
        found.append((0xE1, _XMP + metadata.xmp))
    if metadata.iptc:
        padding = b"\x00" * (len(metadata.iptc) % 2)
        resource = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(metadata.iptc)) + metadata.iptc + padding
        found.append((0xED, _PHOTOSHOP + resource))
    if icc:
        room = _LONGEST - len(_ICC) - 2
        parts = [icc[start : start + room] for start in range(0, len(icc), room)]
        found += [(0xE2, _ICC + bytes((number, len(parts))) + part) for number, part in enumerate(parts, 1)]
    return [
        bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body
        for marker, body in found
        if len(body) <= _LONGEST
    ]
