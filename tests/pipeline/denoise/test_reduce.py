"""Taking noise out of drawn scenes with the embedded models."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from daguerre.errors import Canceled
from daguerre.models import adapters
from daguerre.models.roles import NoiseEstimator
from daguerre.pipeline.denoise import NoiseReducer, noise
from daguerre.progress import CancelToken, Track

Bytes = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def estimator(embedded) -> NoiseEstimator:
    return embedded(adapters.NOISE)


@pytest.fixture(scope="module")
def reducer(embedded, estimator) -> NoiseReducer:
    return NoiseReducer(embedded(adapters.DENOISE), estimator)


def flat(sigma: float) -> noise.NoiseProfile:
    return noise.NoiseProfile(sigma, (sigma,) * noise.BINS, sigma)


def error(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    return float(np.sqrt(np.mean((first.astype(np.float64) - second) ** 2)))


@pytest.mark.parametrize("sigma", [15, 25, 50])
def test_most_of_the_noise_goes(
    reducer: NoiseReducer, scene: Callable[..., Bytes], spoil: Callable[..., Bytes], sigma: float
) -> None:
    picture = scene()
    noisy = spoil(picture, sigma)
    cleaned = reducer.reduce(noisy, flat(sigma), strength=25, track=Track())
    assert cleaned.shape == noisy.shape and cleaned.dtype == noisy.dtype
    assert error(cleaned, picture) < 0.4 * error(noisy, picture)


@pytest.mark.parametrize("quality", [10, 15])
def test_the_errors_of_a_poor_jpeg_go(
    reducer: NoiseReducer, estimator: NoiseEstimator, scene: Callable[..., Bytes], quality: int
) -> None:
    picture = scene()
    code = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    blocky = np.ascontiguousarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1])
    profile = noise.estimate_noise(blocky, estimator, track=Track())
    assert profile.compressed and profile.visible
    cleaned = reducer.reduce(blocky, profile, strength=25, track=Track())
    assert error(cleaned, picture) < error(blocky, picture)


def test_a_good_jpeg_is_left_alone(estimator: NoiseEstimator, scene: Callable[..., Bytes]) -> None:
    code = cv2.imencode(".jpg", scene()[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    assert not noise.estimate_noise(cv2.imdecode(code, cv2.IMREAD_COLOR), estimator, track=Track()).visible


def test_gray_stays_gray_and_loses_its_noise(
    reducer: NoiseReducer, scene: Callable[..., Bytes], spoil: Callable[..., Bytes]
) -> None:
    picture = scene()[..., 1:2]
    noisy = spoil(picture, 25)
    cleaned = reducer.reduce(noisy, flat(25), strength=25, track=Track())
    assert cleaned.shape == picture.shape
    assert error(cleaned, picture) < 0.5 * error(noisy, picture)


def test_strength_zero_and_invisible_noise_change_nothing(
    reducer: NoiseReducer, scene: Callable[..., Bytes], spoil: Callable[..., Bytes]
) -> None:
    noisy = spoil(scene(), 25)
    assert reducer.reduce(noisy, flat(25), strength=0, track=Track()) is noisy
    assert reducer.reduce(noisy, flat(1), strength=100, track=Track()) is noisy


def test_more_strength_never_leaves_more_noise(reducer: NoiseReducer, spoil: Callable[..., Bytes]) -> None:
    picture = np.full((160, 160, 3), (150, 120, 100), np.uint8)
    noisy = spoil(picture, 20)
    left = [
        float(reducer.reduce(noisy, flat(20), strength=value, track=Track()).astype(float).std((0, 1)).mean())
        for value in (0, 5, 10, 20, 25, 40, 60, 80, 100)
    ]
    assert all(after <= before + 0.05 for before, after in itertools.pairwise(left)), left
    assert left[4] < 0.25 * left[0]


def test_strength_below_the_default_puts_noise_back(
    reducer: NoiseReducer, scene: Callable[..., Bytes], spoil: Callable[..., Bytes]
) -> None:
    noisy = spoil(scene(), 20).astype(np.float32) / 255
    full = reducer.reduce(noisy, flat(20), strength=25, track=Track())
    half = reducer.reduce(noisy, flat(20), strength=12.5, track=Track())
    assert np.allclose(half, (full + noisy) / 2, atol=2e-3)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_depth_is_kept(
    reducer: NoiseReducer, scene: Callable[..., Bytes], spoil: Callable[..., Bytes], dtype: str
) -> None:
    picture, noisy = scene(), spoil(scene(), 25)
    scale = 257 if dtype == "uint16" else 1 / 255
    deep = (noisy * np.float64(scale)).astype(dtype)
    cleaned = reducer.reduce(deep, flat(25), strength=25, track=Track())
    assert cleaned.dtype == deep.dtype
    assert error(cleaned / scale, picture) < 0.4 * error(noisy, picture)


def test_tiles_leave_no_seams(
    reducer: NoiseReducer,
    scene: Callable[..., Bytes],
    spoil: Callable[..., Bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noisy = spoil(scene(480, 500), 30)
    whole = reducer.reduce(noisy, flat(30), strength=25, track=Track())
    small = dataclasses.replace(reducer.denoiser.tiling, tile=192)
    monkeypatch.setattr(reducer.denoiser, "tiling", small)
    tiled = reducer.reduce(noisy, flat(30), strength=25, track=Track())
    assert error(whole, tiled) < 0.5
    assert np.abs(whole.astype(int) - tiled).max() <= 12


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1, 1), (5, 301, 3), (300, 2, 1)])
def test_any_shape_passes(reducer: NoiseReducer, shape: tuple[int, int, int]) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert reducer.reduce(noisy, flat(30), strength=25, track=Track()).shape == shape


def test_cancel_is_obeyed(reducer: NoiseReducer, scene: Callable[..., Bytes], spoil: Callable[..., Bytes]) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Canceled):
        reducer.reduce(spoil(scene(), 20), flat(20), strength=25, track=Track(cancel=token))
