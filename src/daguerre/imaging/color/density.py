"""Optical density of what a photo shows: the scale on which dyes add up, and film answers to light."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

EPSILON = 0.002
"""What is added to light before its logarithm is taken: prints have no density beyond 2.7."""


def density(light: Floats) -> Floats:
    """``-log10`` of linear light 0-1, of any shape: at most 2.7."""
    return np.asarray(-np.log10(np.maximum(light, 0) + np.float32(EPSILON)), np.float32)


def changed(light: Floats, before: Floats, after: Floats) -> Floats:
    """``light`` once its density has gone from ``before`` to ``after``; equal ones leave it as it is, to the bit."""
    ratio = np.power(np.float32(10), before - after)
    return np.asarray(light * ratio + np.float32(EPSILON) * (ratio - 1), np.float32)
