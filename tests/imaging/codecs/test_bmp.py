"""BMP keeps its profile, and invents no resolution."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from daguerre import imaging
from daguerre.imaging.codecs import bmp
from tests.imaging.specimens import ICC

PLANE = np.random.default_rng(1).integers(0, 256, (9, 13, 3), np.uint8)


def changed(data: bytes) -> bytes:
    photo = imaging.open_image(data)
    assert imaging.encode(photo).data == data
    photo.pixels = photo.pixels[::-1].copy()
    photo.alpha = None if photo.alpha is None else photo.alpha[::-1].copy()
    encoded = imaging.encode(photo)
    assert encoded.warnings == []
    assert np.array_equal(imaging.open_image(encoded.data).pixels, photo.pixels)
    return encoded.data


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "1", "L"])
def test_a_profile_comes_back(mode: str) -> None:
    plain = imaging.open_image(_saved(Image.fromarray(PLANE).convert(mode)))
    plain.metadata.icc = ICC
    plain.pixels = plain.pixels[::-1].copy()
    data = imaging.encode(plain).data
    assert int.from_bytes(data[14:18], "little") == 124
    again = changed(data)
    assert imaging.open_image(again).metadata.icc is not None
    Image.open(BytesIO(again)).load()


def test_primaries_and_gamma_come_back() -> None:
    space = struct.pack("<I9I3I", 0, *range(1, 10), 1 << 16, 2 << 16, 3 << 16)
    body = PLANE[::-1, :, ::-1]
    body = np.pad(body.reshape(9, 39), ((0, 0), (0, 1))).tobytes()
    head = struct.pack("<IiiHHIIiiII", 40, 13, 9, 1, 24, 0, len(body), 0, 0, 0, 0)
    data = bmp._assembled(head, bytes(16), b"", body, space, None)
    assert np.array_equal(imaging.open_image(data).pixels, PLANE)
    assert space in changed(data)


def test_no_resolution_is_invented() -> None:
    data = bytearray(_saved(Image.fromarray(PLANE)))
    struct.pack_into("<ii", data, 38, 0, 0)
    assert struct.unpack_from("<ii", changed(bytes(data)), 38) == (0, 0)
    struct.pack_into("<ii", data, 38, 11811, 5906)
    assert struct.unpack_from("<ii", changed(bytes(data)), 38) == (11811, 5906)


def _saved(image: Image.Image) -> bytes:
    stream = BytesIO()
    image.save(stream, "BMP")
    return stream.getvalue()


def test_black_and_white_under_a_palette_stay_so() -> None:
    image = Image.fromarray((PLANE[:, :, 0] > 128).astype(np.uint8), "P")
    image.putpalette(bytes((0, 0, 0, 255, 255, 255)).ljust(768, b"\0"))
    data = changed(_saved(image))
    expected = np.asarray(image)[::-1] * 255
    assert np.array_equal(np.asarray(Image.open(BytesIO(data)).convert("L")), expected)
