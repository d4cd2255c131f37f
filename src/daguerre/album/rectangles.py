"""Which quadrilaterals the foreground of a page consists of.

Sides are straight parts of the outlines of the foreground, and straight edges within it where photos overlap. Four of
them that enclose foreground, and are seen along most of their length, are a photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.album.geometry import Points, area, clockwise, is_convex, quad_of, shared_area, shorter

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_NARROWEST = 0.045
"""Shortest side of a photo, in longer sides of the page."""
_THREAD = 0.004
"""What is narrower is writing, in the same."""
_STRAIGHT = 0.025
_PARALLEL, _SQUARE = 7.0, 11.0
"""Degrees by which opposite sides, and neighbors from a right angle, may differ."""
_OFFERS = 7
"""Lines that are tried for each of the two sides that a corner leaves open."""
_SEEN, _SEEN_SMALL, _SMALL = 0.56, 0.72, 0.08
"""Support from which four sides are a photo, and a small one, with a side below so many longer sides of the page."""
_ALONE, _SEEN_ALONE, _TRIED = 0.945, 0.57, 150
"""Share of the union with what an outline encloses from which a quadrilateral is all of it, how far it must be seen,
and how many are tried."""
_PREFERENCES = (-0.06, 0.0, 0.05, 0.1, 0.2)
_WORTH, _FURTHER = 0.45, 0.15
"""Support above which a photo speaks for how the foreground was parted, and what each further photo adds to that."""
_MOST_SHARED = 0.3
"""Share of its area that a photo may have in common with those found before."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """A straight part of an outline: its ``ends`` ``[2, 2]``; ``normal`` points out of the foreground."""

    ends: Points
    normal: Points
    length: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo's ``quad`` ``[4, 2]`` roughly, and how well its sides are seen, 0-1."""

    quad: Points
    support: float


def find_candidates(mask: Mask, lightness: Floats) -> list[Candidate]:
    """Photos in the foreground ``mask`` ``[h, w]``; ``lightness`` is that of the page, 0-100."""
    longest = max(mask.shape)
    solid = _solid(mask, longest)
    edges = _Edges(solid, mask, lightness)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=4)
    found: list[Candidate] = []
    for index in range(1, count):
        left, top, width, height, size = (int(value) for value in stats[index])
        if max(width, height) < _NARROWEST * longest or size < 0.4 * (_NARROWEST * longest) ** 2:
            continue
        part = np.zeros((height + 2, width + 2), np.uint8)
        part[1:-1, 1:-1] = labels[top : top + height, left : left + width] == index
        found += _split(part, np.array([left - 1, top - 1]), edges, longest)
    return found


def _solid(mask: Mask, longest: int) -> Mask:
    """The foreground without threads and ."""
    reach = max(1, round(_THREAD * longest))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0)


