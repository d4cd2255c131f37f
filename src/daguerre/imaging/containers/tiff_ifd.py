"""TIFF directories: the tags of a TIFF file or an EXIF block, read, written and exchanged.

Follows TIFF 6.0 and the BigTIFF proposal. Values are held as little-endian bytes. Written by hand: the libraries that
read TIFF give values, not blocks that can be put back unread, and none changes the tags of a file in memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
SUB_IFDS = 330
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_UNITS = {**_SIZES, 5: 4, 10: 4}
_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_SUBDIRECTORIES = (34665, 34853, 40965)
_MOST_TAGS, _MOST_DIRECTORIES = 4096, 100_000


@dataclass(slots=True)
class Entry:
    """One tag's value, or the directory that it points at. ``place`` is where the value lies in the file it is from."""

    kind: int
    count: int
    raw: bytes
    directory: Directory | None = None
    place: int = field(default=0, compare=False)

    def integers(self) -> tuple[int, ...]:
        """The value as whole numbers; empty where it holds none."""
        code = _CODES.get(self.kind)
        return struct.unpack(f"<{self.count}{code}", self.raw) if code else ()

    def ratio(self) -> float:
        """The value as a fraction; 0 where it holds none."""
        if self.kind == RATIONAL and len(self.raw) >= 8:
            over, under = struct.unpack_from("<II", self.raw)
            return float(over / under) if under else 0.0
        if self.kind == 11 and len(self.raw) >= 4:
            return float(struct.unpack_from("<f", self.raw)[0])
        return float((self.integers() or (0,))[0])


Directory = dict[int, Entry]


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page of a TIFF with its bytes: ``directory`` without places, and its strips or tiles."""

    directory: Directory
    segments: tuple[bytes, ...]
    is_tiled: bool = False


def short(*values: int) -> Entry:
    """``values`` as SHORTs."""
    return Entry(SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def long(*values: int) -> Entry:
    """``values`` as LONGs."""
    return Entry(LONG, len(values), struct.pack(f"<{len(values)}I", *values))


def rational(value: float) -> Entry:
    """``value`` as a RATIONAL to six decimals."""
    scale = 1 if value == int(value) else 1_000_000 if value < 4000 else 1000
    return Entry(RATIONAL, 1, struct.pack("<II", round(value * scale), scale))


def undefined(data: bytes) -> Entry:
    """``data`` as UNDEFINED bytes."""
    return Entry(UNDEFINED, len(data), data)


def read_number(directory: Directory, tag: int, default: int) -> int:
    """The first whole number of ``tag``, or ``default``."""
    return (directory[tag].integers() or (default,))[0] if tag in directory else default


class Layout:
    """Byte order and field widths of a file. Raises ``struct.error`` where it is none."""

    def __init__(self, data: bytes | bytearray) -> None:
        head = bytes(data[:4])
        self.order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        magic = struct.unpack(f"{self.order}H", head[2:4])[0] if self.order else 0
        if magic not in (42, 43):
            raise struct.error("no TIFF header")
        self.big = magic == 43
        self.counter, self.offset, self.entry = ("Q", "Q", 20) if self.big else ("H", "I", 12)
        self.width = 8 if self.big else 4

    @property
    def first(self) -> int:
        """Where the link to the first directory lies."""
        return 8 if self.big else 4

    def value(self, data: bytes | bytearray, at: int, code: str) -> int:
        """The whole number of ``struct``'s ``code`` at ``at``."""
        found: int = struct.unpack_from(self.order + code, data, at)[0]
        return found


