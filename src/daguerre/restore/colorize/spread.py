"""Coarse chroma brought to a finer size along the edges of lightness.

A joint bilateral filter on a pyramid (Kopf et al., *Joint bilateral upsampling*, 2007): on each level every place
takes the chroma of those around it that are as light as it is. Chroma therefore carries no grain, and scratches
leave no trace in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from daguerre.restore.colorize import hints
from daguerre.restore.colorize.hints import Hint
from daguerre.restore.colorize.tones import Floats, resized

_STEP, _RADIUS, _WIDTH = 2, 2, 1.5
_LEAST, _MOST = 3.0, 12.0
"""Difference in L* that still counts as equally light, in clean photos and in the grainiest."""
_GRAINS = 3.0
_HINTED = 512
"""The longer side of the level on which hints are laid."""


def along_edges(chroma: Floats, lightness: Floats, hinted: Sequence[Hint], *, square: bool) -> Floats:
    """``chroma`` ``[h, w, 2]`` at the size of ``lightness`` ``[H, W]``, CIE L*; ``hinted`` in pixels of the latter."""
    shapes = [lightness.shape]
    coarsest = max(16, min(chroma.shape[:2]) if square else max(chroma.shape[:2]))
    while max(shapes[0]) >= 2 * coarsest:
        shapes.insert(0, (-(-shapes[0][0] // 2), -(-shapes[0][1] // 2)))
    laid = False
    for shape in shapes:
        level = resized(lightness, shape)
        chroma = _smooth(level, resized(chroma, shape))
        if hinted and not laid and (2 * max(shape) > _HINTED or shape == shapes[-1]):
            chroma = hints.pull(chroma, level, hints.scaled(hinted, shape, lightness.shape))
            laid = True
    return chroma


def _smooth(lightness: Floats, chroma: Floats) -> Floats:
    """One pass; opposite neighbours share a weight."""
    tolerance = np.float32(np.clip(_GRAINS * _grain(lightness), _LEAST, _MOST))
    level = lightness / tolerance
    planes = np.ascontiguousarray(chroma.transpose(2, 0, 1))
    total, weight = planes.copy(), np.ones_like(level)
    height, width = level.shape
    for down in range(_RADIUS + 1):
        for across in range(-_RADIUS, _RADIUS + 1):
            dy, dx = down * _STEP, across * _STEP
            if (down == 0 and across <= 0) or dy >= height or abs(dx) >= width:
                continue
            here = (slice(0, height - dy), slice(max(0, -dx), width - max(0, dx)))
            there = (slice(dy, height), slice(max(0, dx), width - max(0, -dx)))
            share = level[there] - level[here]
            share *= share
            share += np.float32((down * down + across * across) / _WIDTH**2)
            share *= np.float32(-0.5)
            np.exp(share, out=share)
            weight[here] += share
            weight[there] += share
            for plane, own in zip(total, planes, strict=True):
                plane[here] += share * own[there]
                plane[there] += share * own[here]
    return np.ascontiguousarray((total / weight).transpose(1, 2, 0))


def _grain(lightness: Floats) -> float:
    """The noise of a picture, robustly (Immerkaer, *Fast noise variance estimation*, 1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(lightness, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE))
    return float(np.median(rough)) / (6 * 0.6745)
