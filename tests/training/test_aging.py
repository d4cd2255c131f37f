"""What makes pictures look old does what it says."""

from __future__ import annotations

import numpy as np
import pytest

from training.aging import Look, recode, spill, tone, unit_noise
from training.ahead import make_ahead

PLAIN = Look(0, 0, 0, 0, black=(0, 0), white=(1, 1), gamma=(1, 1))


@pytest.fixture
def picture():
    return np.random.default_rng(0).random((64, 64, 3), np.float32)


def test_a_print_is_gray_toned_or_faded_as_asked(picture):
    rng = np.random.default_rng(1)
    assert np.array_equal(tone(picture, rng, PLAIN), picture)
    for _ in range(20):
        gray = tone(picture, rng, Look(1, 0, 0, 0, (0, 0), (1, 1), (1, 1)))
        assert np.ptp(gray, axis=2).max() == 0
    toned = tone(picture, rng, Look(1, 1, 0, 0, (0, 0), (1, 1), (1, 1)))
    assert np.ptp(toned, axis=2).max() > 0.01
    faded = tone(picture, rng, Look(0, 0, 0, 1, (0.2, 0.2), (0.8, 0.8), (1, 1)))
    assert faded.min() >= 0.2 and faded.max() <= 0.8


@pytest.mark.parametrize("clumped", [0, 1])
def test_noise_has_unit_variance(clumped):
    noise = unit_noise((256, 256, 1), np.random.default_rng(2), clumped, 1.2)
    assert noise.shape == (256, 256, 1) and noise.std() == pytest.approx(1, abs=0.02)
    neighbors = float(np.mean(noise[:, 1:] * noise[:, :-1]))
    assert neighbors > 0.1 if clumped else abs(neighbors) < 0.02


def test_spills_lie_where_their_cover_is(picture):
    cover = np.zeros((1, 64, 64), np.uint8)
    cover[0, :, 10:20] = 255
    plane = picture[..., 0]
    spilled = spill(plane, {"stains": cover}, ("stains",), np.random.default_rng(3), faintest=1)
    assert np.array_equal(spilled[:, 20:], plane[:, 20:])
    assert spilled[:, 10:20].std() < 1e-6


def test_jpeg_errs_more_at_lower_quality(picture):
    off = [float(np.abs(recode(picture, quality) - picture).mean()) for quality in (95, 50, 10)]
    assert off == sorted(off) and off[0] > 0
    assert recode(picture[..., 0], 80).shape == (64, 64)


def test_batches_come_in_their_order():
    count = iter(range(100))
    made = make_ahead(lambda: next(count), depth=2)
    assert [next(made) for _ in range(20)] == list(range(20))
