"""Lines and quadrilaterals, in pixels: x to the right, y down, the middle of the first pixel at 0, 0."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""``[n, 2]`` x, y."""


def side_lengths(quads: Points) -> Points:
    """The four sides ``[..., 4]`` of quadrilaterals ``[..., 4, 2]``: side ``k`` is from corner ``k`` to the next."""
    return np.asarray(np.linalg.norm(np.roll(quads, -1, axis=-2) - quads, axis=-1))


def shorter(quad: Points) -> float:
    """The mean length of the shorter pair of opposite sides."""
    sides = side_lengths(quad)
    return float(min(sides[0] + sides[2], sides[1] + sides[3]) / 2)


def area(quad: Points) -> float:
    """Square pixels of a polygon ``[n, 2]``."""
    x, y = quad[:, 0], quad[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def shared_area(one: Points, other: Points) -> float:
    """Square pixels that two convex quadrilaterals have in common."""
    return float(cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))[0])


def clockwise(quad: Points) -> Points:
    """The corners ``[4, 2]`` clockwise as seen, from the one that is top left where it is turned by the least angle."""
    middle = quad.mean(0)
    ordered = quad[np.argsort(np.arctan2(*(quad - middle).T[::-1]))]
    angles = [abs(_slope(ordered[index], ordered[(index + 1) % 4])) for index in range(4)]
    return np.roll(ordered, -int(np.argmin(angles)), axis=0)


def angle_of(quad: Points) -> float:
    """Degrees by which the quadrilateral's top, from its first corner to its second, is turned clockwise."""
    across = quad[1] - quad[0] + quad[2] - quad[3]
    return float(np.degrees(np.arctan2(across[1], across[0])))


def crossing(one: Points, other: Points) -> Points:
    """Where two lines meet, each through two points ``[2, 2]``; not a number where they are parallel."""
    first, second = one[1] - one[0], other[1] - other[0]
    across = first[0] * second[1] - first[1] * second[0]
    if abs(across) < 1e-9:
        return np.full(2, np.nan)
    gap = other[0] - one[0]
    return np.asarray(one[0] + first * (gap[0] * second[1] - gap[1] * second[0]) / across)


def quad_of(lines: list[Points]) -> Points:
    """The corners ``[4, 2]`` of a quadrilateral whose sides lie on four ``lines`` ``[2, 2]``, in their order."""
    return np.array([crossing(lines[index - 1], lines[index]) for index in range(4)])


def is_convex(quad: Points) -> bool:
    """Whether the corners go around one way, and all are numbers."""
    ahead = np.roll(quad, -1, 0) - quad
    after = np.roll(ahead, -1, 0)
    turns = ahead[:, 0] * after[:, 1] - ahead[:, 1] * after[:, 0]
    return bool(np.isfinite(quad).all() and ((turns > 0).all() or (turns < 0).all()))


def rectangle_near(quad: Points, weights: Points) -> Points:
    """The rectangle with sides close to those of ``quad``; ``weights`` ``[4]`` say how far each side is trusted."""
    ahead = np.roll(quad, -1, 0) - quad
    lengths = np.linalg.norm(ahead, axis=1)
    # Four times the angle is the same for all sides of a rectangle.
    turns = np.exp(4j * np.arctan2(ahead[:, 1], ahead[:, 0]))
    trust = np.maximum(weights, 1e-6) * lengths**2
    whole = np.angle((turns * trust).sum()) / 4
    first = np.arctan2(ahead[0, 1], ahead[0, 0])
    angle = whole + np.pi / 2 * np.round((first - whole) / (np.pi / 2))
    winding = np.sign(ahead[0, 0] * ahead[1, 1] - ahead[0, 1] * ahead[1, 0])
    middles = quad + ahead / 2
    lines = []
    for index in range(4):
        turn = angle + winding * index * np.pi / 2
        along = np.array([np.cos(turn), np.sin(turn)])
        lines.append(np.array([middles[index] - along, middles[index] + along]))
    return quad_of(lines)


def moved_out(quad: Points, by: Points) -> Points:
    """``quad`` with side ``k`` moved outward by ``by[k]`` pixels."""
    ahead = np.roll(quad, -1, 0) - quad
    winding = np.sign(ahead[0, 0] * ahead[1, 1] - ahead[0, 1] * ahead[1, 0])
    outward = winding * np.column_stack([ahead[:, 1], -ahead[:, 0]]) / np.linalg.norm(ahead, axis=1)[:, None]
    lines = [np.array([quad[index], quad[(index + 1) % 4]]) + by[index] * outward[index] for index in range(4)]
    return quad_of(lines)


def reading_order(quads: list[Points]) -> list[int]:
    """The order of photos on a page: rows from the top, each from the left.

    Photos are in one row where the middle of one lies within the middle half of the other's height.
    """
    middles = np.array([quad.mean(0) for quad in quads]).reshape(-1, 2)
    heights = np.array([np.ptp(quad[:, 1]) for quad in quads])
    left = list(np.argsort(middles[:, 1], kind="stable"))
    order: list[int] = []
    while left:
        first = left[0]
        row = [
            index for index in left
            if abs(middles[index, 1] - middles[first, 1]) <= max(heights[index], heights[first]) / 3
        ]  # fmt: skip
        order += sorted(row, key=lambda index: float(middles[index, 0]))
        left = [index for index in left if index not in row]
    return [int(index) for index in order]


def _slope(start: Points, end: Points) -> float:
    return float(np.arctan2(end[1] - start[1], end[0] - start[0]))
