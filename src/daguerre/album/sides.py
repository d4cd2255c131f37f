"""The sides of a photo to a fraction of a pixel: straight lines that as much of the page as possible agrees on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from daguerre.album.geometry import (
    Points,
    is_convex,
    moved_out,
    quad_of,
    rectangle_near,
    shorter,
)  # fmt: skip
from daguerre.album.paper import Floats
from daguerre.imaging.photo import Pixels, white_of

_PLACES = 180
"""Places along a side at which the page is read across it."""
_TRIM = 0.04
"""Share of a side at each end that mounting corners may cover."""
_STEP = 2
"""Pixels on each side of an edge whose colors are compared."""
_FAINT = 1.6
"""Lab units from which a difference is an edge."""
_RAGGED = 0.009
"""How far a deckle edge may depart from its line, in the photo's shorter side."""
_OUTER = 0.9
"""Share of the places of a side that its line leaves within the photo."""
SQUARE = 0.45
"""Degrees within which three sides of a rectangle agree."""
_SHADOW, _INNER_EDGE = 0.013, 0.6
"""Width of a shadow in longer sides of the page, and the share of a side at which the edge within it must be seen."""
_DARKEST, _LIGHTEST = 0.4, 0.98
"""Lightness of a shadow in that of the paper."""
_FURTHEST, _GOES_ON, _ENDS = 0.7, 0.8, 0.5
"""How far beyond a corner sides are followed, in their lengths, the share of that at which both must be seen, and the
support of the side that then ends the photo."""
_WORTH_MOVING = 0.03
_WIDEST_BORDER = 0.14
_COHERENT = 7.0
"""How far the edge of a border must rise above the unevenness beside it."""


