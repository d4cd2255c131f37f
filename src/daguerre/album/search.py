"""The photos on a page: found, and their sides refined."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from daguerre.album import paper, sides
from daguerre.album.geometry import Points, area, clockwise, shared_area, shorter
from daguerre.album.rectangles import find_candidates
from daguerre.imaging.photo import Pixels, white_of

_COARSE, _FINE = 720, 1440
"""Longer sides, in pixels, at which photos are searched for and at which their sides are refined first."""
_WINDOW = 0.02
"""How far sides are searched for at first, in longer sides of the page."""


_SURE = 0.5
"""Support of all sides from which a photo tells whether the page is slanted."""


@dataclass(frozen=True, slots=True)
class Found:
    """A photo's corners ``[4, 2]`` in the page's pixels, clockwise; ``support`` ``[4]``: how far each side is seen."""

    corners: Points
    support: Points


def find_photos(pixels: Pixels) -> list[Found]:
    """The photos on the page ``[H, W, 1|3]`` of any depth, in no order."""
    longest = max(pixels.shape[:2])
    small = _reduced(pixels, _COARSE)
    coarse = cv2.GaussianBlur(sides.lab_of(_unit(small)), (0, 0), 0.8)
    page = paper.find_paper(coarse)
    mask = paper.foreground(page)
    scale = max(small.shape[:2]) / longest
    candidates = find_candidates(mask, coarse[..., 0])
    likely = np.where(mask, 0, 1).astype(np.float32)
    fine = _reduced(pixels, _FINE)
    view = sides.View(fine, max(fine.shape[:2]) / longest, likely)
    whole = sides.View(pixels, 1.0, likely)
    found = []
    rough = [(candidate.quad + 0.5) / scale - 0.5 for candidate in candidates]
    for index, quad in enumerate(rough):
        others = rough[:index] + rough[index + 1 :]
        window = min(_WINDOW * longest, 0.12 * shorter(quad))
        quad, _ = sides.refine(quad, view, window)
        quad, support = sides.refine(quad, view, window / 3)
        longer = sides.continued(quad, view)
        if longer is not quad and not _runs_into_others(longer, quad, others):
            quad, support = sides.refine(longer, view, 3.0 / view.scale)
        bordered = sides.with_border(quad, view)
        if bordered is not quad:
            quad, support = sides.refine(bordered, view, 2.5 / view.scale)
        found.append(Found(quad, support))
    is_slanted = _is_slanted(found)
    return _distinct([_exact(one, view, whole, is_slanted) for one in found])


def _runs_into_others(longer: Points, quad: Points, others: list[Points]) -> bool:
    """Whether a photo that was made longer covers much of others that it did not cover before."""
    return any(
        shared_area(longer, other) > shared_area(quad, other) + 0.05 * min(area(longer), area(other))
        for other in others
    )


def _is_slanted(found: list[Found]) -> bool:
    """Whether the page was photographed at a slant: most of the photos whose sides are well seen are no rectangles."""
    sure = [one for one in found if float(one.support.min()) > _SURE]
    square = [sides.squareness(one.corners)[0] < sides.SQUARE for one in sure]
    return len(square) > 2 * sum(square)


def _exact(one: Found, view: sides.View, whole: sides.View, is_slanted: bool) -> Found:
    """The photo with its sides to a fraction of the page's pixels: a rectangle, unless the page is slanted."""
    quad, support = one.corners, one.support
    finest = whole if view.scale < 0.8 else view
    if not is_slanted:
        quad, support = sides.refine(sides.squared(quad, support), view, 4.0 / view.scale, is_rigid=True)
        quad = sides.squared(quad, support)
    if finest is whole or is_slanted:
        quad, support = sides.refine(quad, finest, 2.0 / view.scale, is_rigid=not is_slanted)
    return Found(clockwise(quad), support)


def _distinct(found: list[Found]) -> list[Found]:
    """Without those that are, for the most part, another."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: -area(one.corners)):
        if all(shared_area(one.corners, other.corners) < 0.5 * area(one.corners) for other in kept):
            kept.append(one)
    return kept


def _reduced(pixels: Pixels, longest: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)).reshape(size[1], size[0], -1)


def _unit(pixels: Pixels) -> paper.Floats:
    return np.asarray(pixels, np.float32) / np.float32(white_of(pixels.dtype))
