"""Photoshop's image resources, as PSD, JPEG (APP13) and TIFF (tag 34377) hold them.

Written by hand: a block that no library knows the meaning of has to come out again as it came.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

RESOLUTION, CHANNEL_NAMES, IPTC, ICC, EXIF, XMP = 1005, 1006, 1028, 1039, 1058, 1060
THUMBNAILS = (1033, 1036)
LAYERS = (1024, 1026, 1069, 1072)
"""What says which layer is chosen and how layers are grouped."""

_OWN = b"8BIM"
_SIGNATURES = (_OWN, b"8B64", b"AgHg", b"DCSR", b"MeSa", b"PHUT")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: its signature and number, its name with the length byte and padding, and its body."""

    signature: bytes
    number: int
    name: bytes
    body: bytes

    def packed(self) -> bytes:
        """The resource as it is stored."""
        head = self.signature + struct.pack(">H", self.number) + self.name + struct.pack(">I", len(self.body))
        return head + self.body + bytes(len(self.body) % 2)


def make_resource(number: int, body: bytes) -> Resource:
    """A resource of Photoshop's own without a name."""
    return Resource(_OWN, number, bytes(2), body)


def walk_resources(block: bytes) -> Iterator[Resource]:
    """The resources in ``block``, until the first that is not whole."""
    at = 0
    while at + 12 <= len(block) and block[at : at + 4] in _SIGNATURES:
        signature = bytes(block[at : at + 4])
        (number,) = struct.unpack_from(">H", block, at + 4)
        end = at + 6 + (block[at + 6] + 2) // 2 * 2
        if end + 4 > len(block):
            return
        (size,) = struct.unpack_from(">I", block, end)
        body = bytes(block[end + 4 : end + 4 + size])
        if len(body) < size:
            return
        yield Resource(signature, number, bytes(block[at + 6 : end]), body)
        at = end + 4 + (size + 1) // 2 * 2


def pack_iptc(iptc: bytes | None) -> bytes:
    """The resource that holds ``iptc``; nothing without it."""
    return make_resource(IPTC, iptc).packed() if iptc else b""


def exchange_resolutions(block: bytes | None) -> bytes | None:
    """``block`` with the horizontal and the vertical resolution in each other's place."""
    rows = []
    for row in walk_resources(block or b""):
        body = row.body
        if row.number == RESOLUTION and len(body) >= 16:
            body = body[8:16] + body[:8] + body[16:]
        rows.append(Resource(row.signature, row.number, row.name, body).packed())
    return b"".join(rows) or None


def enlarge_resolution(block: bytes | None, factor: int) -> bytes | None:
    """``block`` with ``factor`` times the resolution."""
    rows = []
    for row in walk_resources(block or b""):
        body = row.body
        if row.number == RESOLUTION and len(body) >= 16:
            across, down = (
                struct.pack(">I", min(factor * struct.unpack_from(">I", body, place)[0], 0xFFFFFFFF))
                for place in (0, 8)
            )
            body = across + body[4:8] + down + body[12:]
        rows.append(Resource(row.signature, row.number, row.name, body).packed())
    return b"".join(rows) or None


def split_iptc(block: bytes) -> tuple[bytes | None, bytes | None]:
    """The IPTC block of ``block``, and the other resources without the thumbnails, as far as they are whole."""
    found = list(walk_resources(block))
    own = [row for row in found if row.signature == _OWN and row.number in (IPTC, *THUMBNAILS)]
    iptc = b"".join(row.body for row in own if row.number == IPTC)
    rest = b"".join(row.packed() for row in found if row not in own)
    return iptc or None, rest or None