@dataclass(frozen=True, slots=True)
class View:
    """The page's ``pixels`` ``[h, w, 1|3]`` of any depth, at ``scale`` times the size of the page, and how likely each
    pixel is paper ``[h', w']``, at any size."""

    pixels: Pixels
    scale: float
    paper: Floats

    def read(self, places: Points) -> Floats:
        """CIE Lab ``[..., 3]`` at ``places`` ``[..., 2]`` of the view, the nearest beyond its edges."""
        flat = places.reshape(-1, 2)
        limit = np.array(self.pixels.shape[1::-1]) - 1
        low = np.clip(np.floor(flat.min(0)) - 1, 0, limit).astype(int)
        high = np.clip(np.ceil(flat.max(0)) + 2, 1, limit + 1).astype(int)
        region = np.ascontiguousarray(self.pixels[low[1] : high[1], low[0] : high[0]])
        shape = places.shape[:-1]
        x, y = (flat - low).T.astype(np.float32).reshape(2, *shape)
        values = cv2.remap(region, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        values = np.asarray(values, np.float32).reshape(*shape, -1) / np.float32(white_of(self.pixels.dtype))
        return lab_of(values)

    def paper_at(self, places: Points) -> Floats:
        """The likelihood of paper ``[...]`` at ``places`` of the view; beyond the page there is none."""
        ratio = np.array(self.paper.shape[::-1]) / np.array(self.pixels.shape[1::-1])
        moved = (places + 0.5) * ratio - 0.5
        x, y = np.moveaxis(moved, -1, 0).astype(np.float32)
        return np.asarray(cv2.remap(self.paper, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))


def lab_of(values: Floats) -> Floats:
    """RGB or gray ``[h, w, 1|3]`` 0-1 in CIE Lab ``[h, w, 3]``."""
    color = np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values
    return np.asarray(cv2.cvtColor(np.clip(np.nan_to_num(color), 0, 1).astype(np.float32), cv2.COLOR_RGB2Lab))


@dataclass(frozen=True, slots=True)
class _Side:
    """The line of a side, and the share of its length at which it is seen."""

    ends: Points
    support: float


def refine(
    quad: Points, view: View, window: float, *, outward: float = 1.0, is_rigid: bool = False
) -> tuple[Points, Points]:
    """``quad`` ``[4, 2]`` in the page's pixels with each side at the edge within ``window`` pixels of it (``outward``
    times as far outward), and how far each side is seen ``[4]``, 0-1. Sides that are rigid keep their directions."""
    here = (quad + 0.5) * view.scale - 0.5
    reach = max(3.0, window * view.scale)
    small = shorter(here)
    sides = [
        _side(here[index], here[(index + 1) % 4], view, reach, reach * outward, small, is_rigid) for index in range(4)
    ]
    better = quad_of([side.ends for side in sides])
    support = np.array([side.support for side in sides])
    if not is_convex(better) or np.abs(better - here).max() > 6 * reach + 0.1 * small:
        return quad, support
    return (better + 0.5) / view.scale - 0.5, support


def _side(start: Points, end: Points, view: View, inside: float, outside: float, small: float, is_rigid: bool) -> _Side:
    """The best line from ``inside`` pixels within to ``outside`` pixels beyond the line from ``start`` to ``end``."""
    along = end - start
    length = float(np.linalg.norm(along))
    normal = np.array([along[1], -along[0]]) / max(1e-9, length)
    share = np.linspace(_TRIM, 1 - _TRIM, _PLACES)
    pad = _STEP + 1
    offsets = np.arange(-int(np.ceil(inside)) - pad, int(np.ceil(outside)) + pad + 1, dtype=np.float64)
    places = start + share[:, None, None] * along + offsets[None, :, None] * normal
    colors = view.read(places)
    strength = _contrast(colors)
    usual = float(np.median(strength))
    seen = np.clip(strength / max(_FAINT, 2.8 * usual), 0, 1)
    paper = view.paper_at(places)
    beyond, within = _shifted(paper, 3), 1 - _shifted(paper, -3)
    rating = seen * (0.45 + 0.35 * beyond + 0.2 * within)
    rating = np.asarray(
        cv2.sepFilter2D(rating.astype(np.float32), -1, np.array([0.25, 0.5, 0.25], np.float32), np.ones(1, np.float32))
    )
    first, last = pad, len(offsets) - pad - 1
    tilt = 0 if is_rigid else max(4, int(0.035 * length))
    best, (one, other) = _best_line(rating, share, first, last, tilt, offsets)
    line = one + (other - one) * share
    ragged = max(2.0, _RAGGED * small)
    shadow = _shadow(colors, seen, line, int(min(_SHADOW * max(view.pixels.shape[:2]), 0.07 * small)))
    if shadow:
        line, ragged = line - shadow, min(ragged, max(1.0, shadow / 2))
    line, support = _fitted(strength, seen, share, line, ragged, is_rigid)
    shift = np.interp(line, np.arange(len(offsets)), offsets)
    ends = np.polyfit(share, shift, 1)
    found = np.array([start + ends[1] * normal, end + (ends[0] + ends[1]) * normal])
    return _Side(found, support * min(1.0, best / 0.45))


def _shadow(colors: Floats, seen: Floats, line: Points, widest: int) -> int:
    """The width of the shadow between ``line`` and the photo's edge within it, in places; 0 where there is none.

    A shadow is the paper beyond it, darker by the same factor all along the side, up to an edge within.
    """
    rows = np.arange(len(line))
    outer = np.rint(line).astype(int)
    widest = min(widest, int(outer.min()) - 2 * _STEP)
    if widest < 3 or int(outer.max()) + 5 >= colors.shape[1]:
        return 0
    shifts = np.arange(2, widest + 1)
    index = outer[:, None] - shifts[None]
    edge = np.maximum(
        np.maximum(seen[rows[:, None], index], seen[rows[:, None], index - 1]), seen[rows[:, None], index + 1]
    )
    share = edge.mean(0)
    best = int(np.argmax(share))
    if share[best] < _INNER_EDGE:
        return 0
    width = int(shifts[best])
    between = np.median(colors[rows[:, None], outer[:, None] - np.arange(1, max(2, width))[None]], axis=1)
    beyond = np.median(colors[rows[:, None], outer[:, None] + np.arange(2, 6)[None]], axis=1)
    factor = float(np.median(between[:, 0]) / max(1.0, float(np.median(beyond[:, 0]))))
    if not _DARKEST < factor < _LIGHTEST:
        return 0
    apart = between - factor * beyond
    uneven = 1.48 * float(np.median(np.abs(apart[:, 0] - np.median(apart[:, 0]))))
    usual = 1.48 * float(np.median(np.abs(beyond[:, 0] - np.median(beyond[:, 0]))))
    hue = float(np.linalg.norm(np.median(apart[:, 1:], axis=0)))
    return width if uneven < 1.8 + usual and hue < 4 else 0


def _contrast(colors: Floats) -> Floats:
    """The difference ``[n, m]`` in Lab between the colors on both sides of each place of ``[n, m, 3]``."""
    total = np.cumsum(np.pad(colors, ((0, 0), (1, 0), (0, 0))), axis=1, dtype=np.float64)
    count = colors.shape[1]
    result = np.zeros(colors.shape[:2], np.float32)
    middle = np.arange(_STEP, count - _STEP)
    after = (total[:, middle + _STEP + 1] - total[:, middle + 1]) / _STEP
    before = (total[:, middle] - total[:, middle - _STEP]) / _STEP
    result[:, middle] = np.linalg.norm(after - before, axis=2)
    return result


def _shifted(values: Floats, by: int) -> Floats:
    """``values`` ``[n, m]`` as they are ``by`` places further."""
    index = np.clip(np.arange(values.shape[1]) + by, 0, values.shape[1] - 1)
    return values[:, index]


def _best_line(
    rating: Floats, share: Points, first: int, last: int, tilt: int, offsets: Points
) -> tuple[float, tuple[int, int]]:
    """The line, by its places at both ends of the side, whose mean rating is the highest; and that."""
    ends = np.arange(first, last + 1)
    one, other = np.meshgrid(ends, ends, indexing="ij")
    near = np.abs(one - other) <= tilt
    one, other = one[near], other[near]
    some = slice(None, None, 3)
    lines = np.rint(one[:, None] + (other - one)[:, None] * share[None, some]).astype(int)
    rows = np.arange(len(share))[some]
    score = rating[rows[None], lines].mean(1)
    middle = offsets[lines[:, lines.shape[1] // 2]]
    half = max(1.0, float(np.abs(offsets).max()))
    score = score - 0.06 * (middle / half) ** 2 + 0.015 * middle / half
    best = int(np.argmax(score))
    return float(score[best]), (int(one[best]), int(other[best]))


def _fitted(
    strength: Floats, seen: Floats, share: Points, line: Points, ragged: float, is_rigid: bool
) -> tuple[Points, float]:
    """The line through the edges close to ``line``, moved so that nearly all of them lie within; and how many are."""
    count = strength.shape[1]
    rows = np.arange(len(share))
    support = 0.0
    outer = line
    for reach in (max(2.0, ragged), max(1.5, ragged)):
        width = int(np.ceil(reach))
        index = np.clip(np.rint(line).astype(int)[:, None] + np.arange(-width, width + 1), 1, count - 2)
        values = strength[rows[:, None], index]
        peak = index[rows, np.argmax(values, axis=1)]
        here, before, after = strength[rows, peak], strength[rows, peak - 1], strength[rows, peak + 1]
        bend = before - 2 * here + after
        place = peak + np.where(bend < -1e-6, np.clip(0.5 * (before - after) / np.minimum(bend, -1e-6), -0.5, 0.5), 0)
        weight = seen[rows, peak] * (np.abs(place - line) <= reach + 0.5)
        support = float((seen[rows, peak] > 0.6).mean())
        if weight.sum() < 12:
            return line, support
        for _ in range(5):
            if is_rigid:
                slope, start = 0.0, float((weight * place).sum() / max(1e-9, float(weight.sum())))
            else:
                slope, start = np.polyfit(share, place, 1, w=np.sqrt(weight) + 1e-6)
            apart = place - (start + slope * share)
            spread = max(0.4, 1.5 * float(np.median(np.abs(apart[weight > 0.3]))) if (weight > 0.3).any() else 0.4)
            weight = seen[rows, peak] / (1 + (apart / spread) ** 2)
        line = start + slope * share
        apart = place - line
        trusted = (seen[rows, peak] > 0.5) & (np.abs(apart) <= reach)
        outer = line + max(0.0, float(np.quantile(apart[trusted], _OUTER))) if trusted.sum() > 20 else line
    return outer, support


def squareness(quad: Points) -> tuple[float, Points]:
    """Degrees by which the three sides that agree best differ from right angles, and which they are ``[4]``, 0 or 1."""
    ahead = np.roll(quad, -1, 0) - quad
    turns = np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0]))
    best, which = np.inf, np.ones(4)
    for left_out in range(4):
        three = np.delete(turns, left_out)
        apart = (three - three[0] + 45) % 90 - 45
        if float(np.ptp(apart)) < best:
            best, which = float(np.ptp(apart)), np.where(np.arange(4) == left_out, 0.0, 1.0)
    return best, which


