"""Coordinates become masks of damage, of what is unknown, and of what must not be touched."""

from __future__ import annotations

import json

import cv2
import numpy as np

from training.damage import truth


def drawn_photo():
    image = np.full((120, 160, 3), 120, np.uint8)
    cv2.line(image, (10, 62), (150, 58), (220, 220, 220), 2)
    cv2.circle(image, (40, 20), 2, (20, 20, 20), -1)
    cv2.circle(image, (100, 20), 2, (20, 20, 20), -1)
    return image


def test_a_rough_stroke_is_pulled_onto_the_scratch():
    damage, _ = truth.draw(drawn_photo(), {"w": [[5, [[12, 60], [80, 62], [148, 57]]]]})
    scratch = drawn_photo()[..., 0] > 200
    assert (damage[scratch] == 255).mean() > 0.9
    assert (damage == 255).sum() < 2.5 * scratch.sum()


def test_specks_are_taken_inside_the_polygon_alone():
    damage, _ = truth.draw(drawn_photo(), {"dust": [["k", 20, 15, 3, 60, [[0, 0], [70, 0], [70, 40], [0, 40]]]]})
    assert damage[20, 40] == 255
    assert damage[20, 100] == 0


def test_what_is_protected_is_never_damaged_or_unknown():
    label = {"area": [[[0, 0], [50, 0], [50, 50], [0, 50]]], "keep": [[[30, 30], [90, 30], [90, 90], [30, 90]]]}
    damage, protect = truth.draw(drawn_photo(), label)
    assert protect[80, 80]
    assert not protect[40, 40]
    assert not (protect & (damage > 0)).any()


def test_outside_of_the_frame_nothing_is_known():
    damage, _ = truth.draw(drawn_photo(), {"frame": [[20, 10], [140, 10], [140, 110], [20, 110]]})
    assert damage[5, 5] == 128
    assert damage[50, 50] == 0


def test_every_label_says_its_kind_and_size_in_numbers():
    every = truth.labels()
    assert len(every) > 200
    for label in every.values():
        assert label["kind"] in ("damaged", "sparse", "clean")
        assert len(label["size"]) == 2
    assert max(len(json.dumps(label)) for label in every.values()) < 100_000
