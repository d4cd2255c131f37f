"""Colors that the user knows: as the models take them, and spread from their places.

A hint reaches as far as the photo stays as light: its weight falls with the geodesic distance over lightness
(after Levin et al., *Colorization using optimization*, 2004, in its spirit).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from daguerre.pipeline.colorize.transfer import Floats

_REACH = 0.22
"""Share of the longer side over which a hint fades to 60 % where nothing changes."""
_CLIMB = 12.0
"""Change in L* along the way that costs as much as ``_REACH``."""
_QUIET = 1.0
"""Change in L* from a pixel to the next that costs nothing."""
_ROUNDS = 2
_AT_ONCE = 16
_SPOT = 0.012
"""The radius of what the model is told of a hint, as a share of the longer side."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A color, CIE ``a`` and ``b``, at the pixel ``x``, ``y``, which need not be whole."""

    x: float
    y: float
    a: float
    b: float


def parse_hint(x: int, y: int, color: str) -> Hint:
    """The hint of an sRGB color ``#rrggbb``."""
    code = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    _, a, b = cv2.cvtColor(np.array([[code]], np.float32), cv2.COLOR_RGB2LAB)[0, 0]
    return Hint(x, y, float(a), float(b))


def scale_hints(hints: Sequence[Hint], shape: tuple[int, ...], own: tuple[int, ...]) -> list[Hint]:
    """``hints`` in a photo of ``own`` size, in the same photo at ``shape``."""
    down, across = shape[0] / own[0], shape[1] / own[1]
    return [Hint((hint.x + 0.5) * across - 0.5, (hint.y + 0.5) * down - 0.5, hint.a, hint.b) for hint in hints]


def hint_map(hints: Sequence[Hint], shape: tuple[int, ...]) -> Floats:
    """``[h, w, 3]``: a, b and 1 in a spot around each hint, else 0."""
    height, width = shape[:2]
    told = np.zeros((height, width, 3), np.float32)
    half = max(1, round(_SPOT * max(height, width)))
    for hint in hints:
        y, x = _place(hint, shape)
        told[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1] = (hint.a, hint.b, 1)
    return told


def propagate_hints(chroma: Floats, lightness: Floats, hints: Sequence[Hint]) -> Floats:
    """``chroma`` ``[h, w, 2]`` drawn towards the hints: theirs at their places, its own far away or beyond edges."""
    shape = lightness.shape
    places: dict[tuple[int, int], list[Hint]] = {}
    for hint in hints:
        places.setdefault(_place(hint, shape), []).append(hint)
    wanted = {at: np.mean([(hint.a, hint.b) for hint in found], axis=0) for at, found in places.items()}
    total, weight = np.zeros((*shape, 2), np.float32), np.zeros(shape, np.float32)
    strongest = np.zeros(shape, np.float32)
    rows = list(wanted)
    smooth = cv2.GaussianBlur(lightness, (0, 0), 0.8, borderType=cv2.BORDER_REPLICATE)
    for start in range(0, len(rows), _AT_ONCE):
        for at, distance in zip(
            rows[start : start + _AT_ONCE], _distances(smooth, rows[start : start + _AT_ONCE]), strict=True
        ):
            near = np.exp(np.float32(-0.5) * distance * distance)
            share = near / (distance + np.float32(1e-3))
            change = (wanted[at] - chroma[at]).astype(np.float32)
            total += share[..., None] * change
            weight += share
            np.maximum(strongest, near, out=strongest)
    return np.asarray(chroma + total / np.maximum(weight, 1e-12)[..., None] * strongest[..., None], np.float32)


def _place(hint: Hint, shape: tuple[int, ...]) -> tuple[int, int]:
    return min(shape[0] - 1, max(0, round(hint.y))), min(shape[1] - 1, max(0, round(hint.x)))


def _distances(lightness: Floats, places: Sequence[tuple[int, int]]) -> Floats:
    """``[n, h, w]`` from ``places`` (y, x): the straight way, and the least climb over lightness on any way.

    The climb is found by sweeps in four directions.
    """
    height, width = lightness.shape
    reach = np.float32(_REACH * max(height, width))
    down, across = (
        np.maximum(np.abs(np.diff(lightness, axis=axis)) - np.float32(_QUIET), 0) / np.float32(_CLIMB)
        for axis in (0, 1)
    )
    found = np.full((len(places), height, width), np.inf, np.float32)
    for index, (y, x) in enumerate(places):
        found[index, y, x] = 0
    for _ in range(_ROUNDS):
        for plane, costs in ((found, down), (found.transpose(0, 2, 1), across.T)):
            for line in range(1, plane.shape[1]):
                np.minimum(plane[:, line], plane[:, line - 1] + costs[line - 1], out=plane[:, line])
            for line in range(plane.shape[1] - 2, -1, -1):
                np.minimum(plane[:, line], plane[:, line + 1] + costs[line], out=plane[:, line])
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    for plane, (y, x) in zip(found, places, strict=True):
        plane += np.hypot(rows - y, columns - x) / reach
    return found