def squared(quad: Points, support: Points) -> Points:
    """``quad`` as a rectangle, with the directions of the three sides that agree."""
    apart, which = squareness(quad)
    trust = np.maximum(0.02, support) ** 2
    rectangle = rectangle_near(quad, trust * np.maximum(which, 1e-3) if apart < SQUARE else trust)
    return rectangle if is_convex(rectangle) else quad


def continued(quad: Points, view: View) -> Points:
    """``quad`` with sides moved outward as far as both neighboring sides are seen to go on: no photo ends there."""
    here = (quad + 0.5) * view.scale - 0.5
    result = here
    for index in range(4):
        one, other = here[index], here[(index + 1) % 4]
        before, after = here[index - 1], here[(index + 2) % 4]
        ahead = np.array([one - before, other - after])
        lengths = np.linalg.norm(ahead, axis=1)
        if lengths.min() < 8:
            continue
        going = ahead / lengths[:, None]
        steps = np.arange(2, int(_FURTHEST * lengths.mean()))
        if len(steps) < 12:
            continue
        seen = np.array([
            _seen_along(start + steps[:, None] * along, along, view)
            for start, along in ((one, going[0]), (other, going[1]))
        ])  # fmt: skip
        share = (np.cumsum(seen, axis=1) / np.arange(1, len(steps) + 1)).min(0)
        far = np.flatnonzero(share > _GOES_ON)
        reach = int(steps[far[-1]]) if len(far) else 0
        if reach < max(6.0, _WORTH_MOVING * float(lengths.mean())):
            continue
        moved = result + np.zeros_like(result)
        moved[index], moved[(index + 1) % 4] = one + reach * going[0], other + reach * going[1]
        side = _side(
            moved[index], moved[(index + 1) % 4], view, 0.25 * reach + 4, 0.1 * reach + 4, shorter(moved), False
        )
        if side.support > _ENDS:
            lines = [np.array([moved[k], moved[(k + 1) % 4]]) for k in range(4)]
            lines[index] = side.ends
            better = quad_of(lines)
            result = better if is_convex(better) else result
    return quad if result is here else (result + 0.5) / view.scale - 0.5


