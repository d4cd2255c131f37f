"""Faded photos: dyes and contrast come back, sound photos stay, in every depth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data
from skimage.color import deltaE_ciede2000, rgb2lab

import daguerre
from benchmarks.fading import WAYS, faded
from daguerre import Photo, Settings
from daguerre.fading.tones import restore_tones
from daguerre.imaging.depth import convert
from daguerre.progress import Track

OFF = {"scratch_removal": False, "denoise": False, "face_enhancement": False}


@pytest.fixture(scope="module")
def sound():
    return np.asarray(cv2.resize(data.astronaut(), (384, 384), interpolation=cv2.INTER_AREA), np.uint8)


def restored(pixels, **settings):
    return daguerre.restore(Photo(pixels, "png"), Settings(**OFF, **settings))


def difference(one, other):
    return float(deltaE_ciede2000(rgb2lab(one), rgb2lab(other)).mean())


@pytest.mark.parametrize("way", ["in the dark", "in the dark, for long", "in light", "slide"])
def test_colors_come_back(sound, way):
    old = faded(sound, way)
    result = restored(old, fading=100)
    assert result.steps == ["fading"]
    assert difference(result.photo.pixels, sound) < 0.7 * difference(old, sound)
    assert result.models["fading"].startswith("embedded/fading@")


def test_sound_photos_stay(sound):
    for photo in (sound, data.coffee(), data.chelsea()):
        result = restored(photo, fading=100)
        assert difference(result.photo.pixels, photo) < 1


def test_faces_are_looked_for_in_faded_photos_only(sound):
    faded_photo = restored(faded(sound, "in the dark, for long"), fading=100)
    assert "face_detection" in faded_photo.models
    assert "face_detection" not in restored(data.coffee(), fading=100).models


def test_strength_goes_part_of_the_way(sound):
    old = faded(sound, "in the dark, for long")
    half, whole = (restored(old, fading=strength).photo.pixels for strength in (50, 100))
    assert 0.25 < difference(half, old) / difference(whole, old) < 0.75


@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_depth_stays_and_is_used(sound, kind):
    old = faded(sound, "in the dark, for long")
    deep = restored(convert(old, kind), fading=100).photo.pixels
    plain = restored(old, fading=100).photo.pixels
    assert deep.dtype == kind
    assert np.abs(convert(deep, "uint8").astype(int) - plain).max() <= 1
    assert len(np.unique(deep)) > 4 * len(np.unique(plain))


def test_nothing_clips(sound):
    old = np.clip(faded(sound, "in the dark"), 2, 253)
    result = restored(convert(old, "uint16"), fading=100).photo.pixels
    assert (result == 65535).mean() < 1e-3


def test_off_unless_asked_for(sound):
    result = restored(faded(sound, "in the dark"))
    assert result.steps == []


def test_a_monochrome_print_gets_its_contrast_back_and_keeps_its_tone(sound):
    gray = cv2.cvtColor(sound, cv2.COLOR_RGB2GRAY)[..., None] / 255
    sepia = np.rint(255 * (np.array([0.35, 0.27, 0.2]) + gray * np.array([0.4, 0.4, 0.36]))).astype(np.uint8)
    result = restored(sepia, fading=100)
    assert result.is_grayscale
    before, after = (rgb2lab(pixels) for pixels in (sepia, result.photo.pixels))
    spread = [np.subtract(*np.percentile(lab[..., 0], (99, 1))) for lab in (before, after)]
    assert spread[1] > 1.5 * spread[0]
    hue = [np.degrees(np.arctan2(lab[..., 2].mean(), lab[..., 1].mean())) for lab in (before, after)]
    assert abs(hue[0] - hue[1]) < 8
    assert (result.photo.pixels < 255).all()


def test_a_tone_is_made_neutral(sound):
    gray = cv2.cvtColor(sound, cv2.COLOR_RGB2GRAY)[..., None] / 255
    sepia = np.rint(255 * gray ** np.array([0.9, 1.0, 1.2])).astype(np.uint8)
    result = restored(sepia, tone="neutral")
    assert result.steps == ["fading"]
    assert np.ptp(result.photo.pixels, axis=2).max() <= 1
    assert abs(rgb2lab(result.photo.pixels)[..., 0].mean() - rgb2lab(sepia)[..., 0].mean()) < 0.5


def test_contrast_that_is_there_stays(sound):
    gray = np.ascontiguousarray(cv2.cvtColor(sound, cv2.COLOR_RGB2GRAY)[..., None])
    assert restore_tones(gray, strength=100, tone="keep", icc=None, track=Track()) is gray


def test_the_drawn_ways_differ(sound):
    for way in WAYS:
        assert difference(faded(sound, way), sound) > 3


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e6])
@pytest.mark.parametrize("is_gray", [False, True])
def test_samples_that_no_photo_has_change_nothing_but_themselves(sound, bad, is_gray):
    old = convert(faded(sound, "in the dark, for long"), "float32")
    if is_gray:
        old = np.repeat(old[..., 1:2], 3, axis=2)
    holed = old.copy()
    holed[::24, ::24] = bad
    plain, other = (restored(pixels, fading=100) for pixels in (old, holed))
    assert (other.steps, other.is_grayscale) == (plain.steps, plain.is_grayscale)
    good = np.isfinite(holed).all(axis=2) & (holed <= 1).all(axis=2)
    assert np.abs(other.photo.pixels - plain.photo.pixels)[good].max() < 0.02
