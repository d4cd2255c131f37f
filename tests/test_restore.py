"""The default pipeline with the embedded networks, through the public door."""

from __future__ import annotations

import numpy as np
import pytest

import daguerre
from daguerre.models.catalog import embedded

ROLES = {network.role for network in embedded.catalog()}


def needs(*roles):
    missing = sorted(set(roles) - ROLES)
    return pytest.mark.skipif(bool(missing), reason=f"no embedded network for {', '.join(missing)}")


def scene(height=260, width=340):
    """Soft shapes in color, ``[H, W, 3]`` in 0..255."""
    random = np.random.default_rng(4)
    y, x = np.mgrid[:height, :width]
    picture = np.stack([80 + 60 * y / height, 90 + 50 * x / width, 120 - 40 * y / height], axis=2)
    for _ in range(12):
        cy, cx, radius = random.random(3) * (height, width, 50)
        inside = np.clip(radius - np.hypot(y - cy, x - cx), 0, 1)[..., None]
        picture = picture * (1 - inside) + random.integers(30, 225, 3) * inside
    return picture


def psnr(first, second):
    return 10 * np.log10(255**2 / np.mean((first.astype(float) - second) ** 2))


def as_photo(picture, dtype=np.uint8):
    scale = {np.uint8: 1, np.uint16: 257, np.float32: 1 / 255}[dtype]
    values = np.clip(picture, 0, 255) * scale
    return daguerre.Photo((values if dtype is np.float32 else np.rint(values)).astype(dtype), "png")


@needs("noise", "denoise")
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_noise_is_measured_and_removed(dtype):
    clean = scene()
    noisy = clean + np.random.default_rng(5).normal(0, 20, clean.shape)
    photo = as_photo(noisy, dtype)
    result = daguerre.restore(photo, scratch_removal=False)
    assert result.steps == ["denoise"]
    assert result.noise_sigma == pytest.approx(20, abs=5)
    assert result.models["denoise"].startswith("embedded/denoise@")
    assert result.photo.pixels.dtype == dtype
    restored = result.photo.pixels * (255 / photo.white)
    assert psnr(restored, clean) > psnr(np.clip(noisy, 0, 255), clean) + 6


@needs("noise", "denoise")
def test_a_clean_photo_comes_back_as_it_went_in():
    photo = as_photo(scene())
    result = daguerre.restore(photo, scratch_removal=False)
    assert result.steps == []
    assert result.photo.pixels is photo.pixels


@needs("noise", "denoise")
def test_gray_in_gray_out():
    level = scene().mean(axis=2, keepdims=True) + np.random.default_rng(5).normal(0, 20, (260, 340, 1))
    result = daguerre.restore(as_photo(np.repeat(level, 3, axis=2)), scratch_removal=False)
    assert result.steps == ["denoise"]
    assert result.is_grayscale
    assert (np.ptp(result.photo.pixels, axis=2) == 0).all()


@needs("inpaint")
def test_a_mask_is_filled_and_the_rest_is_left_alone():
    clean = scene()
    damaged, mask = clean.copy(), np.zeros(clean.shape[:2], bool)
    mask[40:46, 20:300] = mask[60:200, 150:155] = True
    damaged[mask] = 255
    photo = as_photo(damaged)
    events = []
    result = daguerre.restore(photo, mask=mask, denoise=False, on_progress=events.append)
    assert result.steps == ["scratch_removal"]
    assert result.scratch_coverage == round(100 * float(mask.mean()), 2)
    assert result.damage_mask is not None
    assert np.array_equal(result.damage_mask > 0, mask)
    hole = mask[..., None] & np.ones(3, bool)
    assert psnr(result.photo.pixels[hole], clean[hole]) > psnr(photo.pixels[hole], clean[hole]) + 8
    far = np.ones(mask.shape, bool)
    far[30:60, 10:310] = far[50:210, 140:165] = False
    assert np.array_equal(result.photo.pixels[far], photo.pixels[far])
    assert {event.stage for event in events} >= {"Removing scratches..."}


@needs("noise", "denoise", "inpaint")
def test_cancel_stops_real_work():
    token = daguerre.CancelToken()
    noisy = scene() + np.random.default_rng(5).normal(0, 20, (260, 340, 3))
    with pytest.raises(daguerre.Canceled):
        daguerre.restore(as_photo(noisy), scratch_removal=False, cancel=token, on_progress=lambda event: token.cancel())
