"""Boxes of the ISO base media kind, as JPEG 2000 and JPEG XL files are made of."""

from __future__ import annotations

import struct
from collections.abc import Iterator


def walk_boxes(data: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """Kind, start, start of the body and end of each box of ``data``, until the first that is not whole."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        end = at + size if size else len(data)
        if end < body or end > len(data):
            return
        yield kind, at, body, end
        at = end


def pack_box(kind: bytes, body: bytes) -> bytes:
    """One box; ``body`` is shorter than 4 GB."""
    return struct.pack(">I4s", len(body) + 8, kind) + body
