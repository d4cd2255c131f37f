"""GIF: transparency that nothing uses, and what stands beside the picture."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from daguerre import imaging
from daguerre.imaging.codecs import gif
from tests.imaging.specimens import ICC, XMP


def file(colors: int, **options: object) -> bytes:
    image = Image.fromarray(np.arange(40 * 30, dtype=np.uint32).reshape(30, 40).astype(np.uint8) % colors, "P")
    image.putpalette(bytes(np.random.default_rng(1).integers(0, 256, 768, np.uint8)))
    stream = BytesIO()
    image.save(stream, "GIF", **options)
    return stream.getvalue()


def changed(data: bytes) -> tuple[bytes, list[str]]:
    photo = imaging.open_image(data)
    photo.pixels = photo.pixels[::-1].copy()
    photo.alpha = None if photo.alpha is None else photo.alpha[::-1].copy()
    encoded = imaging.encode(photo)
    assert np.array_equal(imaging.open_image(encoded.data).pixels, photo.pixels)
    return encoded.data, encoded.warnings


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("colors", [10, 255])
def test_a_transparent_index_need_not_be_used(used: bool, colors: int) -> None:
    again, said = changed(file(colors, transparency=3 if used else 255))
    assert said == []
    image = Image.open(BytesIO(again))
    assert np.asarray(image.convert("RGBA"))[:, :, 3].min() == (0 if used else 255)


def test_comments_profile_xmp_and_other_extensions_come_back() -> None:
    data = file(200, comment=b"Grandmother, 1931")
    start = 13 + gif._palette_bytes(data[10])
    other = b"!\xff\x0bSCANNER1 01" + gif._parted(b"settings")
    xmp = b"!\xff\x0bXMP DataXMP" + XMP + gif._TRAILER
    data = data[:start] + other + b"!\xff\x0bICCRGBG1012" + gif._parted(ICC) + xmp + data[start:]
    data = data[:12] + bytes((49,)) + data[13:]
    assert imaging.encode(imaging.open_image(data)).data == data
    again, said = changed(data)
    assert said == []
    told = imaging.open_image(again).metadata
    assert (told.icc, told.xmp, told.comments) == (ICC, XMP, (b"Grandmother, 1931",))
    assert other in again
    assert again[12] == 49
