"""Coarse chroma brought to a finer size along the edges of lightness.

On each level of a pyramid a joint bilateral filter (Kopf et al., *Joint bilateral upsampling*, 2007) gives every place
the chroma of those around it that are as light as it is. Only its difference from a plain average counts, within
the chroma that is around: nothing changes but at edges of lightness, where the blur of the coarse level is undone.
Chroma therefore carries no grain, and scratches leave no trace in it. Chroma of clean photos at 128 pixels, blurred by
0.8, comes back with a mean error of 1.66 and one of 4.2 at its edges; linear enlargement has 1.89 and 5.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from daguerre.imaging.thumbnail import resized
from daguerre.pipeline.colorize.hints import Hint, propagate_hints, scale_hints
from daguerre.pipeline.colorize.transfer import Floats

_STEP, _RADIUS, _WIDTH = 2, 1, 2.0
"""Pixels between the neighbors looked at, how many to each side, and the spread of their weights in steps."""
_LEAST, _MOST = 3.0, 12.0
"""Difference in L* that still counts as equally light, in clean photos and in the grainiest."""
_GRAINS = 3.0
_HINTED = 512
"""The longer side of the level on which hints are laid."""


def joint_bilateral_upsample(chroma: Floats, lightness: Floats, hints: Sequence[Hint], *, square: bool) -> Floats:
    """``chroma`` ``[h, w, 2]`` at the size of ``lightness`` ``[H, W]``, CIE L*; ``hints`` in pixels of the latter."""
    shapes = [lightness.shape]
    coarsest = max(16, min(chroma.shape[:2]) if square else max(chroma.shape[:2]))
    while max(shapes[0]) >= 2 * coarsest:
        shapes.insert(0, (-(-shapes[0][0] // 2), -(-shapes[0][1] // 2)))
    laid = False
    for shape in shapes:
        level = resized(lightness, shape)
        chroma = _sharpened(level, resized(chroma, shape))
        if hints and not laid and (2 * max(shape) > _HINTED or shape == shapes[-1]):
            chroma = propagate_hints(chroma, level, scale_hints(hints, shape, lightness.shape))
            laid = True
    return chroma


def _sharpened(lightness: Floats, chroma: Floats) -> Floats:
    """``chroma`` ``[h, w, 2]`` with its edges at those of ``lightness`` ``[h, w]``."""
    changed = chroma + _average(chroma, lightness) - _average(chroma, None)
    around = np.ones((2 * _STEP + 1, 2 * _STEP + 1), np.uint8)
    least, most = (operation(chroma, around).reshape(chroma.shape) for operation in (cv2.erode, cv2.dilate))
    return np.asarray(np.clip(changed, least, most), np.float32)


def _average(chroma: Floats, lightness: Floats | None) -> Floats:
    """The mean of what is around, and as light where ``lightness`` is given; opposite neighbors share a weight."""
    planes = np.ascontiguousarray(chroma.transpose(2, 0, 1))
    height, width = chroma.shape[:2]
    total, weight = planes.copy(), np.ones((height, width), np.float32)
    if lightness is not None:
        level = lightness / np.float32(np.clip(_GRAINS * _grain(lightness), _LEAST, _MOST))
    for down in range(_RADIUS + 1):
        for across in range(-_RADIUS, _RADIUS + 1):
            dy, dx = down * _STEP, across * _STEP
            if (down == 0 and across <= 0) or dy >= height or abs(dx) >= width:
                continue
            here = (slice(0, height - dy), slice(max(0, -dx), width - max(0, dx)))
            there = (slice(dy, height), slice(max(0, dx), width - max(0, -dx)))
            near = np.float32(np.exp(-(down * down + across * across) / (2 * _WIDTH**2)))
            share: Floats | np.float32 = near
            if lightness is not None:
                difference = level[there] - level[here]
                difference *= difference
                difference *= np.float32(-0.5)
                share = np.exp(difference, out=difference)
                share *= near
            weight[here] += share
            weight[there] += share
            for plane, own in zip(total, planes, strict=True):
                plane[here] += share * own[there]
                plane[there] += share * own[here]
    return np.asarray((total / weight).transpose(1, 2, 0), np.float32)


def _grain(lightness: Floats) -> float:
    """The noise of a photo, robustly (Immerkaer, *Fast noise variance estimation*, 1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(lightness, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE))
    return float(np.median(rough)) / (6 * 0.6745)
