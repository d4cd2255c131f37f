"""TGA: bits that mean no alpha, and the texts that stand around the picture."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from daguerre import imaging

RANDOM = np.random.default_rng(2)


def tga(plane: np.ndarray, attribute_bits: int, text: bytes = b"") -> bytes:
    """``[H, W, 4]`` from the top down, with a number of bits that are said to be alpha."""
    height, width, _ = plane.shape
    head = struct.pack("<BBBHHBHHHHBB", len(text), 0, 2, 0, 0, 0, 0, 0, width, height, 32, 0x20 | attribute_bits)
    return head + text + plane[:, :, [2, 1, 0, 3]].tobytes()


def with_extension(data: bytes, attributes: int) -> bytes:
    area = bytearray(495)
    struct.pack_into("<H", area, 0, 495)
    area[2:6] = b"Anna"
    area[494] = attributes
    return data + bytes(area) + struct.pack("<II", len(data), 0) + b"TRUEVISION-XFILE.\0"


def changed(data: bytes) -> tuple[bytes, list[str]]:
    photo = imaging.open_image(data)
    assert imaging.encode(photo).data == data
    photo.pixels = photo.pixels.copy()
    photo.pixels[0, 0] = 255 - photo.pixels[0, 0]
    encoded = imaging.encode(photo)
    return encoded.data, encoded.warnings


def test_without_attribute_bits_there_is_no_alpha() -> None:
    plane = RANDOM.integers(1, 255, (9, 13, 4), np.uint8)
    plane[:, :, 3] = 0
    photo = imaging.open_image(tga(plane, 0))
    assert photo.alpha is None
    assert np.array_equal(photo.pixels, plane[:, :, :3])
    again, said = changed(tga(plane, 0))
    assert said == []
    assert np.array_equal(np.asarray(Image.open(BytesIO(again)).convert("RGB"))[1:], plane[1:, :, :3])


def test_eight_attribute_bits_are_alpha() -> None:
    plane = RANDOM.integers(1, 255, (9, 13, 4), np.uint8)
    photo = imaging.open_image(tga(plane, 8))
    assert photo.alpha is not None
    assert np.array_equal(photo.alpha, plane[:, :, 3])


@pytest.mark.parametrize(("attributes", "alpha"), [(0, False), (2, False), (3, True), (4, True)])
def test_the_extension_area_tells_what_alpha_is_and_comes_back(attributes: int, alpha: bool) -> None:
    plane = RANDOM.integers(1, 255, (9, 13, 4), np.uint8)
    data = with_extension(tga(plane, 8, b"a caption"), attributes)
    photo = imaging.open_image(data)
    assert (photo.alpha is not None) == alpha
    assert (photo.pixels.mean() > plane[:, :, :3].mean()) == (attributes == 4)
    again, said = changed(data)
    assert bool(said) == (attributes == 4)
    assert b"a caption" in again[18:27]
    place, _ = struct.unpack_from("<II", again, len(again) - 26)
    assert again[place + 2 : place + 6] == b"Anna"
    assert np.array_equal(imaging.open_image(again).pixels[1:], photo.pixels[1:])
