"""Masks of damage against labelled truth."""

from __future__ import annotations

import numpy as np
import pytest

from training.damage import score


def scene():
    damage = np.zeros((60, 60), np.uint8)
    damage[30, 10:50] = 255
    damage[28:33, 10:50][damage[28:33, 10:50] == 0] = 128
    protect = np.zeros((60, 60), bool)
    protect[45:55, 10:20] = True
    return damage, protect


def test_a_perfect_mask():
    damage, protect = scene()
    counts = score.count(damage == 255, damage, protect)
    assert (counts.recall, counts.precision, counts.f1, counts.harm) == (1, 1, 1, 0)


def test_two_pixels_beside_count_as_found_and_three_do_not():
    damage, protect = scene()
    assert score.count(np.roll(damage == 255, 2, 0), damage, protect).recall == 1
    assert score.count(np.roll(damage == 255, 3, 0), damage, protect).f1 == 0


def test_what_is_masked_on_protected_ground_is_harm():
    damage, protect = scene()
    found = damage == 255
    found[45:50, 10:20] = True
    counts = score.count(found, damage, protect)
    assert counts.harm == pytest.approx(0.5)
    assert counts.wrong == 50


def test_the_unknown_counts_neither_way():
    damage, protect = scene()
    damage[:10] = 128
    found = damage == 255
    found[:10] = True
    assert score.count(found, damage, protect).precision == 1
