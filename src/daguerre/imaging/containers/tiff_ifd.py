"""TIFF directories: the tags of a TIFF file or an EXIF block, read, written and exchanged.

Follows TIFF 6.0 and the BigTIFF proposal. Values are held as little-endian bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_UNITS = {**_SIZES, 5: 4, 10: 4}
_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_SUBDIRECTORIES = (34665, 34853, 40965)
_MOST_TAGS, _MOST_DIRECTORIES = 4096, 100_000


@dataclass(slots=True)
class Entry:
    """One tag's value, or the directory that it points at."""

    kind: int
    count: int
    raw: bytes
    directory: Directory | None = None

    def integers(self) -> tuple[int, ...]:
        """The value as whole numbers; empty where it holds none."""
        code = _CODES.get(self.kind)
        return struct.unpack(f"<{self.count}{code}", self.raw) if code else ()

    def ratio(self) -> float:
        """The value as a fraction; 0 where it holds none."""
        if self.kind != 5 or len(self.raw) < 8:
            return 0.0
        over, under = struct.unpack_from("<II", self.raw)
        return float(over / under) if under else 0.0


Directory = dict[int, Entry]


def rational(value: float) -> Entry:
    """``value`` as a RATIONAL to six decimals."""
    scale = 1 if value == int(value) else 1_000_000 if value < 4000 else 1000
    return Entry(5, 1, struct.pack("<II", round(value * scale), scale))


def blob(data: bytes) -> Entry:
    """``data`` as UNDEFINED bytes."""
    return Entry(7, len(data), data)


class _Layout:
    """Byte order and field widths of a file. Raises ``struct.error`` where it is none."""

    def __init__(self, data: bytes | bytearray) -> None:
        head = bytes(data[:4])
        self.order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        magic = struct.unpack(f"{self.order}H", head[2:4])[0] if self.order else 0
        if magic not in (42, 43):
            raise struct.error("no TIFF header")
        self.big = magic == 43
        self.counter, self.offset, self.entry = ("Q", "Q", 20) if self.big else ("H", "I", 12)
        self.link = 8 if self.big else 4

    def value(self, data: bytes | bytearray, at: int, code: str) -> int:
        found: int = struct.unpack_from(self.order + code, data, at)[0]
        return found


def _directory(data: bytes | bytearray, layout: _Layout, at: int, depth: int = 0) -> tuple[Directory, int]:
    """The directory at ``at`` and the place of the link behind it."""
    count = layout.value(data, at, layout.counter)
    if count > _MOST_TAGS:
        raise struct.error("too many tags")
    found: Directory = {}
    start = at + struct.calcsize("<" + layout.counter)
    for place in range(start, start + count * layout.entry, layout.entry):
        tag, kind = struct.unpack_from(layout.order + "HH", data, place)
        number = layout.value(data, place + 4, layout.offset)
        room = place + 4 + struct.calcsize("<" + layout.offset)
        size = _SIZES.get(kind, 0) * number
        where = room if size <= struct.calcsize("<" + layout.offset) else layout.value(data, room, layout.offset)
        if not size or where + size > len(data):
            continue
        raw = bytes(data[where : where + size])
        unit = _UNITS[kind]
        if layout.order == ">" and unit > 1:
            raw = b"".join(raw[i : i + unit][::-1] for i in range(0, size, unit))
        entry = Entry(kind, number, raw)
        if tag in _SUBDIRECTORIES and depth < 2 and entry.integers():
            try:
                entry.directory = _directory(data, layout, entry.integers()[0], depth + 1)[0]
            except struct.error:
                continue
        found[tag] = entry
    return found, start + count * layout.entry


def directories(data: bytes | bytearray) -> list[Directory]:
    """The chain of directories, as far as it can be read; empty where ``data`` is no TIFF."""
    found: list[Directory] = []
    try:
        layout = _Layout(data)
        at, seen = layout.value(data, layout.link, layout.offset), set[int]()
        while at and at not in seen and len(seen) < _MOST_DIRECTORIES:
            seen.add(at)
            directory, link = _directory(data, layout, at)
            found.append(directory)
            at = layout.value(data, link, layout.offset)
    except struct.error:
        pass
    return found


def _packed(directory: Directory, base: int, big: bool) -> bytes:
    """``directory`` with a link of 0, its values and subdirectories behind it, as it lies at ``base``."""
    counter, offset, width = ("Q", "Q", 8) if big else ("H", "I", 4)
    items = sorted(directory.items())
    head = bytearray(struct.pack(f"<{counter}", len(items)))
    size = len(head) + len(items) * (12 + 2 * (width - 4)) + width
    tail = bytearray()
    for tag, entry in items:
        kind, count, raw = entry.kind, entry.count, entry.raw
        if entry.directory is not None:
            tail += bytes(len(tail) % 2)
            where = base + size + len(tail)
            tail += _packed(entry.directory, where, big)
            kind, count, raw = (16 if big else 4), 1, struct.pack(f"<{offset}", where)
        head += struct.pack(f"<HH{offset}", tag, kind, count)
        if len(raw) <= width:
            head += raw.ljust(width, b"\0")
        else:
            tail += bytes(len(tail) % 2)
            head += struct.pack(f"<{offset}", base + size + len(tail))
            tail += raw
    return bytes(head) + bytes(width) + bytes(tail)


def block(directory: Directory) -> bytes:
    """An EXIF block that holds ``directory``."""
    return b"II*\0\x08\0\0\0" + _packed(directory, 8, False)


def retagged(data: bytes, changes: list[tuple[Directory, set[int]]]) -> bytes:
    """A little-endian TIFF ``data`` whose pages gain tags and lose others, page by page.

    The new directories are appended, and the chain of links leads through them.
    """
    work = bytearray(data)
    layout = _Layout(work)
    link = layout.link
    for added, dropped in changes:
        at = layout.value(work, link, layout.offset)
        directory, behind = _directory(work, layout, at)
        following = layout.value(work, behind, layout.offset)
        directory = {tag: entry for tag, entry in directory.items() if tag not in dropped} | added
        directory = {tag: entry for tag, entry in directory.items() if entry.count}
        work += bytes(len(work) % 2)
        place = len(work)
        work += _packed(directory, place, layout.big)
        struct.pack_into("<" + layout.offset, work, link, place)
        link = place + struct.calcsize("<" + layout.counter) + len(directory) * layout.entry
        struct.pack_into("<" + layout.offset, work, link, following)
    return bytes(work)
