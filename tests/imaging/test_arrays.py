"""NumPy arrays and PIL images as photos, and back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import daguerre
from daguerre.imaging import arrays

RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, ">u2", np.float16, np.float32, np.float64, bool])
def test_an_array_comes_back_as_it_went_in(shape, dtype):
    kind = np.dtype(dtype)
    values = RANDOM.random(shape) if kind.kind == "f" else RANDOM.integers(0, 2 if kind.kind == "b" else 256, shape)
    array = values.astype(kind)
    back = np.asarray(daguerre.open(array))
    expected = array.squeeze(2) if shape == (5, 7, 1) else array
    if kind.kind == "b":
        expected = expected.astype(np.uint8) * 255
    assert back.shape == expected.shape
    assert back.dtype == {"b": np.uint8, "f": np.float32}.get(kind.kind, kind.newbyteorder("="))
    assert np.array_equal(back, expected.astype(np.float32) if kind.kind == "f" else expected)


def test_a_photo_has_pixels_of_its_own():
    array = np.zeros((4, 4), np.uint8)
    photo = daguerre.open(array)
    array[:] = 9
    assert not np.asarray(photo).any()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 3, 5), np.uint8), "2 x 3 x 5"),
        (np.zeros(7, np.uint8), "not a picture"),
        (np.zeros((0, 3), np.uint8), "empty"),
        (np.zeros((2, 3), np.int64), "int64"),
        (np.zeros((2, 3), np.complex64), "complex64"),
        (np.zeros((2, 3), object), "object"),
        (np.full((2, 3), 200.0), "from 0 .black. to 1"),
    ],
)
def test_an_array_that_is_no_picture_is_named(array, words):
    with pytest.raises(daguerre.InvalidImage, match=words):
        daguerre.open(array)


def test_highlights_of_floats_may_exceed_white():
    assert np.asarray(daguerre.open(np.array([[0.1, 0.2, 4.0]], np.float32))).max() == 4


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"])
def test_images_of_every_mode_are_taken(mode):
    image = Image.fromarray(RANDOM.integers(0, 256, (6, 9, 3), np.uint8)).convert("RGB")
    image = image.convert("L").convert("LA").convert("PA") if mode == "PA" else _converted(image, mode)
    photo = daguerre.open(image)
    assert (photo.width, photo.height) == (9, 6)
    assert bool(photo.warnings) == (mode in ("CMYK", "YCbCr", "LAB", "HSV"))
    assert photo.image.size == (9, 6)


def _converted(image, mode):
    if mode != "LAB":
        return image.convert(mode)
    from PIL import ImageCms

    made = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    return ImageCms.applyTransform(image, made)


def test_deep_images_keep_their_depth():
    deep = RANDOM.integers(0, 65536, (6, 9), np.uint16)
    assert np.array_equal(np.asarray(daguerre.open(Image.fromarray(deep))), deep)
    assert np.array_equal(np.asarray(daguerre.open(Image.fromarray(deep.astype(np.int32)))), deep)
    light = RANDOM.random((6, 9)).astype(np.float32)
    assert np.array_equal(np.asarray(daguerre.open(Image.fromarray(light))), light)
    with pytest.raises(daguerre.InvalidImage, match="65535"):
        daguerre.open(Image.fromarray(np.full((2, 2), 70000, np.int32)))
    assert daguerre.open(deep).image.mode == "I;16"


def test_an_image_is_turned_upright_and_keeps_its_profile(tmp_path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (9, 6), (200, 10, 10)).save(tmp_path / "a.jpg", exif=exif, icc_profile=profile, dpi=(300, 300))
    with Image.open(tmp_path / "a.jpg") as image:
        photo = daguerre.open(image)
    assert (photo.width, photo.height) == (6, 9)
    assert photo.metadata.icc == profile
    again = photo.image
    assert again.info["icc_profile"] == profile
    assert again.getexif()[0x0112] == 1
    again.save(tmp_path / "b.png")


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int32, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3), (4, 5, 4)])
def test_a_mask_of_ones_marks_what_it_says(dtype, shape):
    mask = np.zeros(shape, dtype)
    mask[1, 2] = 1
    marked = arrays.mask_of(mask)
    assert marked.shape == (4, 5)
    assert marked.sum() == 1 and marked[1, 2]


@pytest.mark.parametrize(("dtype", "white"), [(np.int64, 255), (np.uint16, 255), (np.uint16, 65535), (np.float32, 255)])
def test_white_is_what_the_mask_shows_it_to_be(dtype, white):
    mask = np.full((4, 5), white * 0.4).astype(dtype)
    mask[0] = white
    assert np.array_equal(arrays.mask_of(mask), mask == white)


def test_what_is_transparent_is_not_damaged():
    mask = np.full((4, 5, 4), 255, np.uint8)
    mask[0, :, 3] = 0
    assert arrays.mask_of(mask).sum() == 15


@pytest.mark.parametrize("mask", [np.zeros(5), np.zeros((2, 2, 7)), np.zeros((2, 2), object), np.zeros((0, 3), bool)])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(daguerre.InvalidMask):
        arrays.mask_of(mask)
