"""Monochrome photos are told from color, on drawn scenes."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from daguerre.models import adapters
from daguerre.pipeline.monochrome import Tone, judge_tone


@functools.cache
def scene(size: int, seed: int = 3) -> np.ndarray:
    """Soft shapes of many brightnesses, ``[size, size]`` in 0..1."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    picture = 0.25 + 0.5 * y
    for _ in range(25):
        cy, cx, radius, level = random.random(4)
        inside = np.clip((0.03 + 0.15 * radius - np.hypot(y - cy, x - cx)) * size, 0, 1)
        picture = picture * (1 - inside) + level * inside
    return picture.astype(np.float32)


def colorful(size: int) -> np.ndarray:
    return np.stack([scene(size, seed) for seed in (3, 4, 5)], axis=2)


def sepia(level: np.ndarray) -> np.ndarray:
    return np.stack([0.12 + 0.86 * level, 0.07 + 0.8 * level**1.05, 0.02 + 0.66 * level**1.2], axis=2)


def as_type(picture: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "float32":
        return picture.astype(np.float32)
    return np.rint(np.clip(picture, 0, 1) * np.iinfo(dtype).max).astype(dtype)


@pytest.fixture(scope="module")
def judge(embedded):
    return embedded(adapters.MONOCHROME)


SIZES = [1, 2, 9, 32, 200, 1000]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("size", SIZES)
def test_gray_of_every_size_and_depth_needs_no_judge(size, dtype):
    level = scene(size)
    assert judge_tone(as_type(level[:, :, None], dtype), None) is Tone.MONOCHROME
    assert judge_tone(as_type(np.repeat(level[:, :, None], 3, axis=2), dtype), None) is Tone.MONOCHROME


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("size", [32, 200, 1000])
def test_color_and_sepia(judge, size, dtype):
    assert judge_tone(as_type(sepia(scene(size)), dtype), judge) is Tone.MONOCHROME
    assert judge_tone(as_type(colorful(size), dtype), judge) is Tone.COLOR
    muted = colorful(size)
    muted = muted.mean(axis=2, keepdims=True) * 0.6 + muted * 0.4
    assert judge_tone(as_type(muted, dtype), judge) is Tone.COLOR


def test_a_colored_stain_does_not_color_a_photo(judge):
    picture = sepia(scene(400))
    y, x = np.mgrid[:400, :400]
    stained = np.hypot(y - 120, x - 260) < 70
    picture[stained] *= np.array([0.5, 0.7, 1.0])
    assert judge_tone(as_type(picture, "uint8"), judge) is Tone.MONOCHROME


def test_one_red_thing_in_a_gray_scene_makes_a_color_photo(judge):
    picture = np.repeat(scene(400)[:, :, None], 3, axis=2)
    picture[150:260, 120:280] *= np.array([1.2, 0.25, 0.2])
    assert judge_tone(as_type(picture, "uint8"), judge) is not Tone.MONOCHROME


def test_without_a_judge_what_has_color_is_unsure():
    assert judge_tone(as_type(sepia(scene(100)), "uint8"), None) is Tone.UNSURE


def test_more_color_than_any_toning_has_is_never_monochrome():
    blue = np.stack([scene(200) * 0.1, scene(200) * 0.2, 0.4 + 0.6 * scene(200)], axis=2)
    assert judge_tone(as_type(blue, "uint8"), lambda planes: 20.0) is Tone.UNSURE


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (3, 3), (1, 500), (20000, 2)])
def test_extreme_shapes_get_an_answer(judge, shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    assert judge_tone(pixels, judge) in Tone


def test_pixels_that_are_not_numbers_get_an_answer(judge):
    picture = np.full((50, 50, 3), 0.5, np.float32)
    picture[:10] = np.nan
    assert judge_tone(picture, judge) is Tone.MONOCHROME