class _Edges:
    """What is seen at the sides of quadrilaterals."""

    def __init__(self, solid: Mask, mask: Mask, lightness: Floats) -> None:
        self.solid = solid.astype(np.float32)
        self.mask = mask.astype(np.float32)
        smooth = cv2.GaussianBlur(lightness, (0, 0), 1.0)
        self.across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) / 8
        self.down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1) / 8
        self.longest = max(solid.shape)
        strength = np.hypot(self.across, self.down)
        self.least = 2.5 * float(np.median(strength)) + 0.6
        self.lines = self._straight(smooth)

    def _straight(self, smooth: Floats) -> Points:
        """Long straight edges ``[n, 2, 2]``."""
        detector = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD)
        low, high = np.percentile(smooth, (0.5, 99.5))
        stretched = np.clip((smooth - low) * (255 / max(1.0, high - low)), 0, 255).astype(np.uint8)
        lines = detector.detect(stretched)[0]
        if lines is None:
            return np.zeros((0, 2, 2))
        lines = lines.reshape(-1, 2, 2).astype(np.float64)
        lengths = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1)
        return np.asarray(lines[lengths > _STRAIGHT * self.longest])

    def support(self, quads: Points) -> tuple[Points, Points]:
        """For ``[n, 4, 2]``: how far each side is seen ``[n, 4]``, 0-1, and how full the inside is ``[n]``, 0-1.

        A side between foreground and paper counts whole, one that is an edge within the foreground in part.
        """
        steps = np.linspace(0.05, 0.95, 31)
        start, end = quads, np.roll(quads, -1, axis=1)
        along = end - start
        length = np.maximum(1e-6, np.linalg.norm(along, axis=2, keepdims=True))
        outward = np.concatenate([along[..., 1:], -along[..., :1]], axis=2) / length
        places = start[:, :, None] + steps[None, None, :, None] * along[:, :, None]
        beside = max(2.0, 0.006 * self.longest)
        inside = self._at(self.solid, places - beside * outward[:, :, None])
        outside = self._at(self.solid, places + beside * outward[:, :, None])
        bounds = (inside > 0.5) & (outside < 0.5)
        slope = np.zeros(places.shape[:3], np.float32)
        for shift in (-1.5, 0.0, 1.5):
            moved = places + shift * outward[:, :, None]
            gradient = (
                self._at(self.across, moved) * outward[:, :, None, 0]
                + self._at(self.down, moved) * outward[:, :, None, 1]
            )
            slope = np.maximum(slope, np.abs(gradient))
        edge = np.clip(slope / self.least - 0.4, 0, 1)
        seen = np.where(bounds, 1.0, 0.55 * edge).mean(2)
        # Writing beside a photo leaves paper between its strokes.
        depths = beside * np.array([1.0, 2.0, 3.0])
        strip = self._at(self.mask, places[:, :, :, None] - depths[:, None] * outward[:, :, None, None]).mean((2, 3))
        seen = seen * np.clip(0.4 + strip, 0, 1)
        grid = np.array([(x, y) for x in np.linspace(0.08, 0.92, 9) for y in np.linspace(0.08, 0.92, 9)])
        x, y = grid[:, :1], grid[:, 1:]
        weights = np.concatenate([(1 - x) * (1 - y), x * (1 - y), x * y, (1 - x) * y], axis=1)
        full = self._at(self.solid, np.einsum("gc,ncd->ngd", weights, quads)).mean(1)
        return np.asarray(seen), np.asarray(full)

    @staticmethod
    def _at(plane: Floats, places: Points) -> Points:
        flat = places.reshape(-1, 2)
        x = np.clip(np.rint(flat[:, 0]).astype(int), 0, plane.shape[1] - 1)
        y = np.clip(np.rint(flat[:, 1]).astype(int), 0, plane.shape[0] - 1)
        inside = (flat[:, 0] > -1) & (flat[:, 1] > -1) & (flat[:, 0] < plane.shape[1]) & (flat[:, 1] < plane.shape[0])
        return np.asarray(np.where(inside, plane[y, x], 0).reshape(places.shape[:-1]))


def _split(part: npt.NDArray[np.uint8], shift: Points, edges: _Edges, longest: int) -> list[Candidate]:
    """The photos that one connected piece of foreground consists of."""
    outlines, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=len)[:, 0].astype(np.float64) + shift
    segments = _segments(outline, longest)
    quads = _hypotheses(segments, edges, outline, longest)
    box = clockwise(cv2.boxPoints(cv2.minAreaRect(outline.astype(np.float32))).astype(np.float64))
    quads = np.concatenate([quads, box[None]])
    seen, full = edges.support(quads)
    support = (0.75 * seen.mean(1) + 0.25 * seen.min(1)) * np.clip((full - 0.25) / 0.65, 0, 1)
    sizes = np.array([area(quad) for quad in quads])
    alone = _alone(quads, seen.mean(1), outline - shift, shift, part.shape)
    if alone is not None:
        one = Candidate(quads[alone], float(seen[alone].mean()))
        return [one] if _is_large_enough(one, longest) else []
    # Of two that are seen alike the larger: a border belongs to its photo. How much larger is found by trying.
    best: list[Candidate] = []
    most = 0.0
    for preference in _PREFERENCES:
        order = np.argsort(-(support + preference * np.log(sizes / sizes.max())), kind="stable")
        chosen = _chosen(order[:400], quads, support, full, sizes, part, shift, longest)
        worth = sum((one.support - _WORTH) * area(one.quad) for one in chosen) * (1 + _FURTHER * (len(chosen) - 1))
        if worth > most:
            best, most = chosen, worth
    return best


