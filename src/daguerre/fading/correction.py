"""What brings the dyes of a faded photo back, applied in optical density.

Fading leaves each dye a share of its density and puts a stain on the base, so its inverse is affine in density but for
what highlights and shadows have of their own (Frey and Gschwind, *Mathematical bleaching models for photographic
three-color materials*, J. Imaging Sci. Technol. 38, 1994).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.models.roles import DyeCorrection

Floats = npt.NDArray[np.float32]

SHOULDER = 0.06
"""Densities below are bent towards 0, which they never reach: nothing clips."""
MIDDLE = 0.7
"""The density that is neither highlight nor shadow."""
QUANTILES = 11
"""How many quantiles tell of a channel."""


def quantiles(dense: Floats) -> Floats:
    """Eleven quantiles of each channel of ``[H, W, 3]``, from the least to the greatest: ``[33]``."""
    told = np.quantile(dense.reshape(-1, 3), np.linspace(0, 1, QUANTILES), axis=0)
    return np.asarray(told.T.ravel(), np.float32)


def spread(field: Floats, height: int, width: int, rows: slice, columns: slice) -> Floats:
    """The ``field`` ``[h, w, 3]`` of a photo of ``height`` x ``width``, over a part of it, bilinear."""
    cells = field.shape[:2]
    y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * np.float32(cells[0] / height) - np.float32(0.5)
    x = (np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5) * np.float32(cells[1] / width) - 0.5
    across, down = np.meshgrid(x.astype(np.float32), y)
    return np.asarray(cv2.remap(field, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def corrected(dense: Floats, correction: DyeCorrection, field: Floats) -> Floats:
    """Densities ``[h, w, 3]`` as they were before fading, where ``field`` ``[h, w, 3]`` is the field there."""
    clear = dense - correction.offset - field
    clear *= np.exp(correction.gain + correction.bend * np.tanh(clear - np.float32(MIDDLE)))
    matrix = np.eye(3, dtype=np.float32)
    matrix[~np.eye(3, dtype=bool)] = correction.crosstalk
    mixed = clear @ matrix.T
    bent = np.float32(SHOULDER) * np.exp(np.minimum(mixed / np.float32(SHOULDER) - 1, 0))
    return np.asarray(np.where(mixed < SHOULDER, bent, mixed), np.float32)
