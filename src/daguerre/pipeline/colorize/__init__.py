"""Color for a monochrome photo: chroma that a model predicts, under the photo's own lightness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from daguerre.imaging.color import icc_profile
from daguerre.imaging.photo import Pixels
from daguerre.imaging.thumbnail import resized
from daguerre.models.roles import Colorizer
from daguerre.pipeline.colorize.chroma import apply_chroma
from daguerre.pipeline.colorize.hints import Hint, hint_map, parse_hint, scale_hints
from daguerre.pipeline.colorize.transfer import Floats, TransferFunction
from daguerre.pipeline.colorize.upsample import joint_bilateral_upsample
from daguerre.progress import Track

__all__ = ["Hint", "colorize", "parse_hint", "predict_chroma"]

_SMALLEST_MIDDLE = 1024
_COARSEST = 4
"""Photo pixels per pixel of the finest chroma, beyond ``_SMALLEST_MIDDLE``."""
_USUAL, _LONGEST = 1.5, 2.5
"""The proportions up to which photos are seen at the model's size, and how much larger they are seen at most."""
KNEE, CEILING = 18.0, 45.0
"""Chroma from which on it is held back, and that it never reaches: a lower error for a little less color, on what
benchmarks/colorize.py measures."""


def colorize(
    pixels: Pixels,
    colorizer: Colorizer,
    *,
    strength: float,
    hints: Sequence[Hint] = (),
    icc: bytes | None = None,
    track: Track,
) -> Pixels:
    """``pixels`` ``[H, W, 1|3]`` of a monochrome photo in color: a new array ``[H, W, 3]`` of the same dtype.

    CIE L* of each pixel stays within the rounding of its depth, as ``icc`` explains the code values. ``strength``
    0-100 scales the chroma; at 0 ``pixels`` itself comes back. ``hints`` are in pixels of the photo. Where a color
    is outside of what the encoding holds, its chroma gives way. Raises ModelFailed and Canceled.
    """
    if strength <= 0:
        return pixels
    transfer = TransferFunction(icc_profile.read_encoding(icc), pixels.dtype)
    height, width = pixels.shape[:2]
    longest = max(height, width)
    middle = min(longest, max(_SMALLEST_MIDDLE, -(-longest // _COARSEST)))
    lightness = transfer.small_lightness(pixels, _within(height, width, middle))
    track.check()
    chroma = predict_chroma(lightness, colorizer, scale_hints(hints, lightness.shape, (height, width)), track)
    return apply_chroma(pixels, chroma * np.float32(strength / 100), transfer, track)


def predict_chroma(
    lightness: Floats, colorizer: Colorizer, hints: Sequence[Hint] = (), track: Track | None = None
) -> Floats:
    """CIE ab ``[h, w, 2]`` for CIE L* ``[h, w]``, along its edges; ``hints`` are in pixels of ``lightness``.

    The model looks at the same number of pixels whatever the size, so that a photo gets the same colors at any.
    """
    shape = lightness.shape
    side = colorizer.side
    if colorizer.square:
        look = resized(lightness, (side, side))
    else:
        # A panorama is seen larger: what is in it would be too small otherwise.
        longer = side * min(_LONGEST, max(1.0, (max(shape) / min(shape) / _USUAL) ** 0.5))
        look = resized(lightness, _within(shape[0], shape[1], round(longer), enlarge=True))
    told = hint_map(scale_hints(hints, look.shape, shape), look.shape) if hints and colorizer.takes_hints else None
    found = np.nan_to_num(colorizer(look, told), nan=0.0, posinf=0.0, neginf=0.0)
    if track is not None:
        track.check()
    chroma = _held_back(found.astype(np.float32, copy=False))
    return joint_bilateral_upsample(chroma, lightness, hints, square=colorizer.square)


def _held_back(chroma: Floats) -> Floats:
    """``[h, w, 2]`` with a soft limit: as it is up to ``KNEE``, never beyond ``CEILING``."""
    size = np.hypot(chroma[..., 0], chroma[..., 1])
    room = CEILING - KNEE
    limited = KNEE + room * (1 - np.exp(-np.maximum(size - KNEE, 0) / room))
    scale = np.where(size > KNEE, limited / np.maximum(size, 1e-6), 1)
    return np.asarray(chroma * scale[..., None], np.float32)


def _within(height: int, width: int, side: int, *, enlarge: bool = False) -> tuple[int, int]:
    """The size of ``height`` x ``width`` with a longer side of ``side``; smaller ones stay unless ``enlarge``."""
    longest = max(height, width)
    if longest <= side and not enlarge:
        return height, width
    return max(1, round(height * side / longest)), max(1, round(width * side / longest))