def _alone(quads: Points, seen: Points, outline: Points, shift: Points, shape: tuple[int, ...]) -> int | None:
    """Which of ``quads`` is all that ``outline`` encloses, whatever is seen within: a photo that touches no other."""
    whole = np.zeros(shape, np.uint8)
    cv2.fillPoly(whole, [np.rint(outline).astype(np.int32)], 1)
    total = int(np.count_nonzero(whole))
    for index in np.argsort(-seen, kind="stable")[:_TRIED]:
        if seen[index] < _SEEN_ALONE:
            break
        stamp = np.zeros(shape, np.uint8)
        cv2.fillConvexPoly(stamp, np.rint((quads[index] - shift) * 16).astype(np.int32), 1, cv2.LINE_8, 4)
        both = int(np.count_nonzero(stamp & whole))
        if both / (total + area(quads[index]) - both) > _ALONE:
            return int(index)
    return None


def _is_large_enough(one: Candidate, longest: int) -> bool:
    """Whether the candidate is seen as well as one of its size must be."""
    small = shorter(one.quad)
    return small >= _NARROWEST * longest and one.support >= (_SEEN if small > _SMALL * longest else _SEEN_SMALL)


def _chosen(
    order: npt.NDArray[np.int64],
    quads: Points,
    support: Points,
    full: Points,
    sizes: Points,
    part: npt.NDArray[np.uint8],
    shift: Points,
    longest: int,
) -> list[Candidate]:
    """Quadrilaterals that together make up the foreground of ``part``, taken in ``order``."""
    total = float(np.count_nonzero(part))
    left = part.copy()
    chosen: list[Candidate] = []
    for index in order:
        quad = quads[index]
        if not _is_large_enough(Candidate(quad, float(support[index])), longest):
            continue
        stamp = np.zeros_like(part)
        cv2.fillConvexPoly(stamp, np.rint((quad - shift) * 16).astype(np.int32), 1, cv2.LINE_8, 4)
        fresh = float(np.count_nonzero(stamp & left))
        if fresh < (1 - _MOST_SHARED) * sizes[index] * min(1.0, float(full[index])):
            continue
        if any(shared_area(quad, other.quad) > 0.25 * min(sizes[index], area(other.quad)) for other in chosen):
            continue
        chosen.append(Candidate(quad, float(support[index])))
        left &= 1 - stamp
        if np.count_nonzero(left) < 0.03 * total:
            break
    return chosen


