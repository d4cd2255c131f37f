"""A photo at a small size, for what is decided by the whole of it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels, white_of

Floats = npt.NDArray[np.float32]

_BAND_ROWS = 128


def thumbnail(pixels: Pixels, shape: tuple[int, int]) -> Floats:
    """``pixels`` ``[H, W, C]`` of any depth averaged over areas: ``[h, w, C]`` float32, 0-1.

    Nowhere is there a float copy of the whole. Highlights and what is not a number do not spoil their surroundings.
    """
    height, width = shape
    if pixels.dtype.kind == "u":
        small = cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_AREA)
        return small.reshape(height, width, -1).astype(np.float32) / np.float32(white_of(pixels.dtype))
    bands = []
    for top in range(0, len(pixels), _BAND_ROWS):
        band = np.clip(np.nan_to_num(pixels[top : top + _BAND_ROWS]), 0, 1)
        bands.append(resized(band, (len(band), width)).reshape(len(band), width, -1))
    small = resized(np.concatenate(bands), shape).reshape(height, width, -1)
    return np.clip(small, 0, 1)


def resized(plane: Floats, shape: tuple[int, int]) -> Floats:
    """``plane`` ``[H, W]`` or ``[H, W, C]`` at another size: averaged where it shrinks, linear where it grows."""
    for height, width in ((shape[0], plane.shape[1]), shape):
        if (height, width) != plane.shape[:2]:
            shrinks = height < plane.shape[0] or width < plane.shape[1]
            how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            plane = cv2.resize(plane, (width, height), interpolation=how)
    return np.asarray(plane, np.float32)
