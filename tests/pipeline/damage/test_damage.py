"""The detector: its pyramid, its threshold and the mask it gives."""

import cv2
import numpy as np
import pytest
import skimage.data

from daguerre.models import adapters
from daguerre.models.roles import MaskRule
from daguerre.pipeline import damage
from daguerre.progress import Track

RULE = MaskRule()


@pytest.fixture(scope="module")
def detector(embedded):
    return embedded(adapters.DAMAGE)


def test_more_sensitivity_lowers_the_threshold():
    steps = [damage.threshold(value, RULE) for value in (0, 25, 50, 75, 100)]
    assert steps == sorted(steps, reverse=True)
    assert 0 < steps[-1] < 0.1 < 0.9 < steps[0] < 1


def test_mask_keeps_pieces_with_a_sure_pixel():
    probability = np.zeros((400, 400), np.uint8)
    probability[5, 5:30] = 150
    probability[5, 10] = 250
    probability[20, 5:30] = 150
    probability[30, 5:35] = 255
    mask = damage.to_mask(probability, 50, RULE)
    assert mask[5, 5:30].all()
    assert not mask[20].any()


def test_a_few_sure_pixels_do_not_make_a_photo_damaged():
    probability = np.zeros((40, 40), np.uint8)
    probability[5, 5:15] = 255
    assert not damage.to_mask(probability, 50, RULE).any()
    probability[5, 5:35] = 255
    assert damage.to_mask(probability, 50, RULE).sum() == 30


def test_where_much_is_damaged_more_is_believed():
    probability = np.zeros((200, 200), np.uint8)
    probability[5, 5:60] = 255
    probability[20, 5:60] = 110
    probability[20, 30] = 200
    assert not damage.to_mask(probability, 50, RULE)[20].any()
    probability[100:140, 5:195] = 255
    assert damage.to_mask(probability, 50, RULE)[20, 5:60].all()


def test_a_wide_patch_must_be_surer_than_a_line():
    probability = np.zeros((300, 300), np.uint8)
    probability[5, 5:60] = 255
    probability[20:40, 20:40] = 180
    probability[20, 20:40] = 255
    mask = damage.to_mask(probability, 50, RULE)
    assert mask[5, 5:60].all()
    assert not mask[22:38, 22:38].any()
    probability[20:40, 20:40] = 250
    assert damage.to_mask(probability, 50, RULE)[20:40, 20:40].all()


@pytest.mark.parametrize("turn", range(4))
def test_what_follows_the_border_of_a_scan_is_no_scratch(turn):
    probability = np.zeros((1000, 800), np.uint8)
    probability[3:6, 20:700] = 255
    probability[20:300, 400:403] = 255
    probability = np.ascontiguousarray(np.rot90(probability, turn))
    upright = np.rot90(damage.to_mask(probability, 50, RULE), -turn)
    assert not upright[4, 20:300].any()
    assert upright[20:300, 401].all()
    assert np.rot90(damage.to_mask(probability, 100, RULE), -turn)[4, 20:300].all()


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (33, 47), (700, 531)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_map_has_the_size_of_the_photo(detector, shape, dtype):
    pixels = np.full((*shape, 3), 0.5) * (1 if dtype == np.float32 else np.iinfo(dtype).max)
    found = detector.find(pixels.astype(dtype), 50, Track())
    assert found.shape == shape
    assert found.dtype == np.uint8


def portrait(side):
    """NASA's portrait of Eileen Collins, at the size of a scan."""
    return cv2.resize(skimage.data.astronaut(), (side, side), interpolation=cv2.INTER_CUBIC)


def agreement(found, truth):
    """Share of ``truth`` found and share of ``found`` that is true, within 2 pixels."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    near_found, near_truth = (cv2.dilate(mask.astype(np.uint8), disc) > 0 for mask in (found, truth))
    return float(near_found[truth].mean()), float(near_truth[found].mean()) if found.any() else 0.0


def scratched(picture, width, shade):
    """A wavering line across the picture."""
    height, wide = picture.shape[:2]
    rng = np.random.default_rng(3)
    x = np.linspace(0, wide, 40)
    y = height * 0.35 + 0.2 * x + np.cumsum(rng.normal(0, max(1.0, wide / 400), 40))
    layer = np.zeros((height, wide), np.uint8)
    cv2.polylines(layer, [np.rint(np.stack([x, y], 1)).astype(np.int32)], False, 255, width, cv2.LINE_AA)
    alpha = layer[..., None] / 255.0
    return np.rint(picture * (1 - alpha) + shade * alpha).astype(np.uint8), layer > 100


@pytest.mark.parametrize("width", [3, 8])
def test_a_scratch_on_a_large_scan_is_found(detector, width):
    picture, truth = scratched(portrait(2400), width, 240)
    mask = damage.find(picture, detector, sensitivity=50, track=Track())
    recall, precision = agreement(mask, truth)
    assert recall > 0.9
    assert precision > 0.85


@pytest.mark.xfail(strict=True, reason="even lines as wide as a ribbon are taken for a part of the picture")
def test_a_scratch_of_30_pixels_on_a_large_scan_is_found(detector):
    picture, truth = scratched(portrait(2400), 30, 240)
    mask = damage.find(picture, detector, sensitivity=50, track=Track())
    assert agreement(mask, truth)[0] > 0.5


def test_whiskers_are_no_scratches(detector):
    cat = np.ascontiguousarray(skimage.data.chelsea()[:300, 60:420])
    assert not damage.find(cat, detector, sensitivity=50, track=Track()).any()


@pytest.mark.parametrize("shape", [(100, 90), (600, 500), (1500, 1100), (5000, 40)])
def test_progress_is_told_from_the_first_tile_to_the_last(detector, shape):
    told = []
    detector.find(np.full((*shape, 1), 90, np.uint8), 50, Track(told.append))
    assert told == sorted(told)
    assert told[-1] == 1.0
