"""Faces as an anchor: whatever the light and whoever it is, skin has a hue of few degrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from daguerre.fading.correction import corrected, spread
from daguerre.imaging.color import transfer
from daguerre.imaging.color.density import changed, density
from daguerre.imaging.color.icc_profile import Encoding
from daguerre.models.roles import DyeCorrection, Floats

_HUES = (28.0, 72.0)
"""Degrees in CIE ab between which the middle of a face lies."""
_LEAST_SIDE = 6
"""Pixels of the thumbnail below which a face says nothing."""
_SHARE = 0.7
"""How far a face that lies beyond is followed."""
_FARTHEST = 10.0
"""The greatest step, in CIE ab."""


def anchored(
    correction: DyeCorrection,
    small: Floats,
    faces: Sequence[Sequence[float]],
    shape: tuple[int, ...],
    encoding: Encoding,
) -> DyeCorrection:
    """``correction`` with another offset where it would give ``faces`` a hue that skin does not have.

    ``small`` ``[h, w, 3]`` is the whole photo of ``shape`` in codes 0-1; boxes are in the photo's pixels.
    """
    height, width = small.shape[:2]
    field = spread(correction.field, height, width, slice(0, height), slice(0, width))
    light = encoding.light(small)
    before = density(light)
    after = corrected(before, correction, field)
    shown = np.clip(changed(light, before, after), 0, 1)
    steps = []
    for box in faces:
        x, y, w, h = np.array(box) * np.array([width / shape[1], height / shape[0]] * 2)
        if min(w, h) < _LEAST_SIDE:
            continue
        part = np.s_[max(0, round(y + 0.35 * h)) : round(y + 0.85 * h), max(0, round(x + 0.2 * w)) : round(x + 0.8 * w)]
        seen = shown[part].reshape(-1, 3)
        if len(seen):
            steps.append(_step(np.median(seen, axis=0).astype(np.float32)))
    if not steps:
        return correction
    step = np.median(np.array(steps), axis=0)
    if not step.any():
        return correction
    matrix = np.eye(3, dtype=np.float32)
    matrix[~np.eye(3, dtype=bool)] = correction.crosstalk
    moved = np.linalg.solve(matrix, step) / np.exp(correction.gain)
    return replace(correction, offset=(correction.offset - moved).astype(np.float32))


def _step(light: Floats) -> Floats:
    """By how much the densities of a face have to change, ``[3]``; zeros where it has the hue of skin."""
    lab = cv2.cvtColor(transfer.light_to_srgb(light)[None, None], cv2.COLOR_RGB2LAB)[0, 0]
    strength = float(np.hypot(lab[1], lab[2]))
    hue = float(np.degrees(np.arctan2(lab[2], lab[1])))
    nearest = np.radians(np.clip(hue, *_HUES)) if hue > -120 else np.radians(_HUES[1])
    target = max(6.0, strength * float(np.cos(np.radians(hue) - nearest))) * np.array(
        [np.cos(nearest), np.sin(nearest)]
    )
    way = _SHARE * (target - lab[1:])
    length = float(np.hypot(*way))
    if length < 0.5:
        return np.zeros(3, np.float32)
    lab[1:] += way * min(1.0, _FARTHEST / length)
    wanted = cv2.cvtColor(lab[None, None], cv2.COLOR_LAB2RGB)[0, 0]
    linear = transfer.srgb_to_light(np.maximum(wanted, 0))
    return np.asarray(density(linear.astype(np.float32)) - density(light), np.float32)
