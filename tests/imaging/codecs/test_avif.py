"""AVIF shows the part of its picture that is meant to be seen."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest

from daguerre import imaging
from daguerre.imaging.containers.isobmff import pack_box, walk_boxes

PLANE = np.linspace(0, 1, 64)[None, :, None] * np.ones((48, 1, 3))


def cropped(data: bytes, width: int, height: int, x: int, y: int) -> bytes:
    """``data``, as libavif writes it, with a clean aperture, ``x`` and ``y`` off the middle."""
    clap = pack_box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, x, 1, y, 1))
    _, start, body, end = next(row for row in walk_boxes(data) if row[0] == b"meta")
    parts = {kind: data[body + 4 + a : body + 4 + b] for kind, a, _, b in walk_boxes(data[body + 4 : end])}
    inner = {kind: parts[b"iprp"][8 + a : 8 + b] for kind, a, _, b in walk_boxes(parts[b"iprp"][8:])}
    number = sum(1 for _ in walk_boxes(inner[b"ipco"][8:])) + 1
    (item, bound) = struct.unpack_from(">HB", inner[b"ipma"], 16)
    rows = struct.pack(">HB", item, bound + 1) + inner[b"ipma"][19 : 19 + bound] + bytes((0x80 | number,))
    ipma = pack_box(b"ipma", inner[b"ipma"][8:16] + rows + inner[b"ipma"][19 + bound :])
    parts[b"iprp"] = pack_box(b"iprp", pack_box(b"ipco", inner[b"ipco"][8:] + clap) + ipma)
    growth = len(clap) + 1
    iloc = parts[b"iloc"]
    (count,) = struct.unpack_from(">H", iloc, 14)
    moved = [(*row[:3], row[3] + growth, row[4]) for row in struct.iter_unpack(">HHHII", iloc[16 : 16 + 14 * count])]
    parts[b"iloc"] = iloc[:16] + b"".join(struct.pack(">HHHII", *row) for row in moved)
    return data[:start] + pack_box(b"meta", data[body : body + 4] + b"".join(parts.values())) + data[end:]


@pytest.mark.parametrize("bits", [8, 10])
def test_the_clean_aperture_is_cropped_to(bits: int) -> None:
    top = (1 << bits) - 1
    stored = np.rint(PLANE * top).astype(np.uint16 if bits > 8 else np.uint8)
    data = bytes(imagecodecs.avif_encode(stored, level=100, bitspersample=bits))
    whole = imaging.open_image(data).pixels
    photo = imaging.open_image(cropped(data, 40, 30, 4, -3))
    assert np.array_equal(photo.pixels, whole[6:36, 16:56])
    assert np.array_equal(imaging.open_image(imaging.encode(photo, format="png").data).pixels[0, 0], whole[6, 16])


def test_an_aperture_that_is_no_part_of_the_picture_is_ignored() -> None:
    data = bytes(imagecodecs.avif_encode(np.rint(PLANE * 255).astype(np.uint8), level=90))
    assert imaging.open_image(cropped(data, 400, 30, 0, 0)).pixels.shape == (48, 64, 3)
