"""EXIF blocks, changed in place so that maker notes keep their offsets.

Written by hand: the libraries for EXIF read a block and write another, and what they do not know is lost.
"""

from __future__ import annotations

import struct

from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Directory, Entry, Layout

ORIENTATION = 0x0112
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
    if not block:
        return block
    work = bytearray(block)
    try:
        layout = Layout(work)
        directory, _ = tiff_ifd.read_directory(work, layout, layout.value(work, layout.first, layout.offset))
    except struct.error:
        return block
    _exchange_all(work, layout, directory)
    return bytes(work)


def set_orientation(block: bytes, orientation: int) -> bytes | None:
    """``block`` from its TIFF header on with another orientation; ``None`` where it has no place for one."""
    work = bytearray(block)
    try:
        layout = Layout(work)
        directory, _ = tiff_ifd.read_directory(work, layout, layout.value(work, layout.first, layout.offset))
        return bytes(work) if _write_orientation(work, layout, directory, orientation) else None
    except struct.error:
        return None


def enlarge(block: bytes | None, factor: int) -> bytes | None:
    """``block`` of a picture that is ``factor`` times as large: its size, its resolution, places and lengths in it.

    One that cannot be read stays as it is.
    """
    if not block:
        return block
    work = bytearray(block)
    try:
        layout = Layout(work)
        directory, _ = tiff_ifd.read_directory(work, layout, layout.value(work, layout.first, layout.offset))
    except struct.error:
        return block
    inside = directory[_SUB_DIRECTORY].directory if _SUB_DIRECTORY in directory else None
    for held, tags in ((directory, _IN_PIXELS), (inside or {}, _IN_PIXELS_INSIDE)):
        for entry in (held[tag] for tag in tags if tag in held):
            _multiply(work, layout, entry, factor)
    return bytes(work)


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