def _seen_along(places: Points, along: Points, view: View) -> Points:
    """Where an edge goes on along ``places`` ``[n, 2]``, 0 or 1."""
    normal = np.array([along[1], -along[0]])
    offsets = np.arange(-6.0, 7.0)
    beyond = _contrast(view.read(places[:, None] + offsets[None, :, None] * normal))
    usual = float(np.median(beyond))
    edge = beyond[:, 4:9].max(1)
    beside = np.maximum(beyond[:, 2:4].max(1), beyond[:, 9:11].max(1))
    limits = np.array(view.pixels.shape[1::-1])
    inside = ((places > 1) & (places < limits - 2)).all(1)
    return np.asarray((edge > max(_FAINT, 2.8 * usual)) & (edge > 1.15 * beside) & inside, np.float64)


def with_border(quad: Points, view: View) -> Points:
    """``quad`` with the border around it, where the page shows its faint edge at the same distance on three sides."""
    here = (quad + 0.5) * view.scale - 0.5
    small = shorter(here)
    most = int(_WIDEST_BORDER * small) + 4
    least = max(3, int(0.012 * small))
    if most - least < 6:
        return quad
    rises = np.array([_rise(here[index], here[(index + 1) % 4], view, most) for index in range(4)])
    offsets = np.arange(rises.shape[1])
    best, width = 0.0, 0
    for distance in range(least, most - 3):
        tolerance = max(1, round(0.07 * distance))
        near = rises[:, max(0, distance - tolerance) : distance + tolerance + 1].max(1)
        third = float(np.sort(near)[1])
        if third > _COHERENT and third > best:
            best, width = third, distance
    if not width:
        return quad
    tolerance = max(1, round(0.07 * width))
    by = np.full(4, float(width))
    for index in range(4):
        window = rises[index, max(0, width - tolerance) : width + tolerance + 1]
        if window.max() > _COHERENT:
            by[index] = offsets[max(0, width - tolerance) + int(np.argmax(window))]
    if not _is_even(here, view, by):
        return quad
    wider = moved_out(here, by)
    return (wider + 0.5) / view.scale - 0.5 if is_convex(wider) else quad


