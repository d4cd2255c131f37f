"""Which pixels count as damaged: hysteresis over probabilities, with an eye on the photo as a whole."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.models.roles import MaskRule, Probability

Mask = npt.NDArray[np.bool_]

_LEAST = 3
"""Pixels that the smallest piece of damage has."""
_WIDE = 9
"""Pixels across from which a piece is wide."""
_BORDER = 0.015
"""The share of the shorter side that may be the border of a print, or of the scan."""
_LONG = 4
"""How many times longer than wide a piece is that follows the border."""
_EVERYTHING = 75
"""The sensitivity above which what follows the border counts as well."""


def threshold(sensitivity: float, rule: MaskRule) -> float:
    """The probability from which a pixel counts as damaged, for ``sensitivity`` 0-100."""
    middle = math.log(rule.threshold / (1 - rule.threshold))
    return 1 / (1 + math.exp(-(middle + rule.span * (50 - sensitivity) / 50)))


def to_mask(probability: Probability, sensitivity: float, rule: MaskRule) -> Mask:
    """Where the photo is damaged ``[H, W]``: pieces above the threshold that hold a surer pixel.

    Nowhere, where too few pixels of the whole photo are beyond doubt; and the more of them are, the readier.
    """
    least = threshold(sensitivity, rule)
    evidence = np.count_nonzero(probability >= _above(least, rule.certain) * 255)
    if evidence < rule.evidence:
        return np.zeros(probability.shape, np.bool_)
    eagerness = rule.eagerness * math.log10(evidence / probability.size / rule.ample)
    wide_sure = _above(least, rule.wide)
    mask = _without_doubtful(_pieces(probability, least, rule), probability, wide_sure)
    if eagerness > 0:
        more = _pieces(probability, _above(least, -min(rule.most_eager, eagerness)), rule)
        # What grows out of damage is damage; what stands alone is judged for itself.
        near = cv2.dilate(mask.view(np.uint8), np.ones((_WIDE, _WIDE), np.uint8)) > 0
        mask |= (more & near) | _without_doubtful(more & ~near, probability, wide_sure)
    return mask if sensitivity > _EVERYTHING else _without_borders(mask)


def _pieces(probability: Probability, least: float, rule: MaskRule) -> Mask:
    """The connected pieces from ``least`` upwards that hold a surer pixel."""
    sure = _above(least, rule.seed)
    low = probability >= max(1, round(least * 255))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(low.view(np.uint8), connectivity=8)
    keep = np.zeros(count, bool)
    keep[labels[probability >= sure * 255]] = True
    keep &= stats[:, cv2.CC_STAT_AREA] >= _LEAST
    keep[0] = False
    return np.asarray(keep[labels], np.bool_)


def _without_doubtful(mask: Mask, probability: Probability, sure: float) -> Mask:
    """``mask`` less its wide parts that are not ``sure`` on average."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_WIDE, _WIDE))
    wide = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, disc)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
    around = np.ones((5, 5), np.uint8)
    for label in range(1, count):
        left, top, width, height = (int(value) for value in stats[label, : cv2.CC_STAT_AREA])
        part = np.s_[max(0, top - 2) : top + height + 2, max(0, left - 2) : left + width + 2]
        inside = labels[part] == label
        if probability[part][inside].mean() < sure * 255:
            mask[part] &= cv2.dilate(inside.view(np.uint8), around) == 0
    return mask


def _without_borders(mask: Mask) -> Mask:
    """``mask`` less the pieces that follow the photo's edges closely: the border of a print looks like a scratch."""
    height, width = mask.shape
    near = max(4, _BORDER * min(height, width))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    left, top, wide, high = stats[:, : cv2.CC_STAT_AREA].T
    upright = ((left + wide < near) | (left > width - near)) & (high >= _LONG * wide)
    level = ((top + high < near) | (top > height - near)) & (wide >= _LONG * high)
    drop = upright | level
    drop[0] = False
    return np.asarray(mask & ~drop[labels], np.bool_)


def _above(probability: float, logits: float) -> float:
    """The probability that lies ``logits`` above another."""
    return 1 / (1 + math.exp(-(math.log(probability / (1 - probability)) + logits)))