def read_directory(data: bytes | bytearray, layout: Layout, at: int, depth: int = 0) -> tuple[Directory, int]:
    """The directory at ``at`` and the place of the link behind it. Raises ``struct.error``."""
    count = layout.value(data, at, layout.counter)
    if count > _MOST_TAGS:
        raise struct.error("too many tags")
    found: Directory = {}
    start = at + struct.calcsize("<" + layout.counter)
    for place in range(start, start + count * layout.entry, layout.entry):
        tag, kind = struct.unpack_from(layout.order + "HH", data, place)
        number = layout.value(data, place + 4, layout.offset)
        room = place + 4 + layout.width
        size = _SIZES.get(kind, 0) * number
        where = room if size <= layout.width else layout.value(data, room, layout.offset)
        if not size or where + size > len(data):
            continue
        raw = bytes(data[where : where + size])
        unit = _UNITS[kind]
        if layout.order == ">" and unit > 1:
            raw = b"".join(raw[i : i + unit][::-1] for i in range(0, size, unit))
        entry = Entry(kind, number, raw, place=where)
        if tag in _SUBDIRECTORIES and depth < 2 and entry.integers():
            try:
                entry.directory = read_directory(data, layout, entry.integers()[0], depth + 1)[0]
            except struct.error:
                continue
        found[tag] = entry
    return found, start + count * layout.entry


def walk_pages(data: bytes | bytearray) -> Iterator[Directory]:
    """The directories one after the other, as far as they can be read; none where ``data`` is no TIFF."""
    try:
        layout = Layout(data)
        at, seen = layout.value(data, layout.first, layout.offset), set[int]()
        while at and at not in seen and len(seen) < _MOST_DIRECTORIES:
            seen.add(at)
            directory, link = read_directory(data, layout, at)
            yield directory
            at = layout.value(data, link, layout.offset)
    except struct.error:
        return


def read_pages(data: bytes | bytearray) -> list[Directory]:
    """The whole chain; empty where ``data`` is no TIFF."""
    return list(walk_pages(data))


def read_children(data: bytes | bytearray, directory: Directory) -> dict[int, Directory]:
    """The directories that ``directory`` names in its SubIFDs, by their numbers, as far as they can be read."""
    if SUB_IFDS not in directory:
        return {}
    layout, found = Layout(data), dict[int, Directory]()
    for number, at in enumerate(directory[SUB_IFDS].integers()[:64]):
        try:
            found[number] = read_directory(data, layout, at)[0]
        except struct.error:
            continue
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
            kind, count, raw = (16 if big else LONG), 1, struct.pack(f"<{offset}", where)
        head += struct.pack(f"<HH{offset}", tag, kind, count)
        if len(raw) <= width:
            head += raw.ljust(width, b"\0")
        else:
            tail += bytes(len(tail) % 2)
            head += struct.pack(f"<{offset}", base + size + len(tail))
            tail += raw
    return bytes(head) + bytes(width) + bytes(tail)


def pack_block(directory: Directory) -> bytes:
    """An EXIF block that holds ``directory``."""
    return b"II*\0\x08\0\0\0" + _packed(directory, 8, False)


def rewrite_pages(data: bytes, changes: Sequence[tuple[Directory, set[int]] | StoredPage]) -> bytes:
    """A little-endian TIFF ``data`` whose pages gain tags and lose others, page by page, with further pages between.

    The new directories are appended, and the chain of links leads through them. Each change is either the tags added
    to and dropped from the next page that ``data`` has, or a :class:`StoredPage` that it has not.
    """
    work = bytearray(data)
    layout = Layout(work)
    link = layout.first
    following = layout.value(work, link, layout.offset)
    for change in changes:
        if isinstance(change, StoredPage):
            directory = _placed(work, change)
        else:
            added, dropped = change
            old, behind = read_directory(work, layout, following)
            following = layout.value(work, behind, layout.offset)
            directory = {tag: entry for tag, entry in old.items() if tag not in dropped} | added
        directory = {tag: entry for tag, entry in directory.items() if entry.count}
        work += bytes(len(work) % 2)
        place = len(work)
        work += _packed(directory, place, layout.big)
        struct.pack_into("<" + layout.offset, work, link, place)
        link = place + struct.calcsize("<" + layout.counter) + len(directory) * layout.entry
    struct.pack_into("<" + layout.offset, work, link, following)
    return bytes(work)


def _placed(work: bytearray, page: StoredPage) -> Directory:
    """The directory of ``page``, whose segments are appended to ``work``."""
    places = []
    for segment in page.segments:
        work += bytes(len(work) % 2)
        places.append(len(work))
        work += segment
    where, sizes = (324, 325) if page.is_tiled else (273, 279)
    return page.directory | {where: long(*places), sizes: long(*(len(segment) for segment in page.segments))}
