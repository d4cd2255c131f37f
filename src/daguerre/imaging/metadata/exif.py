"""EXIF blocks, changed in place so that maker notes keep their offsets.

Written by hand: the libraries for EXIF read a block and write another, and what they do not know is lost.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Directory, Entry, Layout

ORIENTATION = 0x0112
DESCRIPTION = 0x010E
TAKEN, TAKEN_FRACTION, TAKEN_ZONE = 0x9003, 0x9291, 0x9011
"""DateTimeOriginal, SubSecTimeOriginal and OffsetTimeOriginal."""
_VERSION = 0x9000
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_SUB_DIRECTORY = 0x8769
_ACROSS_AND_DOWN = ((0x0100, 0x0101), (0x011A, 0x011B))
_ACROSS_AND_DOWN_INSIDE = ((0xA002, 0xA003), (0xA20E, 0xA20F))
_IN_PIXELS = (0x0100, 0x0101, 0x011A, 0x011B)
"""Width, height and resolution."""
_IN_PIXELS_INSIDE = (0xA002, 0xA003, 0xA20E, 0xA20F, 0x9214, 0xA214)
"""The same, of the sensor, too; the subject's area and place."""


def normalize(block: bytes | None) -> tuple[bytes | None, int | None]:
    """``block`` from its TIFF header on, with orientation 1 and no thumbnail; and the orientation it named, if any.

    What it says of the picture across and down changes places where the picture is turned by a quarter.
    Takes a block with or without ``Exif\\0\\0``. One that cannot be read gives ``None`` twice.
    """
    if not block:
        return None, None
    work = bytearray(block.removeprefix(b"Exif\x00\x00"))
    try:
        layout = Layout(work)
        first = layout.value(work, layout.first, layout.offset)
        directory, link = tiff_ifd.read_directory(work, layout, first)
        orientation = _set_upright(work, layout, directory)
        if orientation is not None and orientation >= 5:
            _exchange_all(work, layout, directory)
        return bytes(_without_thumbnail(work, layout, link)), orientation
    except struct.error:
        return None, None


def exchange_sides(block: bytes | None) -> bytes | None:
    """``block`` of a picture that was turned by a quarter: what it says across and down in each other's place.

    One that cannot be read stays as it is.
    """
    return _with_change(block, _exchange_all)


def set_orientation(block: bytes, orientation: int) -> bytes | None:
    """``block`` from its TIFF header on with another orientation; ``None`` where it has no place for one."""
    work = bytearray(block)
    try:
        layout, directory = _first_directory(work)
        return bytes(work) if _write_orientation(work, layout, directory, orientation) else None
    except struct.error:
        return None


def enlarge(block: bytes | None, factor: int) -> bytes | None:
    """``block`` of a picture that is ``factor`` times as large: its size, its resolution, places and lengths in it.

    One that cannot be read stays as it is.
    """

    def change(work: bytearray, layout: Layout, directory: Directory) -> None:
        inside = directory[_SUB_DIRECTORY].directory if _SUB_DIRECTORY in directory else None
        for held, tags in ((directory, _IN_PIXELS), (inside or {}, _IN_PIXELS_INSIDE)):
            for entry in (held[tag] for tag in tags if tag in held):
                _multiply(work, layout, entry, factor)

    return _with_change(block, change)


def resize(block: bytes | None, width: int, height: int) -> bytes | None:
    """``block`` of a picture that is now ``width`` by ``height`` pixels; one that cannot be read stays as it is."""

    def change(work: bytearray, layout: Layout, directory: Directory) -> None:
        inside = directory[_SUB_DIRECTORY].directory if _SUB_DIRECTORY in directory else None
        for held, tags in ((directory, (0x0100, 0x0101)), (inside or {}, (0xA002, 0xA003))):
            for tag, length in zip(tags, (width, height), strict=True):
                code = {tiff_ifd.SHORT: "H", tiff_ifd.LONG: "I"}.get(held[tag].kind) if tag in held else None
                if code and length < 1 << 8 * struct.calcsize(code):
                    struct.pack_into(layout.order + code, work, held[tag].place, length)

    return _with_change(block, change)


