"""Fill damage tile by tile: a thin plate spline, what a model adds to it, and the photo's own grain."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import Floats, Inpainter
from daguerre.pipeline import grain
from daguerre.pipeline.inpaint.holes import FEATHER, Mask, cover_stained_rim, fill_deep_from_half
from daguerre.pipeline.inpaint.thin_plate import thin_plate_spline
from daguerre.progress import Track
from daguerre.tiling.blending import read_window, transform_tiles
from daguerre.tiling.geometry import Tile, Tiling, round_up, split

_HALF_TRUSTED = 2 / 255
"""Strength of the model's answer, 0..1, at which half of it is believed. Chosen on an earlier checkpoint, where it
gained on smooth holes; with the final weights it costs 0.03 dB on average and gains 0.1 on cracks."""

_REACH = 16
"""Pixels around a hole that its fill depends on."""

_SIZES = 32
"""The model sees parts of a window whose sides are multiples of this: each new shape costs time."""

_DEEP = 14
"""A hole's pixels further than this from its rim are filled on a photo of half the size first."""


def refine_by_tiles(pixels: Pixels, mask: Mask, inpainter: Inpainter, *, track: Track) -> Pixels:
    """Fill ``mask`` ``[H, W]`` in ``pixels`` ``[H, W, 1|3]``; a new array of the same shape and dtype.

    Pixels further than ``FEATHER`` from the mask are identical to the bit, and those closer are too where they fit
    their surroundings. Holes thicker than ``2 * _DEEP`` pixels are filled from coarse to fine. Deterministic. Raises
    ModelFailed and Canceled.
    """
    return _fill(pixels, mask, mask, inpainter, grain.measure(pixels, mask), track)


def _fill(pixels: Pixels, mask: Mask, needed: Mask, inpainter: Inpainter, own: grain.Grain, track: Track) -> Pixels:
    """Fills ``mask`` at least where ``needed``."""
    deep = _deep(mask)
    start = pixels
    if deep.any():
        half, track = track.split(1, 4)
        start = fill_deep_from_half(
            pixels, mask, deep, lambda small, hole, part: _fill(small, hole, part, inpainter, grain.NONE, half)
        )

    def damaged(tile: Tile) -> bool:
        rows, columns = (slice(max(0, side.start - FEATHER), side.stop + FEATHER) for side in tile.core)
        return bool(needed[rows, columns].any())

    def mend(image: Floats, tile: Tile) -> Floats:
        window = np.ascontiguousarray(image[0].transpose(1, 2, 0))
        whole = read_window(mask, tile)[0, 0] > 0
        hole = whole & (read_window(deep, tile)[0, 0] == 0)
        part = _around(whole)
        inside, near, open_hole = window[part], whole[part], hole[part]
        if open_hole.any() and not open_hole.all():
            open_hole = cover_stained_rim(inside, open_hole) & ~(near & ~open_hole)
            filled = np.clip(thin_plate_spline(np.ascontiguousarray(inside), open_hole), 0, 1)
            thick = _thick(open_hole)
            if thick.any():
                context, opened, wide = window.copy(), np.zeros_like(hole), np.zeros_like(hole)
                context[part], opened[part], wide[part] = filled, open_hole, thick
                seen = _seen(wide, inpainter.tiling)
                residual = np.zeros_like(window)
                residual[seen] = inpainter(np.ascontiguousarray(context[seen]), opened[seen].astype(np.float32))
                filled = np.clip(filled + _trusted(residual[part] * thick[..., None], open_hole), 0, 1)
            inside = np.where(open_hole[..., None], filled, inside)
        top, left = tile.top + part[0].start, tile.left + part[1].start
        window[part] = grain.add(inside, near | open_hole, own, top, left)
        return np.ascontiguousarray(window.transpose(2, 0, 1))[None]

    cut = split(pixels.shape[0], pixels.shape[1], inpainter.tiling)
    return transform_tiles(start, mend, cut, track, wanted=damaged)


def _deep(mask: Mask) -> Mask:
    side = 2 * _DEEP + 1
    return np.asarray(cv2.erode(mask.view(np.uint8), np.ones((side, side), np.uint8))).view(np.bool_)


def _around(hole: Mask) -> tuple[slice, slice]:
    """The rows and columns of ``hole`` with what a fill looks at around it; the first pixel where there is none."""
    height, width = hole.shape
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    if not len(rows):
        return slice(0, 1), slice(0, 1)
    top, bottom = max(0, int(rows[0]) - _REACH), min(height, int(rows[-1]) + _REACH + 1)
    left, right = max(0, int(columns[0]) - _REACH), min(width, int(columns[-1]) + _REACH + 1)
    return slice(top, bottom), slice(left, right)


def _seen(hole: Mask, tiling: Tiling) -> tuple[slice, slice]:
    """The rows and columns of a window that the model has to see for ``hole``, its halo included."""
    rows = _span(np.flatnonzero(hole.any(1)), hole.shape[0], tiling)
    return rows, _span(np.flatnonzero(hole.any(0)), hole.shape[1], tiling)


def _span(lines: npt.NDArray[np.intp], size: int, tiling: Tiling) -> slice:
    first = max(0, int(lines[0]) - tiling.halo) // tiling.multiple * tiling.multiple
    length = round_up(int(lines[-1]) + 1 + tiling.halo - first, math.lcm(_SIZES, tiling.multiple))
    first = max(0, min(first, size - length))
    return slice(first, min(size, first + length))


def _thick(hole: Mask) -> Mask:
    """The parts of ``hole`` that are 5 pixels thick or more: across thinner ones the spline is as good, and cheap."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    core = cv2.morphologyEx(hole.view(np.uint8), cv2.MORPH_OPEN, disc)
    grown: Mask = hole & (cv2.dilate(core, np.ones((3, 3), np.uint8)) > 0)
    return grown


def _trusted(residual: Floats, hole: Mask) -> Floats:
    """``residual`` ``[h, w, 3]`` less what is weak all around: there the spline was right already."""
    reach = (11, 11)
    energy = cv2.blur(np.square(residual).mean(2), reach)
    energy /= np.maximum(cv2.blur(hole.astype(np.float32), reach), np.float32(1e-3))
    share = energy / (energy + np.float32(_HALF_TRUSTED**2))
    kept: Floats = residual * share[..., None]
    return kept
