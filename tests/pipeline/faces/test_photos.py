"""Faces in photos of other depths, with grain and texture, and large ones."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

import daguerre
from daguerre import Settings
from daguerre.config import Config
from daguerre.pipeline.faces import alignment

ONLY_FACES = Settings(scratch_removal=False, denoise=False)
FACE = np.s_[70:160, 185:265]


@pytest.fixture(scope="module")
def restorer():
    return daguerre.Restorer(config=Config(threads=2))


@pytest.fixture(scope="module")
def blurred():
    return cv2.GaussianBlur(data.astronaut(), (0, 0), 3.0)


def restored(restorer, pixels, **settings):
    result = restorer.restore(daguerre.Photo(pixels, "png"), ONLY_FACES, **settings)
    assert result.faces and result.faces[0].enhanced
    return result.photo.pixels


def fine(picture):
    gray = picture.astype(np.float32).mean(2)
    return float((gray - cv2.GaussianBlur(gray, (0, 0), 1.0))[FACE].std())


def test_all_depths_get_the_same_face(restorer, blurred):
    eight = restored(restorer, blurred)
    sixteen = restored(restorer, blurred.astype(np.uint16) * 257)
    floating = restored(restorer, blurred.astype(np.float32) / 255)
    assert sixteen.dtype == np.uint16 and floating.dtype == np.float32
    for other in (sixteen / 257, floating * 255):
        assert np.abs(other - eight).max() < 6  # grain falls elsewhere
        assert np.abs(other - eight)[FACE].mean() < 0.5


def test_highlights_and_pixels_that_are_no_numbers_stay(restorer, blurred):
    pixels = blurred.astype(np.float32) / 255
    pixels[85:88, 210:213] = np.nan
    pixels[150:152, 220:222] = 3.0
    after = restored(restorer, pixels)
    assert np.isnan(after[85:88, 210:213]).all()
    assert np.isfinite(after).sum() == np.isfinite(pixels).sum()
    assert after[150:152, 220:222].min() > 2.5


def test_texture_around_a_face_is_not_laid_over_it(restorer, blurred):
    noise = np.random.default_rng(0).normal(0, 10, blurred.shape[:2])
    y, x = np.mgrid[: blurred.shape[0], : blurred.shape[1]]
    noise[np.hypot((x - 225) / 60, (y - 115) / 75) < 1] = 0
    textured = np.clip(blurred + noise[..., None], 0, 255).astype(np.uint8)
    assert fine(restored(restorer, textured, fidelity=0.9)) < fine(restored(restorer, blurred, fidelity=0.9)) + 0.5


def test_a_grainy_face_keeps_its_grain(restorer, blurred):
    noise = np.random.default_rng(0).normal(0, 7, blurred.shape[:2])
    grainy = np.clip(np.rint(blurred + noise[..., None]), 0, 255).astype(np.uint8)
    smoothed, kept = (fine(restored(restorer, grainy, fidelity=fidelity)) for fidelity in (0, 1))
    assert smoothed < 0.7 * fine(grainy) < kept < 1.2 * fine(grainy)


def test_a_face_that_is_changed_in_bands_is_the_same(restorer, blurred, monkeypatch):
    whole = restored(restorer, blurred)
    monkeypatch.setattr(alignment, "_BAND", 2000)
    assert np.abs(restored(restorer, blurred).astype(int) - whole).max() <= 2


def test_bands_cover_a_region_once():
    part = alignment.Region(3, 5, 1003, 9005)
    bands = part.bands()
    assert len(bands) > 2
    assert [band.top for band in bands] == [3, *(band.bottom for band in bands[:-1])]
    assert bands[-1].bottom == 1003 and {band.size[0] for band in bands} == {9000}


def test_faces_are_chosen_on_the_first_page(restorer, blurred):
    photo = daguerre.Photo(blurred, "tiff", pages=[daguerre.Photo(blurred, "tiff")])
    result = restorer.restore(photo, ONLY_FACES, faces=[0])
    assert not np.array_equal(result.photo.pixels, blurred)
    assert np.array_equal(result.photo.pages[0].pixels, blurred)