def _segments(outline: Points, longest: int) -> list[_Segment]:
    """The straight parts of a closed ``outline``."""
    corners = cv2.approxPolyDP(outline.astype(np.float32)[:, None], 0.0055 * longest, True)[:, 0].astype(np.float64)
    if len(corners) < 2:
        return []
    places = [int(np.argmin(((outline - corner) ** 2).sum(1))) for corner in corners]
    twice = float((outline[:, 0] * np.roll(outline[:, 1], -1) - outline[:, 1] * np.roll(outline[:, 0], -1)).sum())
    winding = 1.0 if twice > 0 else -1.0
    found = []
    for first, last in zip(places, places[1:] + places[:1], strict=True):
        points = outline[first : last + 1] if last >= first else np.concatenate([outline[first:], outline[: last + 1]])
        if len(points) < 8 or np.linalg.norm(points[-1] - points[0]) < _STRAIGHT * longest:
            continue
        trim = max(1, len(points) // 12)
        inner = points[trim:-trim]
        middle, along = _line(inner)
        if along @ (points[-1] - points[0]) < 0:
            along = -along
        reach = np.array([(points[0] - middle) @ along, (points[-1] - middle) @ along])
        normal = winding * np.array([along[1], -along[0]])
        found.append(_Segment(middle + reach[:, None] * along, normal, float(reach[1] - reach[0])))
    return found


def _line(points: Points) -> tuple[Points, Points]:
    """A point of the line through ``points`` and its direction, by least squares without the worst fifth."""
    kept = points
    middle, along = points.mean(0), np.array([1.0, 0.0])
    for _ in range(2):
        middle = kept.mean(0)
        along = np.linalg.svd(kept - middle, full_matrices=False)[2][0]
        apart = np.abs((points - middle) @ np.array([-along[1], along[0]]))
        kept = points[apart <= np.quantile(apart, 0.8)]
    return middle, along


def _hypotheses(segments: list[_Segment], edges: _Edges, outline: Points, longest: int) -> Points:
    """Quadrilaterals ``[n, 4, 2]`` with two neighboring sides on the outline."""
    low, high = outline.min(0) - 3, outline.max(0) + 3
    lines = edges.lines
    room = 0.5 * (high - low)
    inside = ((lines > low - room) & (lines < high + room)).all(axis=(1, 2))
    lines = lines[inside]
    least = _NARROWEST * longest
    found: list[Points] = []
    for one in segments:
        for other in segments:
            if one is other or one.normal[0] * other.normal[1] - one.normal[1] * other.normal[0] <= 0:
                continue
            if abs(float(one.normal @ other.normal)) > np.sin(np.radians(_SQUARE)):
                continue
            corner = quad_of([one.ends, other.ends, one.ends, other.ends])[1]
            if (
                not np.isfinite(corner).all()
                or not (low - 0.05 * longest < corner).all()
                or not (corner < high + 0.05 * longest).all()
            ):
                continue
            # From the corner the photo reaches against the normals.
            if _apart(corner, one, other) > 0.5 * longest:
                continue
            far = _offers(one, corner, segments, lines, least)
            wide = _offers(other, corner, segments, lines, least)
            for third in far:
                for fourth in wide:
                    quad = quad_of([one.ends, other.ends, third, fourth])
                    if (
                        is_convex(quad)
                        and shorter(quad) > least
                        and (quad > low - room).all()
                        and (quad < high + room).all()
                    ):
                        found.append(clockwise(quad))
    if not found:
        return np.zeros((0, 4, 2))
    return _distinct(np.array(found), 0.003 * longest)


def _apart(corner: Points, one: _Segment, other: _Segment) -> float:
    """How far the corner lies from the nearer ends of the two segments."""
    return float(sum(np.linalg.norm(segment.ends - corner, axis=1).min() for segment in (one, other)))


def _offers(side: _Segment, corner: Points, segments: list[_Segment], lines: Points, least: float) -> list[Points]:
    """Lines that may be the side opposite to ``side``, the likeliest first."""
    inward = -side.normal
    across = np.array([-inward[1], inward[0]])
    offers: list[tuple[float, float, Points]] = []
    tolerance = np.sin(np.radians(_PARALLEL))

    def offer(ends: Points, weight: float) -> None:
        depth = float((ends.mean(0) - corner) @ inward)
        if depth > least:
            offers.append((weight, depth, ends))

    for segment in segments:
        if segment is side:
            continue
        turn = float(segment.normal @ side.normal)
        if turn < -np.cos(np.radians(_PARALLEL)):
            offer(segment.ends, 2.0 * segment.length)
        elif abs(turn) < np.sin(np.radians(_SQUARE)) and segment.length > 0.5 * least:
            # Where a neighboring side ends, the opposite one may be.
            for end in segment.ends:
                offer(np.array([end - across, end + across]), 0.8 * segment.length)
    if len(lines):
        ahead = lines[:, 1] - lines[:, 0]
        length = np.linalg.norm(ahead, axis=1)
        parallel = np.abs(ahead @ inward) < tolerance * length
        for line, weight in zip(lines[parallel], length[parallel], strict=True):
            offer(line, float(weight))
    # Alike ones count together.
    offers.sort(key=lambda entry: -entry[0])
    kept: list[tuple[float, float, Points]] = []
    for weight, depth, ends in offers:
        for index, (total, known, first) in enumerate(kept):
            if abs(known - depth) < 0.12 * least:
                kept[index] = (total + 0.5 * weight, known, first)
                break
        else:
            kept.append((weight, depth, ends))
    kept.sort(key=lambda entry: -entry[0])
    return [ends for _, _, ends in kept[:_OFFERS]]


def _distinct(quads: Points, apart: float) -> Points:
    """The quadrilaterals, of those that are alike one."""
    keys = np.rint(quads.reshape(len(quads), 8) / apart).astype(np.int64)
    _, first = np.unique(keys, axis=0, return_index=True)
    return np.asarray(quads[np.sort(first)])
