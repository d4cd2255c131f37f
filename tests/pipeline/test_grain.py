"""Grain: measured as it is, laid only where something was filled in, and none where there is none."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from daguerre.pipeline import grain


def gray(sigma_255: float, spread: float = 0.0, seed: int = 0) -> npt.NDArray[np.uint8]:
    """A gentle ramp with grain."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((400, 500)).astype(np.float32)
    if spread:
        noise = cv2.GaussianBlur(noise, (0, 0), spread)
        noise /= noise.std()
    ramp = np.linspace(70, 180, 500)[None, :]
    return np.clip(np.rint(ramp + noise * sigma_255), 0, 255).astype(np.uint8)[..., None]


def masked() -> npt.NDArray[np.bool_]:
    mask = np.zeros((400, 500), bool)
    mask[100:200, 100:300] = True
    return mask


@pytest.mark.parametrize("sigma", [4.0, 10.0])
def test_white_grain_is_measured(sigma: float) -> None:
    found = grain.measure(gray(sigma), masked())
    assert found.visible
    assert found.shared.mean() * 255 == pytest.approx(sigma, rel=0.2)
    assert found.spread < 0.4


def test_coarse_grain_is_told_from_fine() -> None:
    assert grain.measure(gray(8, spread=1.0), masked()).spread > 0.55


def test_damage_is_not_taken_for_grain() -> None:
    photo, mask = gray(0), np.ones((400, 500), bool)
    mask[:, :28] = False
    photo[mask] = np.random.default_rng(1).integers(0, 256, (int(mask.sum()), 1))
    assert not grain.measure(photo, mask).visible


def test_a_clean_fill_stays_clean() -> None:
    found = grain.measure(gray(0), masked())
    image = np.full((64, 64, 3), 0.5, np.float32)
    assert np.array_equal(grain.add(image, np.ones((64, 64), bool), found, 0, 0), image)


def test_the_fill_becomes_as_grainy_as_the_photo() -> None:
    found = grain.measure(gray(8), masked())
    image = np.full((128, 128, 3), 0.5, np.float32)
    fill = np.zeros((128, 128), bool)
    fill[20:100, 20:100] = True
    laid = grain.add(image, fill, found, 40, 80)
    assert laid[fill].mean(1).std() * 255 == pytest.approx(8, rel=0.25)
    assert np.array_equal(laid[~fill], image[~fill])


def test_overlapping_windows_get_the_same_grain() -> None:
    found = grain.measure(gray(8), masked())
    image = np.full((128, 128, 3), 0.5, np.float32)
    everywhere = np.ones((128, 128), bool)
    one = grain.add(image, everywhere, found, 0, 0)
    other = grain.add(image, everywhere, found, 300, 64)
    # Row 300 of the photo shows what row 44 does: the grain repeats every 256 pixels.
    assert np.allclose(one[60:110, 80:112], other[16:66, 16:48], atol=1e-6)