def _with_change(block: bytes | None, change: Callable[[bytearray, Layout, Directory], object]) -> bytes | None:
    """A copy of ``block`` that went through ``change``; ``block`` itself where it cannot be read."""
    if not block:
        return block
    work = bytearray(block)
    try:
        layout, directory = _first_directory(work)
    except struct.error:
        return block
    change(work, layout, directory)
    return bytes(work)


def _first_directory(work: bytearray) -> tuple[Layout, Directory]:
    """Raises struct.error."""
    layout = Layout(work)
    directory, _ = tiff_ifd.read_directory(work, layout, layout.value(work, layout.first, layout.offset))
    return layout, directory


def _multiply(work: bytearray, layout: Layout, entry: Entry, factor: int) -> None:
    """Whole numbers, and the numerators of fractions, times ``factor``; one without room for that stays."""
    code, step = {tiff_ifd.SHORT: ("H", 1), tiff_ifd.LONG: ("I", 1), tiff_ifd.RATIONAL: ("I", 2)}.get(
        entry.kind, ("", 1)
    )
    if not code:
        return
    form = f"{layout.order}{len(entry.raw) // struct.calcsize(code)}{code}"
    numbers = list(struct.unpack_from(form, work, entry.place))
    numbers[::step] = [factor * number for number in numbers[::step]]
    if max(numbers) < 1 << 8 * struct.calcsize(code):
        struct.pack_into(form, work, entry.place, *numbers)


def _set_upright(work: bytearray, layout: Layout, directory: Directory) -> int | None:
    if ORIENTATION not in directory:
        return None
    value = (directory[ORIENTATION].integers() or (1,))[0]
    _write_orientation(work, layout, directory, 1)
    return value if 1 <= value <= 8 else None


def _write_orientation(work: bytearray, layout: Layout, directory: Directory, orientation: int) -> bool:
    """Whether there was a place for it."""
    entry = directory.get(ORIENTATION)
    code = None if entry is None else {tiff_ifd.SHORT: "H", tiff_ifd.LONG: "I"}.get(entry.kind)
    if entry is None or code is None:
        return False
    struct.pack_into(layout.order + code, work, entry.place, orientation)
    return True


def _exchange_all(work: bytearray, layout: Layout, directory: Directory) -> None:
    _exchange(work, layout, directory, _ACROSS_AND_DOWN)
    inside = directory[_SUB_DIRECTORY].directory if _SUB_DIRECTORY in directory else None
    _exchange(work, layout, inside or {}, _ACROSS_AND_DOWN_INSIDE)


def _exchange(work: bytearray, layout: Layout, directory: Directory, pairs: tuple[tuple[int, int], ...]) -> None:
    """The values of each pair of tags in the other's place, where both are of one kind."""
    for one, other in pairs:
        if one in directory and other in directory and directory[one].kind == directory[other].kind:
            a, b = directory[one], directory[other]
            if len(a.raw) == len(b.raw):
                size = len(a.raw)
                work[a.place : a.place + size], work[b.place : b.place + size] = (
                    work[b.place : b.place + size],
                    work[a.place : a.place + size],
                )


def _without_thumbnail(work: bytearray, layout: Layout, link: int) -> bytearray:
    if link + layout.width > len(work):
        return work
    second = layout.value(work, link, layout.offset)
    struct.pack_into(layout.order + layout.offset, work, link, 0)
    if not second or second + 2 > len(work):
        return work
    place, _ = tiff_ifd.read_directory(work, layout, second)
    start = tiff_ifd.read_number(place, _THUMBNAIL_OFFSET, 0)
    length = tiff_ifd.read_number(place, _THUMBNAIL_LENGTH, 0)
    if second > link and start > second and start + length >= len(work) - 8:
        # Behind the thumbnail nothing follows: it leaves no hole.
        del work[start:]
    elif start and length:
        work[start : start + length] = bytes(max(0, min(length, len(work) - start)))
    return work


def read_text(block: bytes | None, tag: int) -> str:
    """The text of ``tag``, wherever in ``block`` it stands; empty without one."""
    try:
        work = bytearray(block or b"")
        _, directory = _first_directory(work)
    except struct.error:
        return ""
    inside = directory[_SUB_DIRECTORY].directory if _SUB_DIRECTORY in directory else None
    found = (inside or {}).get(tag) or directory.get(tag)
    return "" if found is None else found.raw.split(b"\0")[0].decode("utf-8", "replace")


