"""Fill damage with a model that sees windows of one size, at the photo's own scale.

Windows lie around the damage, never a squeezed photo. What no window could see the edge of is filled on a photo of half
the size first, again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import Inpainter
from daguerre.pipeline import grain
from daguerre.pipeline.inpaint.holes import FEATHER, Mask, cover_stained_rim, fill_deep_from_half
from daguerre.progress import Track
from daguerre.tiling import geometry
from daguerre.tiling.blending import add_change, read_window

_CONTEXT = 96
"""Pixels around the damage of a window that are left for the model to look at."""
_DEEP = 112
"""A hole's pixels further than this from its rim are filled at half the size first."""
_NEAR = 48
"""Damage closer than this shares a window where it fits."""


@dataclass(frozen=True, slots=True)
class Window:
    """Its corner, which may lie beyond the photo, and the part of the damage that it fills."""

    top: int
    left: int
    rows: slice
    columns: slice


def fill_by_windows(pixels: Pixels, mask: Mask, inpainter: Inpainter, *, track: Track) -> Pixels:
    """Fill ``mask`` ``[H, W]`` in ``pixels`` ``[H, W, 1|3]``; a new array of the same shape and dtype.

    Pixels further than ``FEATHER`` from the mask are identical to the bit. The fill gets the photo's own grain.
    Raises ModelFailed and Canceled.
    """
    return _fill(pixels, mask, inpainter, grain.measure(pixels, mask), track)


def _fill(pixels: Pixels, mask: Mask, inpainter: Inpainter, own: grain.Grain, track: Track) -> Pixels:
    deep = _deep(mask)
    result = pixels.copy()
    if deep.any():
        half, track = track.split(1, 4)
        result = fill_deep_from_half(
            pixels, mask, deep, lambda small, hole, _: _fill(small, hole, inpainter, grain.NONE, half)
        )
    cut = lay_windows(mask, inpainter.window)
    track.expect(len(cut))
    left = mask & ~deep
    for window in cut:
        _mend(result, mask, left, window, inpainter, own)
        track.advance()
    return result


def _mend(result: Pixels, mask: Mask, left: Mask, window: Window, inpainter: Inpainter, own: grain.Grain) -> None:
    """Fill the window's part of what is ``left``; earlier windows' fills are its surroundings."""
    size = inpainter.window
    frame = geometry.window(window.top, window.left, size, size)
    image = np.ascontiguousarray(read_window(result, frame)[0].transpose(1, 2, 0))
    hole = read_window(left, frame)[0, 0] > 0
    if not hole.any():
        return
    hole = cover_stained_rim(image, hole)
    filled = np.where(hole[..., None], image + inpainter(image, hole.astype(np.float32)), image)
    filled = grain.add(filled, hole, own, window.top, window.left)
    rows = slice(max(0, window.rows.start - FEATHER), window.rows.stop + FEATHER)
    columns = slice(max(0, window.columns.start - FEATHER), window.columns.stop + FEATHER)
    rows, columns = (
        slice(rows.start, min(rows.stop, mask.shape[0])),
        slice(columns.start, min(columns.stop, mask.shape[1])),
    )
    inner = (
        slice(rows.start - window.top, rows.stop - window.top),
        slice(columns.start - window.left, columns.stop - window.left),
    )
    change = np.where(hole[inner][..., None], filled[inner] - image[inner], 0).astype(np.float32)
    if result.shape[2] == 1:
        change = change.mean(2, keepdims=True, dtype=np.float32)
    result[rows, columns] = add_change(result[rows, columns], change)
    left[window.rows, window.columns] = False


def lay_windows(mask: Mask, size: int) -> list[Window]:
    """Windows of ``size`` pixels a side that cover the damage, each with context around its part of it."""
    reach = size - 2 * _CONTEXT
    near = cv2.dilate(mask.view(np.uint8), np.ones((_NEAR + 1, _NEAR + 1), np.uint8))
    count, _, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    found = []
    for left, top, width, height, _ in boxes[1:count]:
        for rows in _spans(int(top), int(top + height), reach):
            for columns in _spans(int(left), int(left + width), reach):
                part = mask[rows, columns]
                if not part.any():
                    continue
                down, across = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
                rows_left = slice(rows.start + int(down[0]), rows.start + int(down[-1]) + 1)
                columns_left = slice(columns.start + int(across[0]), columns.start + int(across[-1]) + 1)
                top, before = _corner(rows_left, size, mask.shape[0]), _corner(columns_left, size, mask.shape[1])
                found.append(Window(top, before, rows_left, columns_left))
    return found


def _spans(start: int, stop: int, reach: int) -> list[slice]:
    count = -(-(stop - start) // reach)
    edges = np.linspace(start, stop, count + 1).round().astype(int)
    return [slice(int(one), int(other)) for one, other in pairwise(edges)]


def _corner(part: slice, size: int, length: int) -> int:
    """Where a window begins with ``part`` in its middle, inside of the photo where it fits."""
    start = (part.start + part.stop - size) // 2
    return max(0, min(start, length - size)) if length >= size else (length - size) // 2


def _deep(mask: Mask) -> Mask:
    distance = cv2.distanceTransform(np.pad(mask.view(np.uint8), 1, constant_values=0), cv2.DIST_L2, 3)[1:-1, 1:-1]
    return np.asarray(distance > _DEEP)
