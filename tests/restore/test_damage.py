"""The detector: its pyramid, its threshold and the mask it gives."""

import numpy as np
import pytest

from daguerre.models.session import Session
from daguerre.models.store import EMBEDDED
from daguerre.restore import damage
from daguerre.restore.progress import Track


@pytest.fixture(scope="module")
def network():
    return Session(EMBEDDED / "damage.onnx", threads=1)


def test_more_sensitivity_lowers_the_threshold():
    steps = [damage.threshold(value) for value in (0, 25, 50, 75, 100)]
    assert steps == sorted(steps, reverse=True)
    assert 0 < steps[-1] < 0.1 < 0.9 < steps[0] < 1


def test_mask_keeps_pieces_with_a_sure_pixel():
    probability = np.zeros((40, 40), np.uint8)
    probability[5, 5:30] = 150
    probability[5, 10] = 250
    probability[20, 5:30] = 150
    probability[30, 5:35] = 255
    mask = damage.mask_of(probability, 50)
    assert mask[5, 5:30].all()
    assert not mask[20].any()


def test_a_few_sure_pixels_do_not_make_a_photo_damaged():
    probability = np.zeros((40, 40), np.uint8)
    probability[5, 5:15] = 255
    assert not damage.mask_of(probability, 50).any()
    probability[5, 5:35] = 255
    assert damage.mask_of(probability, 50).sum() == 30


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (33, 47), (700, 531)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_map_has_the_size_of_the_photo(network, shape, dtype):
    pixels = np.full((*shape, 3), 0.5) * (1 if dtype == np.float32 else np.iinfo(dtype).max)
    found = damage.find(pixels.astype(dtype), network, sensitivity=50, track=Track())
    assert found.shape == shape
    assert found.dtype == np.uint8
