"""Pixels, enlarged by a model and held to what was there (iterative back-projection, Irani and Peleg, 1991)."""

from __future__ import annotations

import cv2
import numpy as np

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import Floats, Upscaler
from daguerre.progress import Track
from daguerre.tiling.blending import enlarge_tiles
from daguerre.tiling.geometry import Tile, split

FACTORS = (2, 4)

_TOLERANCE = 1 / 255
"""By how much a pixel of the result, reduced to the photo's size, may differ from the photo's: what its noise and its
compression leave to doubt."""
_SMOOTH_PASSES = 2


def enlarge(pixels: Pixels, upscaler: Upscaler, factor: int, track: Track) -> Pixels:
    """``pixels`` ``[H, W, 1|3]`` of any depth as ``[factor * H, factor * W, 1|3]``; ``factor`` is 2 or 4.

    Averaged over squares of ``factor`` pixels, the result is ``pixels`` within 1/255 of white, but for what black,
    white and rounding cut off. Raises ModelFailed and Canceled.
    """

    def transform(window: Floats, tile: Tile) -> Floats:
        del tile
        made = upscaler(window, factor)
        return np.stack([_projected(*planes, factor) for planes in zip(made[0], window[0], strict=True)])[None]

    tiles = split(pixels.shape[0], pixels.shape[1], upscaler.tiling)
    return enlarge_tiles(pixels, transform, tiles, factor, track)


def _projected(made: Floats, plane: Floats, factor: int) -> Floats:
    """``made`` ``[factor * h, factor * w]``, changed as little and as smoothly as makes its reduction ``plane``
    ``[h, w]`` within the tolerance."""
    made = np.ascontiguousarray(made, np.float32)
    size = (made.shape[1], made.shape[0])
    for _ in range(_SMOOTH_PASSES):
        made += cv2.resize(_excess(made, plane), size, interpolation=cv2.INTER_CUBIC)
        np.clip(made, 0, 1, out=made)
    made += cv2.resize(_excess(made, plane), size, interpolation=cv2.INTER_NEAREST)
    return made


def _excess(made: Floats, plane: Floats) -> Floats:
    """How far the reduction of ``made`` is from ``plane``, beyond the tolerance."""
    reduced = cv2.resize(made, (plane.shape[1], plane.shape[0]), interpolation=cv2.INTER_AREA)
    off = plane - reduced
    return np.asarray(off - np.clip(off, -_TOLERANCE, _TOLERANCE), np.float32)
