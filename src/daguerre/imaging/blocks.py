"""The EXIF block, changed in place so that everything unread in it survives."""

from __future__ import annotations

import struct

ORIENTATION, THUMBNAIL, THUMBNAIL_LENGTH = 0x0112, 0x0201, 0x0202


def upright_exif(exif: bytes | None) -> bytes | None:
    """``exif`` from its TIFF header on, with orientation 1 and without thumbnail; ``None`` where it is no EXIF."""
    if exif is None:
        return None
    if exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return None
    block = bytearray(exif)
    try:
        first = struct.unpack_from(order + "I", block, 4)[0]
        count = struct.unpack_from(order + "H", block, first)[0]
        for at in range(first + 2, first + 2 + 12 * count, 12):
            if struct.unpack_from(order + "H", block, at)[0] == ORIENTATION:
                struct.pack_into(order + "HIHH", block, at + 2, 3, 1, 1, 0)
        link = first + 2 + 12 * count
        second = struct.unpack_from(order + "I", block, link)[0]
        struct.pack_into(order + "I", block, link, 0)
        if second:
            _erase_thumbnail(block, order, second)
    except struct.error:
        return None if len(block) < 14 else bytes(block)
    return bytes(block)


def _erase_thumbnail(block: bytearray, order: str, directory: int) -> None:
    """Cuts the thumbnail off where it ends the block, and blackens it elsewhere."""
    count = struct.unpack_from(order + "H", block, directory)[0]
    found = {}
    for at in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, _, _, value = struct.unpack_from(order + "HHII", block, at)
        found[tag] = value
    start, size = found.get(THUMBNAIL, 0), found.get(THUMBNAIL_LENGTH, 0)
    if start and start + size >= len(block):
        del block[start:]
    elif start:
        block[start : start + size] = bytes(size)
