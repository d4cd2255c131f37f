"""Density of film on a scanner's light, and the scan at a small size."""

from __future__ import annotations

import numpy as np

from daguerre.imaging.color.icc_profile import Encoding
from daguerre.imaging.photo import Pixels
from daguerre.imaging.thumbnail import thumbnail
from daguerre.models.roles import Floats

_EPSILON = 0.0003
"""What is added to light before its logarithm is taken: scanners see no density beyond 3.5."""
_SIDE = 400
"""Pixels of the longer side at which a scan is surveyed."""


def density(light: Floats) -> Floats:
    """``-log10`` of linear light 0-1, of any shape: at most 3.5."""
    return np.asarray(-np.log10(np.maximum(light, 0) + np.float32(_EPSILON)), np.float32)


def seen(pixels: Pixels, encoding: Encoding) -> Floats:
    """The densities of a scan ``[H, W, C]`` at a small size: ``[h, w, C]``."""
    factor = max(1.0, max(pixels.shape[:2]) / _SIDE)
    height, width = (max(1, round(length / factor)) for length in pixels.shape[:2])
    return density(encoding.light(thumbnail(pixels, (height, width))))
