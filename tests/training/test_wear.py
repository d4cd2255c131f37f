"""Every kind of damage that is drawn covers some of the photo, leaves most of it, and stays within its tones."""

from __future__ import annotations

import numpy as np
import pytest

from training.damage import wear


@pytest.mark.parametrize("kind", list(wear.KINDS), ids=lambda kind: kind.__name__)
def test_a_kind_covers_a_part(kind):
    ramp = np.linspace(0.2, 0.8, 240, dtype=np.float32)
    image = np.repeat(np.repeat(ramp[None, :, None], 200, 0), 3, 2)
    shares = []
    for seed in range(6):
        damaged, cover = wear.draw(np.random.default_rng(seed), image, kind)
        assert damaged.shape == image.shape
        assert damaged.min() >= 0 and damaged.max() <= 1
        assert not (cover > 0.3).any() or np.abs(damaged - image)[cover > 0.3].max() > 0
        shares.append(float((cover > 0.2).mean()))
    assert max(shares) > 0
    assert np.median(shares) < 0.6
