"""Holes: how far they really reach, and the deep ones from a smaller photo."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels, white_of
from daguerre.models.roles import Floats

Mask = npt.NDArray[np.bool_]

FEATHER = 2
"""Pixels by which a hole may grow where its rim still shows the damage (a mask that is drawn a little too tight)."""

_STAIN = 12 / 255
"""Mean error of a rim, 0..1, that the damage must have left there; sound rims of textured photos stay below."""


def fill_deep_from_half(pixels: Pixels, mask: Mask, deep: Mask, fill: Callable[[Pixels, Mask, Mask], Pixels]) -> Pixels:
    """``pixels`` with its ``deep`` part taken from what ``fill`` makes of the photo at half the size.

    ``fill`` is given that photo, its holes and the part of them that is needed.
    """
    height, width = mask.shape
    half = ((width + 1) // 2, (height + 1) // 2)
    known = cv2.resize((~mask).view(np.uint8) * np.uint8(255), half, interpolation=cv2.INTER_AREA)
    start = pixels.copy()
    start[mask] = 0
    small = cv2.resize(start, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0], -1)
    hole = known < 128
    share = np.where(hole, np.float32(1), known / np.float32(255))
    rim = share < 1
    lifted = small[rim] / share[rim, None]
    small[rim] = lifted if pixels.dtype.kind == "f" else np.clip(np.rint(lifted), 0, white_of(pixels.dtype))
    if not hole.all():
        part = cv2.resize(deep.view(np.uint8) * np.uint8(255), half, interpolation=cv2.INTER_AREA)
        small = fill(small, hole, hole & (cv2.dilate(part, np.ones((5, 5), np.uint8)) > 0))
    start[mask] = pixels[mask]
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    start[deep] = large.reshape(height, width, -1)[deep]
    return start


def cover_stained_rim(window: Floats, hole: Mask) -> Mask:
    """``hole``, grown by ``FEATHER`` around those of its parts whose rim still shows the damage.

    A rim of sound pixels scatters about what its surroundings predict; one that the damage has stained lies off to
    one side.
    """
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * FEATHER + 1, 2 * FEATHER + 1))
    core = hole.view(np.uint8)
    wide = cv2.dilate(core, around)
    rim = (cv2.dilate(core, np.ones((3, 3), np.uint8)) > core) & (wide > 0)
    if not rim.any() or wide.all():
        return hole
    count, parts = cv2.connectedComponents(wide, connectivity=8)
    gray = window.mean(2)
    sound = (wide == 0).astype(np.float32)
    reach = (4 * FEATHER + 1, 4 * FEATHER + 1)
    weight = cv2.blur(sound, reach)
    rim &= weight > 0.05
    predicted = cv2.blur(gray * sound, reach)[rim] / weight[rim]
    error = gray[rim] - predicted
    label = parts[rim]
    pixels = np.bincount(label, minlength=count) + 1e-9
    mean = np.bincount(label, error, count) / pixels
    scatter = np.sqrt(np.bincount(label, np.square(error), count) / pixels)
    stained = (np.abs(mean) > _STAIN) & (np.abs(mean) > 0.75 * scatter)
    stained[0] = False
    grown: Mask = hole | stained[parts]
    return grown
