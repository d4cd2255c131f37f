"""Measuring the noise of drawn scenes with the embedded model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from daguerre.errors import Canceled
from daguerre.models import adapters
from daguerre.models.roles import NoiseEstimator
from daguerre.pipeline.denoise import noise
from daguerre.progress import CancelToken, Track

Bytes = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def estimator(embedded) -> NoiseEstimator:
    return embedded(adapters.NOISE)


@pytest.mark.parametrize("sigma", [12, 20, 30, 45])
def test_independent_noise_is_measured(
    estimator: NoiseEstimator, scene: Callable[..., Bytes], spoil: Callable[..., Bytes], sigma: float
) -> None:
    profile = noise.estimate_noise(spoil(scene(), sigma), estimator, track=Track())
    assert profile.visible
    assert profile.sigma_255 == pytest.approx(sigma, rel=0.12)


def test_gray_noise_is_measured(
    estimator: NoiseEstimator, scene: Callable[..., Bytes], spoil: Callable[..., Bytes]
) -> None:
    gray = scene()[..., 1:2]
    profile = noise.estimate_noise(spoil(gray, 20), estimator, track=Track())
    assert profile.sigma_255 == pytest.approx(20, rel=0.15)


def test_a_clean_scene_has_no_visible_noise(estimator: NoiseEstimator, scene: Callable[..., Bytes]) -> None:
    assert not noise.estimate_noise(scene(), estimator, track=Track()).visible


@pytest.mark.parametrize("shape", [(6000, 100), (100, 6000), (20000, 30)])
def test_long_and_narrow_photos_are_measured(estimator: NoiseEstimator, shape: tuple[int, int]) -> None:
    pixels = np.clip(np.random.default_rng(1).normal(128, 12, (*shape, 1)), 0, 255).astype(np.uint8)
    profile = noise.estimate_noise(pixels, estimator, track=Track())
    assert profile.sigma_255 == pytest.approx(12, rel=0.2)


def test_depth_does_not_matter(
    estimator: NoiseEstimator, scene: Callable[..., Bytes], spoil: Callable[..., Bytes]
) -> None:
    noisy = spoil(scene(), 20)
    eight = noise.estimate_noise(noisy, estimator, track=Track()).sigma_255
    sixteen = noise.estimate_noise(noisy.astype(np.uint16) * 257, estimator, track=Track()).sigma_255
    floating = noise.estimate_noise(noisy.astype(np.float32) / 255, estimator, track=Track()).sigma_255
    assert sixteen == pytest.approx(eight, rel=0.01)
    assert floating == pytest.approx(eight, rel=0.01)


def test_noise_that_grows_with_brightness_is_told_apart(estimator: NoiseEstimator) -> None:
    y, x = np.mgrid[:384, :384]
    ramp = np.repeat((30 + 195 * x / 383)[..., None], 3, 2) + 3 * np.sin(y / 20)[..., None]
    sigma = 6 + 24 * x / 383
    noisy = np.clip(ramp + sigma[..., None] * np.random.default_rng(1).standard_normal(ramp.shape), 0, 255)
    table = noise.estimate_noise(noisy.astype(np.uint8), estimator, track=Track()).table() * 255
    assert table[200] > 1.6 * table[60]


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1, 1), (2, 300, 3), (300, 3, 1), (9, 7, 3)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_tiny_and_constant_photos_have_no_noise(
    estimator: NoiseEstimator, shape: tuple[int, int, int], value: int
) -> None:
    profile = noise.estimate_noise(np.full(shape, value, np.uint8), estimator, track=Track())
    assert np.isfinite(profile.levels).all()
    assert not profile.visible


def test_a_large_photo_costs_no_more_tiles_than_the_limit(estimator: NoiseEstimator) -> None:
    large = np.zeros((3000, 20000, 1), np.uint8)
    fractions: list[float] = []
    noise.estimate_noise(large, estimator, track=Track(fractions.append))
    assert 0 < len(fractions) <= noise.SAMPLES
    assert fractions[-1] == 1.0


def test_cancel_is_obeyed(estimator: NoiseEstimator, scene: Callable[..., Bytes]) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Canceled):
        noise.estimate_noise(scene(), estimator, track=Track(cancel=token))
