"""The noisy crops: what is said of the noise is true."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch, which only training needs, is not installed")

from training.denoise.synthesis import Synthesis
from training.pictures import Pack


def pack(gray: bool = False) -> Pack:
    random = np.random.default_rng(0)
    small = random.integers(60, 190, (6, 6, 1 if gray else 3)).astype(np.uint8)
    picture = np.kron(np.repeat(small, 3, 2) if gray else small, np.ones((32, 32, 1), np.uint8))
    return Pack(
        picture.reshape(-1),
        np.array([0]),
        np.array([192]),
        np.array([192]),
        np.array(["bsds500"]),
        np.array(["gray" if gray else "colour"]),
    )


@pytest.mark.parametrize("kind", ["gaussian", "sensor", "grain"])
def test_sigma_is_the_noise_that_was_added(kind: str) -> None:
    synthesis = Synthesis(pack(), 128, 3)
    ratios = []
    for _ in range(20):
        clean = synthesis.crop()
        noisy, sigma = getattr(synthesis, kind)(clean)
        ratios.append(np.sqrt(((noisy - clean) ** 2).mean() / (sigma**2).mean()))
    assert np.median(ratios) == pytest.approx(1, rel=0.05)


def test_jpeg_of_high_quality_is_not_called_noise() -> None:
    synthesis = Synthesis(pack(), 128, 5)
    reported = [
        (float(np.sqrt(((noisy - clean) ** 2).mean())), float(truth.mean()))
        for clean, noisy, _, truth, _ in (synthesis.jpeg(synthesis.crop()) for _ in range(60))
    ]
    assert any(error > 0 and truth == 0 for error, truth in reported)
    assert any(truth > 1 / 255 for _, truth in reported)


def test_noise_of_gray_pictures_is_mostly_gray() -> None:
    synthesis = Synthesis(pack(gray=True), 128, 7)
    shared = 0
    for _ in range(40):
        clean = np.repeat(synthesis.crop()[..., :1], 3, 2)
        noisy, _ = synthesis.gaussian(clean)
        shared += bool((noisy[..., 0] == noisy[..., 1]).all())
    assert 24 <= shared <= 39


def test_batches_have_the_promised_shapes_and_ranges() -> None:
    batch = Synthesis(pack(), 96, 1).batch(12)
    assert batch.clean.shape == batch.noisy.shape == (12, 3, 96, 96)
    assert batch.sigma.shape == batch.truth.shape == (12, 1, 96, 96)
    assert float(batch.clean.min()) >= 0 and float(batch.clean.max()) <= 1
    assert batch.compressed.shape == (12,) and set(batch.compressed.tolist()) <= {0.0, 1.0}
    assert float(batch.sigma.min()) >= 0 and float(batch.sigma.max()) < 0.5


def test_the_same_seed_draws_the_same_batch() -> None:
    first, second = (Synthesis(pack(), 64, 11).batch(4) for _ in range(2))
    assert (first.noisy == second.noisy).all()