def write_texts(block: bytes | None, texts: Mapping[int, str | None]) -> bytes:
    """``block`` with these texts, and without those that are ``None``: ``DESCRIPTION`` in its first directory, others
    in EXIF's own. Without a block it is a new one.

    A directory that changes is written anew behind all else, so that nothing that is pointed at moves.
    """
    outside = {tag: text for tag, text in texts.items() if tag == DESCRIPTION}
    inside = {tag: text for tag, text in texts.items() if tag != DESCRIPTION}
    try:
        work = bytearray(block or b"")
        layout = Layout(work)
        if layout.big:
            raise struct.error("no EXIF block")
        first = layout.value(work, layout.first, "I")
        entries = _entries(work, layout, first)
    except struct.error:
        work = bytearray(tiff_ifd.pack_block({}))
        layout = Layout(work)
        first = layout.value(work, layout.first, "I")
        entries = {}
    link = _link(work, layout, first)
    if any(text is not None for text in inside.values()) or _SUB_DIRECTORY in entries:
        at = struct.unpack(f"{layout.order}I", entries[_SUB_DIRECTORY][8:])[0] if _SUB_DIRECTORY in entries else 0
        try:
            own = _entries(work, layout, at) if at else {_VERSION: _entry(work, layout, _VERSION, 7, b"0232")}
            behind = _link(work, layout, at) if at else 0
        except struct.error:
            own, behind = {_VERSION: _entry(work, layout, _VERSION, 7, b"0232")}, 0
        if inside:
            place = _append(work, layout, _changed(work, layout, own, inside), behind)
            pointer = struct.pack(f"{layout.order}I", place)
            entries[_SUB_DIRECTORY] = _entry(work, layout, _SUB_DIRECTORY, tiff_ifd.LONG, pointer)
    place = _append(work, layout, _changed(work, layout, entries, outside), link)
    struct.pack_into(f"{layout.order}I", work, layout.first, place)
    return bytes(work)


def _entries(work: bytearray, layout: Layout, at: int) -> dict[int, bytes]:
    """The 12 bytes of each entry of the directory at ``at``. Raises ``struct.error``."""
    count = layout.value(work, at, "H")
    if at + 6 + 12 * count > len(work):
        raise struct.error("a directory that is cut off")
    rows = (bytes(work[place : place + 12]) for place in range(at + 2, at + 2 + 12 * count, 12))
    return {struct.unpack_from(f"{layout.order}H", row)[0]: row for row in rows}


def _link(work: bytearray, layout: Layout, at: int) -> int:
    """Where the directory behind the one at ``at`` lies; 0 where there is none."""
    place = at + 2 + 12 * layout.value(work, at, "H")
    return layout.value(work, place, "I") if place + 4 <= len(work) else 0


def _changed(
    work: bytearray, layout: Layout, entries: dict[int, bytes], texts: Mapping[int, str | None]
) -> dict[int, bytes]:
    kept = {tag: row for tag, row in entries.items() if tag not in texts}
    for tag, text in texts.items():
        if text is not None:
            kept[tag] = _entry(work, layout, tag, tiff_ifd.ASCII, text.encode() + b"\0")
    return kept


def _entry(work: bytearray, layout: Layout, tag: int, kind: int, value: bytes) -> bytes:
    """The entry of ``tag``; a ``value`` in the block's byte order of more than 4 bytes goes to the end of ``work``."""
    count = len(value) // (4 if kind == tiff_ifd.LONG else 1)
    if len(value) > 4:
        work += bytes(len(work) % 2)
        place = len(work)
        work += value
        value = struct.pack(f"{layout.order}I", place)
    return struct.pack(f"{layout.order}HHI", tag, kind, count) + value.ljust(4, b"\0")


def _append(work: bytearray, layout: Layout, entries: dict[int, bytes], link: int) -> int:
    """Write a directory at the end of ``work``; gives its place."""
    work += bytes(len(work) % 2)
    place = len(work)
    rows = b"".join(entries[tag] for tag in sorted(entries))
    work += struct.pack(f"{layout.order}H", len(entries)) + rows + struct.pack(f"{layout.order}I", link)
    return place
