"""The drawn wounds: what is called damaged was changed, and what was not changed is not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from training.damage import wounds
from training.damage.synthesis import KINDS, damaged, visible, wound

Bytes = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def bank() -> dict[str, Bytes]:
    drawn = {
        kind: np.stack([wounds.draw(kind, np.random.default_rng((1, k))) for k in range(2)]) for kind in wounds.DRAWN
    }
    # The annotated film and the cut-out shapes are not part of the project.
    return drawn | dict.fromkeys(wounds.REAL, drawn["dust"])


def picture(side: int = 256) -> Bytes:
    y, x = np.mgrid[:side, :side]
    return np.stack([60 + 100 * y / side, 90 + 60 * x / side, 150 - 80 * y / side], 2).astype(np.uint8)


def test_every_kind_that_is_used_can_be_drawn() -> None:
    assert set(KINDS) == {*wounds.DRAWN, *wounds.REAL}


@pytest.mark.parametrize("kind", list(wounds.DRAWN))
def test_a_cover_is_part_of_the_photo_and_the_same_for_the_same_seed(kind: str) -> None:
    covers = [wounds.draw(kind, np.random.default_rng(seed)) for seed in range(8)]
    assert all(cover.shape == (wounds.SIDE, wounds.SIDE) and cover.dtype == np.uint8 for cover in covers)
    assert max(float((cover > 60).mean()) for cover in covers) > 0.0005
    assert np.median([(cover > 60).mean() for cover in covers]) < 0.5
    assert (wounds.draw(kind, np.random.default_rng(3)) == covers[3]).all()


def test_only_what_a_wound_covers_is_changed(bank: dict[str, Bytes]) -> None:
    before = picture().astype(np.float32) / 255
    for seed in range(12):
        after, cover = wound(before, "hairs", bank, np.random.default_rng(seed))
        assert (after[cover == 0] == before[cover == 0]).all()
        assert cover.min() >= 0 and cover.max() <= 1


def test_truth_is_where_a_change_can_be_seen() -> None:
    before = np.full((64, 64, 3), 0.5, np.float32)
    cover = np.zeros((64, 64), np.float32)
    cover[20:30] = 1
    clear, faint = before.copy(), before.copy()
    clear[20:30] += 0.3
    faint[20:30] += 0.01
    truth, unsure = visible(before, clear, cover, 0.0)
    assert truth[20:30].all() and truth[:20].sum() == 0 and unsure.sum() == 0
    truth, unsure = visible(before, faint, cover, 0.0)
    assert truth.sum() == 0 and unsure[20:30].all()


def test_damaged_photos_have_a_truth_and_some_are_whole(bank: dict[str, Bytes]) -> None:
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(40):
        image, truth, unsure = damaged(picture(), bank, rng)
        assert image.shape == (256, 256, 3) and image.dtype == np.float32
        assert image.min() >= 0 and image.max() <= 1
        assert not (truth & unsure).any()
        shares.append(float(truth.mean()))
    whole = sum(share == 0 for share in shares)
    assert 4 <= whole <= 20
    assert np.mean(shares) > 0.01
