"""Scans of film negatives: developed near their scenes in every depth, recognized, and never taken from positives."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

import daguerre
from benchmarks.negatives import Film, Scanner, developed, difference, lightness, negative, stretched
from daguerre import Photo, Settings
from daguerre.imaging.color import icc_profile
from daguerre.imaging.depth import convert
from daguerre.negatives import develop
from daguerre.progress import Track
from tests.imaging.profiles import gamma_curve, gray_profile

OFF = {"scratch_removal": False, "denoise": False, "face_enhancement": False}
COLOR = Film((0.2, 0.6, 0.95), (0.58, 0.62, 0.68), -2.3, 0.8, 0.2, 0.06, (0.1, 0.12, 0.08), 0.004)
GRAY = Film((0.2,) * 3, (0.62,) * 3, -2.3, 0.8, 0.2, 0.0, (0.1,) * 3, 0.004)
FILMS = {"color": COLOR, "bw": GRAY}


@pytest.fixture(scope="module")
def scene():
    return np.asarray(cv2.resize(data.astronaut(), (320, 320), interpolation=cv2.INTER_AREA), np.uint8)


def scan(scene, kind, rebate="none", bits=8, gamma=0.0):
    return negative(
        scene, kind, FILMS[kind], Scanner((0.95,) * 3, gamma, bits, rebate), np.random.default_rng(5)
    )  # fmt: skip


def restored(pixels, **settings):
    return daguerre.restore(Photo(pixels, "png"), Settings(**OFF, **settings))


@pytest.mark.parametrize("rebate", ["none", "rebate", "holes", "holder"])
def test_color_comes_near_the_scene_whatever_is_around_the_picture(scene, rebate):
    film, place = scan(scene, "color", rebate)
    result = restored(film, negative="color")
    assert result.steps == ["negative"]
    found = difference(np.ascontiguousarray(result.photo.pixels[place]), scene)
    assert found < 9
    assert found < 0.6 * difference(np.ascontiguousarray(stretched(film)[place]), scene)


def test_what_is_around_the_picture_does_not_set_its_exposure(scene):
    light = {}
    for kind in ("color", "bw"):
        for rebate in ("none", "rebate", "holes", "holder"):
            film, place = scan(scene, kind, rebate)
            light[kind, rebate] = lightness(np.ascontiguousarray(developed(film, kind)[place])).mean()
    for kind in ("color", "bw"):
        values = [value for (one, _), value in light.items() if one == kind]
        assert max(values) - min(values) < 5, light


def test_black_and_white_is_gray_and_keeps_its_tones(scene):
    film, place = scan(scene, "bw", "rebate")
    result = restored(film, negative="bw")
    assert result.is_grayscale
    pixels = result.photo.pixels
    assert pixels.shape == film.shape
    assert np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2])
    assert np.abs(lightness(np.ascontiguousarray(pixels[place])) - lightness(scene)).mean() < 8
    alone = restored(np.ascontiguousarray(film[..., :1]), negative="bw").photo.pixels
    assert alone.shape == (*film.shape[:2], 1)


@pytest.mark.parametrize("kind", ["color", "bw"])
def test_depth_stays_and_nothing_clips(scene, kind):
    film, _ = scan(scene, kind, bits=16)
    for pixels in (film, convert(film, "float32")):
        result = restored(pixels, negative=kind).photo.pixels
        assert result.dtype == pixels.dtype
        white = 65535 if pixels.dtype == np.uint16 else 1
        assert ((result <= 0) | (result >= white)).any(axis=2).mean() < 1e-3
        assert len(np.unique(result[..., 1])) > 15_000


def test_eight_bits_do_not_band(scene):
    ramp = np.tile(np.linspace(40, 220, 600), (200, 1)).astype(np.float32)
    smooth = np.rint(np.repeat(ramp[..., None], 3, axis=2)).astype(np.uint8)
    thin = Film((0.1,) * 3, (0.3,) * 3, -2.3, 0.8, 0.2, 0.0, (0.0,) * 3, 0.0)
    film, _ = negative(smooth, "bw", thin, Scanner((0.6,) * 3, 0.0, 8, "none"), np.random.default_rng(1))
    result = develop(film[..., :1], "bw", icc=None, track=Track())[..., 0]
    assert len(np.unique(result)) > 1.5 * len(np.unique(film[..., :1]))


def test_the_profile_says_what_light_is(scene):
    film, _ = scan(scene, "bw", bits=16)
    light = icc_profile.read_encoding(None).light(film[..., :1].astype(np.float32) / 65535)
    linear = gray_profile(gamma_curve(1.0))
    assert icc_profile.read_encoding(linear).curve is not None
    codes = np.rint(light * 65535).astype(np.uint16)
    told = develop(codes, "bw", icc=linear, track=Track()).astype(np.float32) / 65535
    plain = develop(film[..., :1], "bw", icc=None, track=Track()).astype(np.float32) / 65535
    again = icc_profile.read_encoding(None).codes(np.clip(told, 0, 1))
    assert np.abs(again - plain).mean() < 0.01


@pytest.mark.parametrize("kind", ["color", "bw"])
def test_a_negative_is_recognized_with_its_kind(scene, kind):
    film, _ = scan(scene, kind)
    result = restored(film, negative="auto")
    assert result.steps == ["negative"]
    assert np.array_equal(result.photo.pixels, restored(film, negative=kind).photo.pixels)


def test_perforations_in_clear_film_tell_of_a_negative():
    film, _ = scan(np.ascontiguousarray(data.coffee()[::2, ::2]), "bw", "holes")
    assert restored(film, negative="auto").steps == ["negative"]


def test_an_orange_mask_around_the_picture_tells_of_a_negative():
    for rebate, steps in (("rebate", ["negative"]), ("none", [])):
        film, _ = scan(np.ascontiguousarray(data.coffee()[::2, ::2]), "color", rebate)
        assert restored(film, negative="auto").steps == steps


def test_positives_stay_to_the_bit(scene):
    orange = np.rint(scene * np.array([1, 0.7, 0.45])).astype(np.uint8)
    sepia = np.rint(255 * (scene.mean(2, keepdims=True) / 255) ** np.array([0.8, 1.1, 1.9])).astype(np.uint8)
    for photo in (scene, orange, sepia, data.coffee()[::2, ::2], data.chelsea()[::2, ::2]):
        photo = np.ascontiguousarray(photo)
        result = restored(photo, negative="auto")
        assert result.steps == []
        assert result.photo.pixels is photo or np.array_equal(result.photo.pixels, photo)


def test_what_cannot_be_told_is_left_and_said():
    film, _ = scan(np.ascontiguousarray(data.coffee()[::2, ::2]), "bw")
    result = restored(film, negative="auto")
    assert result.steps == []
    assert any("could not be told whether the photo is a negative" in sentence for sentence in result.warnings)


def test_off_unless_asked_for(scene):
    assert restored(scan(scene, "color")[0]).steps == []


@pytest.mark.parametrize("level", [0, 7, 128, 255])
def test_an_empty_scan_is_no_failure(level):
    for channels in (1, 3):
        blank = np.full((40, 50, channels), level, np.uint8)
        for kind in ("auto", "bw", "color"):
            assert restored(blank, negative=kind).photo.pixels.shape == blank.shape


def test_samples_that_no_scan_has_change_nothing_but_themselves(scene):
    film = convert(scan(scene, "color")[0], "float32")
    holed = film.copy()
    holed[::24, ::24] = np.nan
    holed[5::24, ::24] = 1e6
    plain, other = (restored(pixels, negative="color").photo.pixels for pixels in (film, holed))
    good = np.isfinite(holed).all(axis=2) & (holed <= 1).all(axis=2)
    assert np.abs(other - plain)[good].max() < 0.03
    assert (other[5::24, ::24] < 0.05).all()  # Lighter than clear film is black.
