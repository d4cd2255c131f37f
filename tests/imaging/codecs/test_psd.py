"""Photoshop documents come back flat, with their samples and resources."""

from io import BytesIO

import numpy as np
import pytest
from PIL import ImageCms
from psd_tools import PSDImage

from daguerre.errors import BrokenImage, ImageTooLarge
from daguerre.imaging.codecs import psd
from daguerre.imaging.color.cmyk import Inks
from daguerre.imaging.photo import Metadata, Photo

RANDOM = np.random.default_rng(3)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("alpha", [False, True])
def test_samples_and_resources_come_back(kind: str, channels: int, alpha: bool) -> None:
    plane = RANDOM.integers(0, np.iinfo(kind).max + 1, (23, 31, channels + 1)).astype(kind)
    told = Metadata(ICC, None, b"<x:xmpmeta/>", b"\x1c\2\0\0\2\0\4", (300.0, 600.0))
    photo = Photo(plane[:, :, :channels].copy(), "psd", plane[:, :, channels].copy() if alpha else None, told)
    data = psd.write(photo, quality=None)
    back = psd.read(data, max_pixels=10**6)
    np.testing.assert_array_equal(back.pixels, photo.pixels)
    assert (back.alpha is None) == (photo.alpha is None)
    if photo.alpha is not None:
        np.testing.assert_array_equal(back.alpha, photo.alpha)
    assert back.metadata == told
    document = PSDImage.open(BytesIO(data))
    assert (document.width, document.height, document.depth) == (31, 23, 8 * plane.dtype.itemsize)


def test_inks_come_back() -> None:
    planes = RANDOM.integers(0, 256, (23, 31, 4)).astype(np.uint8)
    inks = Inks(planes, None)
    photo = psd.read(
        psd.write(Photo(inks.colors(), "psd", coding=psd.PsdCoding(inks=inks)), quality=None), max_pixels=10**6
    )
    np.testing.assert_array_equal(photo.coding.inks.planes, planes)


def test_packed_rows_are_unpacked() -> None:
    document = PSDImage.new("RGB", (40, 30), color=(10, 200, 30))
    file = BytesIO()
    document.save(file)
    photo = psd.read(file.getvalue(), max_pixels=10**6)
    assert np.all(photo.pixels == (10, 200, 30))


def test_bad_input_is_named() -> None:
    good = psd.write(Photo(np.zeros((20, 20, 3), np.uint8), "psd"), quality=None)
    with pytest.raises(ImageTooLarge):
        psd.read(good, max_pixels=100)
    for end in (10, 30, len(good) // 2):
        with pytest.raises(BrokenImage):
            psd.read(good[:end], max_pixels=10**6)
