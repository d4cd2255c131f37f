"""Metadata as items of an AVIF file (ISO/IEC 14496-12 and 23008-12), added to what libavif has encoded.

Written by hand: Pillow's encoder takes 8 bits only, and imagecodecs', which takes more, no metadata.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from daguerre.imaging.containers.isobmff import pack_box, walk_boxes
from daguerre.imaging.photo import Metadata

_XMP_TYPE = b"application/rdf+xml"
_NCLX = b"colrnclx"
_HEAD_BYTES = 65536


def read_cicp(data: bytes) -> tuple[int, int] | None:
    """The color primaries and the transfer curve (ITU-T H.273) that the first ``colr`` box of ``data`` names."""
    at = data.find(_NCLX, 0, _HEAD_BYTES)
    if at < 0 or at + 12 > len(data):
        return None
    primaries, transfer = struct.unpack_from(">HH", data, at + 8)
    return primaries, transfer


def read_clean_aperture(data: bytes) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the part of the stored picture that is meant to be seen, where a box names it.

    Its fractions (ISO/IEC 14496-12, section 12.1.4) are rounded to pixels; the first one is taken for the picture's.
    """
    at, spatial = data.find(b"clap", 0, _HEAD_BYTES), data.find(b"ispe", 0, _HEAD_BYTES)
    if at < 0 or spatial < 0 or at + 36 > len(data) or spatial + 16 > len(data):
        return None
    width, height = struct.unpack_from(">II", data, spatial + 8)
    values = struct.unpack_from(">IIIIiIiI", data, at + 4)
    if 0 in values[1::2]:
        return None
    across, down, x, y = (over / under for over, under in zip(values[::2], values[1::2], strict=True))
    left, top = (width - across) / 2 + x, (height - down) / 2 + y
    box = round(left), round(top), round(left + across), round(top + down)
    inside = 0 <= box[0] < box[2] <= width and 0 <= box[1] < box[3] <= height
    return box if inside and box != (0, 0, width, height) else None


def has_gain_map(data: bytes) -> bool:
    """Whether a second picture tells how to brighten the first (ISO 21496-1)."""
    return b"tmap" in data[:_HEAD_BYTES]


def set_cicp(data: bytes, named: tuple[int, int] | None) -> bytes:
    """``data`` whose first ``colr`` box names these primaries and this curve; the matrix stays the encoder's."""
    at = data.find(_NCLX, 0, _HEAD_BYTES)
    if named is None or at < 0:
        return data
    return data[: at + 8] + struct.pack(">HH", *named) + data[at + 12 :]


def embed_metadata(data: bytes, metadata: Metadata) -> bytes:
    """``data``, as libavif writes it without metadata, with the profile, EXIF and XMP of ``metadata``.

    Raises ValueError where its boxes are not of the versions that libavif writes.
    """
    payloads = [
        (kind, suffix, body)
        for kind, suffix, body in (
            (b"Exif", b"", metadata.exif and bytes(4) + metadata.exif),
            (b"mime", _XMP_TYPE + b"\0", metadata.xmp),
        )
        if body
    ]
    _, start, body, end = next(row for row in walk_boxes(data) if row[0] == b"meta")
    meta = data[body:end]
    # The places of items are of a fixed width: a first pass tells how far everything moves.
    growth = len(_meta(meta, metadata.icc, payloads, 0, 0)) - (end - start)
    new = _meta(meta, metadata.icc, payloads, growth, len(data) + growth + 8)
    tail = pack_box(b"mdat", b"".join(body for _, _, body in payloads)) if payloads else b""
    return data[:start] + new + data[end:] + tail


def _meta(meta: bytes, icc: bytes | None, payloads: list[tuple[bytes, bytes, bytes]], growth: int, at: int) -> bytes:
    """The box with further items that lie at ``at``, one behind the other; those that it has move by ``growth``."""
    parts = {kind: meta[4 + start : 4 + end] for kind, start, _, end in walk_boxes(meta[4:])}
    (primary,) = struct.unpack_from(">H", parts[b"pitm"], 12)
    count, known = _items(parts[b"iloc"])
    first = max(number for number, _, _ in known) + 1
    places = [(number, place + growth, length) for number, place, length in known]
    infos, links = b"", b""
    for number, (kind, suffix, body) in enumerate(payloads, first):
        places.append((number, at, len(body)))
        at += len(body)
        infos += pack_box(b"infe", b"\2\0\0\0" + struct.pack(">HH", number, 0) + kind + b"\0" + suffix)
        links += pack_box(b"cdsc", struct.pack(">HHH", number, 1, primary))
    rows = b"".join(struct.pack(">HHHII", number, 0, 1, place, length) for number, place, length in places)
    parts[b"iloc"] = pack_box(b"iloc", bytes(4) + b"\x44\0" + struct.pack(">H", len(places)) + rows)
    parts[b"iinf"] = pack_box(
        b"iinf", parts[b"iinf"][8:12] + struct.pack(">H", count + len(payloads)) + parts[b"iinf"][14:] + infos
    )
    if links:
        parts[b"iref"] = pack_box(b"iref", (parts[b"iref"][8:] if b"iref" in parts else bytes(4)) + links)
    if icc:
        parts[b"iprp"] = _with_profile(parts[b"iprp"], icc, primary)
    return pack_box(b"meta", meta[:4] + b"".join(parts.values()))


def _items(iloc: bytes) -> tuple[int, list[tuple[int, int, int]]]:
    """The number of items, and the id, place and length of each."""
    if iloc[8:14] != b"\0\0\0\0\x44\0":
        raise ValueError("an item location box of another layout")
    (count,) = struct.unpack_from(">H", iloc, 14)
    rows = list(struct.iter_unpack(">HHHII", iloc[16 : 16 + 14 * count]))
    if any(extents != 1 for _, _, extents, _, _ in rows):
        raise ValueError("an item in several parts")
    return count, [(number, place, length) for number, _, _, place, length in rows]


def _with_profile(iprp: bytes, icc: bytes, primary: int) -> bytes:
    """The properties with the profile, bound to the item ``primary``."""
    parts = {kind: iprp[8 + start : 8 + end] for kind, start, _, end in walk_boxes(iprp[8:])}
    container, bound = parts[b"ipco"], parts[b"ipma"]
    index = sum(1 for _ in walk_boxes(container[8:])) + 1
    if bound[8:12] != bytes(4) or index > 127:
        raise ValueError("a property association box of another layout")
    (count,) = struct.unpack_from(">I", bound, 12)
    rows = b"".join(_bindings(bound[16:], count, primary, index))
    container = pack_box(b"ipco", container[8:] + pack_box(b"colr", b"prof" + icc))
    return pack_box(b"iprp", container + pack_box(b"ipma", bytes(4) + struct.pack(">I", count) + rows))


def _bindings(rows: bytes, count: int, primary: int, index: int) -> Iterator[bytes]:
    at = 0
    for _ in range(count):
        number, size = struct.unpack_from(">HB", rows, at)
        bound = rows[at + 3 : at + 3 + size]
        at += 3 + size
        bound += bytes((index,)) if number == primary else b""
        yield struct.pack(">HB", number, len(bound)) + bound