def _is_even(quad: Points, view: View, by: Points) -> bool:
    """Whether what lies within ``by[k]`` pixels beyond side ``k`` is light and of one color, on three sides."""
    middles, even = [], 0
    for index in range(4):
        start, along = quad[index], quad[(index + 1) % 4] - quad[index]
        normal = np.array([along[1], -along[0]]) / max(1e-9, float(np.linalg.norm(along)))
        share, offsets = np.linspace(0.05, 0.95, 60), np.linspace(0.3, 0.75, 4) * by[index]
        colors = view.read(start + share[:, None, None] * along + offsets[None, :, None] * normal)
        middle = np.median(colors.reshape(-1, 3), axis=0)
        spread = 1.48 * float(np.median(np.linalg.norm(colors - middle, axis=2)))
        if middle[0] > 70 and spread < 4:
            even += 1
            middles.append(middle)
    return even >= 3 and float(np.ptp(np.array(middles), axis=0).max()) < 6


def _rise(start: Points, end: Points, view: View, most: int) -> Floats:
    """How sharply the mean color changes at each distance ``[most]`` outward, in times its usual change."""
    along = end - start
    normal = np.array([along[1], -along[0]]) / max(1e-9, float(np.linalg.norm(along)))
    share = np.linspace(0.03, 0.97, _PLACES)
    offsets = np.arange(-2, most + 3, dtype=np.float64)
    colors = view.read(start + share[:, None, None] * along + offsets[None, :, None] * normal)
    # What lies beside a third of the side alone, such as another photo, has no say.
    thirds = np.median(colors.reshape(3, -1, *colors.shape[1:]), axis=1)
    change = np.zeros(len(offsets))
    middle = np.arange(2, len(offsets) - 2)
    change[middle] = np.median(np.linalg.norm(thirds[:, middle + 1] - thirds[:, middle - 1], axis=2), axis=0)
    usual = max(0.06, float(np.median(change[6:-2])))
    return np.asarray(change[2:-2] / usual, np.float32)
