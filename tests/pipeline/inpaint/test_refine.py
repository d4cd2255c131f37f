"""The fill: what it may touch, what it must reach, and what it does with strange masks."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from daguerre.errors import Canceled
from daguerre.imaging.photo import Pixels
from daguerre.models import adapters
from daguerre.models.roles import Floats, Inpainter
from daguerre.pipeline import inpaint
from daguerre.pipeline.inpaint.thin_plate import thin_plate_spline
from daguerre.progress import CancelToken, Track


@pytest.fixture(scope="module")
def inpainter(embedded) -> Inpainter:
    return embedded(adapters.INPAINT)


def scene(height: int = 220, width: int = 300) -> npt.NDArray[np.uint8]:
    """Smooth shades and a few edges."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    red = 120 + 60 * np.sin(x / 37) + 30 * np.cos(y / 23)
    green = 110 + 50 * np.sin((x + y) / 41)
    blue = np.where(x * 0.7 + y > 190, 180.0, 80.0)
    return cv2.GaussianBlur(np.stack([red, green, blue], 2), (0, 0), 1.0).clip(0, 255).astype(np.uint8)


def scratched(height: int, width: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros((height, width), np.uint8)
    cv2.line(mask, (10, 5), (width - 30, height - 12), 1, 5)
    cv2.circle(mask, (width // 2, 30), 9, 1, -1)
    cv2.line(mask, (width - 1, 0), (width - 9, height), 1, 3)
    return mask > 0


def wounded(photo: Pixels, mask: npt.NDArray[np.bool_]) -> Pixels:
    damaged = photo.copy()
    damaged[mask] = 1 if photo.dtype.kind == "f" else np.iinfo(photo.dtype).max
    return damaged


def psnr(one: Pixels, other: Pixels, mask: npt.NDArray[np.bool_], white: float = 255) -> float:
    error = np.square(one[mask].astype(np.float64) - other[mask]).mean()
    return float(10 * np.log10(white**2 / max(error, 1e-9)))


def test_fill_comes_closer_than_telea(inpainter: Inpainter) -> None:
    photo, mask = scene(), scratched(220, 300)
    damaged = wounded(photo, mask)
    telea = cv2.inpaint(damaged, mask.view(np.uint8), 3, cv2.INPAINT_TELEA)
    filled = inpaint.fill(damaged, mask, inpainter, track=Track())
    assert psnr(filled, photo, mask) > psnr(telea, photo, mask) + 1.0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_beyond_the_feather_keep_every_bit(inpainter: Inpainter, dtype: type, channels: int) -> None:
    white = 1.0 if dtype is np.float32 else float(np.iinfo(dtype).max)
    photo = (scene()[:, :, :channels] / 255 * white).astype(dtype)
    mask = scratched(220, 300)
    damaged = wounded(photo, mask)
    before = damaged.copy()
    filled = inpaint.fill(damaged, mask, inpainter, track=Track())
    side = 2 * inpaint.FEATHER + 1
    outside = cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8)) == 0
    assert filled.dtype == photo.dtype and filled.shape == photo.shape
    assert np.array_equal(filled[outside], before[outside])
    assert np.array_equal(damaged, before)
    assert psnr(filled, photo, mask, white) > 28


def test_a_rim_that_the_mask_missed_is_mended_too(inpainter: Inpainter) -> None:
    photo, mask = scene(), scratched(220, 300)
    damaged = wounded(photo, cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    filled = inpaint.fill(damaged, mask, inpainter, track=Track())
    assert psnr(filled, photo, mask) > 28


def test_large_holes_are_filled_throughout(inpainter: Inpainter) -> None:
    photo = scene(300, 420)
    mask = np.zeros((300, 420), bool)
    mask[60:200, 120:290] = True
    mask[250:, 350:] = True
    filled = inpaint.fill(wounded(photo, mask), mask, inpainter, track=Track())
    assert psnr(filled, photo, mask) > 12
    assert (filled[mask] == 255).all(1).mean() < 0.01


def test_nothing_or_everything_masked_comes_back_as_it_is(inpainter: Inpainter) -> None:
    photo = scene(40, 50)
    for value in (False, True):
        filled = inpaint.fill(photo, np.full((40, 50), value), inpainter, track=Track())
        assert np.array_equal(filled, photo)
        assert filled is not photo


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (3, 3), (1, 300), (2000, 2), (17, 9)])
def test_strange_sizes(inpainter: Inpainter, shape: tuple[int, int]) -> None:
    photo = np.full((*shape, 3), 90, np.uint8)
    mask = np.zeros(shape, bool)
    mask[0, 0] = True
    filled = inpaint.fill(wounded(photo, mask), mask, inpainter, track=Track())
    assert filled.shape == photo.shape
    assert np.abs(filled.astype(int) - 90).max() < 40
    assert np.array_equal(filled.reshape(-1, 3)[-1:], photo.reshape(-1, 3)[-1:]) or max(shape) <= 3


def test_same_photo_same_fill(inpainter: Inpainter) -> None:
    rng = np.random.default_rng(0)
    photo = np.clip(scene() + rng.normal(0, 9, (220, 300, 1)), 0, 255).astype(np.uint8)
    mask = scratched(220, 300)
    one, other = (inpaint.fill(photo, mask, inpainter, track=Track()) for _ in range(2))
    assert np.array_equal(one, other)


def test_cancel_is_obeyed(inpainter: Inpainter) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Canceled):
        inpaint.fill(scene(), scratched(220, 300), inpainter, track=Track(cancel=token))


def test_a_spline_carries_a_slope_on() -> None:
    y, x = np.mgrid[:60, :60].astype(np.float32)
    ramp = (0.2 + x * 0.01 + y * 0.002)[..., None].repeat(3, 2)
    hole = np.zeros((60, 60), bool)
    hole[20:27, 5:50] = True
    broken = ramp.copy()
    broken[hole] = 0
    filled = thin_plate_spline(broken, hole, steps=60)
    assert np.abs(filled - ramp).max() < 0.01
    assert np.array_equal(filled[~hole], ramp[~hole])


class Watched:
    """An inpainter that remembers what it was shown."""

    def __init__(self, inpainter: Inpainter) -> None:
        self.tiling, self.window = inpainter.tiling, inpainter.window
        self.shapes: list[tuple[int, ...]] = []
        self._inpainter = inpainter

    def __call__(self, image: Floats, hole: Floats) -> Floats:
        self.shapes.append(hole.shape)
        return self._inpainter(image, hole)


def test_the_model_sees_the_damage_and_its_surroundings_only(inpainter: Inpainter) -> None:
    watched = Watched(inpainter)
    photo, mask = scene(150, 150), np.zeros((150, 150), bool)
    mask[60:72, 100:108] = True
    inpaint.fill(wounded(photo, mask), mask, watched, track=Track())
    assert watched.shapes == [(64, 64)]


def test_only_what_lies_deep_is_filled_at_half_the_size(inpainter: Inpainter) -> None:
    photo, mask = scene(420, 900), np.zeros((420, 900), bool)
    mask[150:200, 100:150] = True
    alone = Watched(inpainter)
    inpaint.fill(wounded(photo, mask), mask, alone, track=Track())
    far = np.zeros_like(mask)
    far[100:300, 800:812] = True
    both, second = Watched(inpainter), Watched(inpainter)
    inpaint.fill(wounded(photo, mask | far), mask | far, both, track=Track())
    inpaint.fill(wounded(photo, far), far, second, track=Track())
    assert len(both.shapes) == len(alone.shapes) + len(second.shapes)
