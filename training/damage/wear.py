"""Damage drawn straight onto a photo, at its own scale: what time, hands and scanners do to a print, a plate or a film.

Every kind draws onto a ``Layer`` the size of the photo: how much of each pixel it covers, and of what color. Shapes,
widths and densities follow what was measured on labelled photographs (``training/damage/real``): most damage is small
and there is much of it, dark about as often as bright, and few things are as even as a drawn line.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Random = np.random.Generator

_SHIFT = 4
"""Fraction bits of the coordinates that OpenCV is given."""


@dataclass(slots=True)
class Layer:
    """``alpha`` [H, W] 0..1 and the color [3] or [H, W, 3] that shows where it covers; ``additive`` layers add it."""

    alpha: Floats
    color: Floats
    additive: bool = False


def log_uniform(rng: Random, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def noise(rng: Random, height: int, width: int, cell: float, octaves: int = 3) -> Floats:
    """Smooth noise of standard deviation 1 with features of about ``cell`` pixels and ``octaves`` finer ones."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        step = max(1.0, cell / 2**octave)
        field = rng.standard_normal((int(height / step) + 3, int(width / step) + 3), dtype=np.float32)
        large = cv2.resize(field, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
        y, x = (int(rng.integers(0, max(1, n - m))) for n, m in zip(large.shape, (height, width), strict=True))
        total += large[y : y + height, x : x + width] * np.float32(0.6**octave)
    total -= total.mean()
    return np.asarray(total / max(float(total.std()), 1e-6), np.float32)


def _points(points: Floats) -> npt.NDArray[np.int32]:
    return np.asarray(np.rint(points * 2**_SHIFT), np.int32)


def _fill(canvas: Bytes, points: Floats, value: int = 255) -> None:
    cv2.fillPoly(canvas, [_points(points)], value, cv2.LINE_AA, _SHIFT)


def _stroke(canvas: Bytes, points: Floats, widths: Floats, value: int = 255) -> None:
    """A line through ``points`` [N, 2] whose width varies; thinner than a pixel it is fainter."""
    flat = _points(points)
    for start in range(len(flat) - 1):
        width = float(widths[start])
        tone = value if width >= 1 else int(value * max(width, 0.15))
        cv2.line(
            canvas,
            tuple(map(int, flat[start])),
            tuple(map(int, flat[start + 1])),
            tone,
            max(1, round(width)),
            cv2.LINE_AA,
            _SHIFT,
        )


def _scaled(canvas: Bytes, strength: float = 1.0) -> Floats:
    return canvas.astype(np.float32) * np.float32(strength / 255)


# Shapes ---------------------------------------------------------------------------------------------------------------


def blob(rng: Random, x: float, y: float, radius: float) -> Floats:
    """An irregular outline [N, 2] around a point."""
    count = int(np.clip(6 + radius, 7, 28))
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    rough = rng.uniform(0.1, 0.5)
    radii = radius * np.exp(rough * rng.standard_normal(count))
    stretch, turn = rng.uniform(0.45, 1.0), rng.uniform(0, np.pi)
    px, py = radii * np.cos(angles), radii * np.sin(angles) * stretch
    return np.stack([x + px * np.cos(turn) - py * np.sin(turn), y + px * np.sin(turn) + py * np.cos(turn)], 1).astype(
        np.float32
    )


def curl(rng: Random, x: float, y: float, length: float, bend: float) -> Floats:
    """A path [N, 2] whose direction wanders by up to ``bend`` radians over ten pixels, as a hair's does."""
    step = 3.0
    count = max(4, int(length / step))
    turning = np.convolve(rng.standard_normal(count + 8), np.ones(9) / 3, "valid") * bend * step / 10
    turning += rng.normal(0, bend * 0.06)
    angles = rng.uniform(0, 2 * np.pi) + np.cumsum(turning)
    return np.stack([x + np.cumsum(np.cos(angles)) * step, y + np.cumsum(np.sin(angles)) * step], 1).astype(np.float32)


def jagged(rng: Random, start: Floats, end: Floats, rough: float) -> Floats:
    """A path [N, 2] between two points by midpoint displacement: a crack's."""
    points = np.stack([start, end]).astype(np.float32)
    span = float(np.hypot(*(end - start)))
    amount = rough * span
    while span > 7:
        middle = (points[:-1] + points[1:]) / 2
        middle += (rng.standard_normal(middle.shape) * amount).astype(np.float32)
        merged = np.empty((len(points) * 2 - 1, 2), np.float32)
        merged[::2], merged[1::2] = points, middle
        points, span, amount = merged, span / 2, amount * 0.52
    return points


def _crossing(rng: Random, height: int, width: int) -> tuple[Floats, Floats]:
    """Two points on or beyond the border, on different sides."""
    sides = rng.choice(4, 2, replace=False)
    ends = []
    for side in sides:
        at = rng.uniform(-0.05, 1.05)
        ends.append([(at * width, -4), (at * width, height + 4), (-4, at * height), (width + 4, at * height)][side])
    return np.float32(ends[0]), np.float32(ends[1])


def _widths(rng: Random, count: int, width: float, vary: float) -> Floats:
    wave = np.convolve(rng.standard_normal(count + 14), np.ones(15) / 4, "valid")[:count]
    return np.asarray(width * np.exp(vary * wave), np.float32)


def _wander(rng: Random, count: int, step: int) -> Floats:
    """``count`` values that wander around 0 with standard deviation 1, anew every ``step``."""
    knots = np.arange(0, count + step, step)
    return np.interp(np.arange(count), knots, rng.standard_normal(len(knots))).astype(np.float32)


# Colors ---------------------------------------------------------------------------------------------------------------


def bright(rng: Random, image: Floats) -> Floats:
    """What shows where the image layer is gone or light dust lies: paper as light as this print's, or lighter."""
    top = np.quantile(image[::7, ::7].reshape(-1, 3), 0.99, axis=0)
    if rng.random() < 0.35:
        top = top * 0 + top.mean()
    return np.asarray(
        np.clip(top * rng.uniform(0.82, 1.08) + rng.uniform(0, 0.12) * np.array([1, 0.97, 0.9]), 0, 1), np.float32
    )


def dark(rng: Random, image: Floats) -> Floats:
    """Dirt, ink, rust, the shadow of a hair, or what a hole in a negative prints as."""
    low = np.quantile(image[::7, ::7].reshape(-1, 3), 0.01, axis=0)
    if rng.random() < 0.4:
        low = low + rng.uniform(0, 0.25) * np.array([1, rng.uniform(0.5, 1), rng.uniform(0.3, 1)])
    return np.asarray(np.clip(low * rng.uniform(0.6, 1.15), 0, 1), np.float32)


def either(rng: Random, image: Floats, light: float = 0.5) -> Floats:
    """Bright with probability ``light``, else dark."""
    return bright(rng, image) if rng.random() < light else dark(rng, image)


# Kinds ----------------------------------------------------------------------------------------------------------------


def _area(image: Floats) -> float:
    return image.shape[0] * image.shape[1] / 1e6


def specks(rng: Random, image: Floats) -> list[Layer]:
    """Dust, dirt and pinholes: up to hundreds, most of them a few pixels across, often crowded."""
    height, width = image.shape[:2]
    canvas = np.zeros((height, width), np.uint8)
    count = min(700, max(3, int(log_uniform(rng, 6, 700) * _area(image))))
    base, tail = rng.uniform(0.6, 1.6), rng.uniform(1.4, 3.0)
    crowd = rng.random() < 0.5
    centers = rng.uniform(0, 1, (max(1, count // 40), 2)) * (width, height)
    spread = rng.uniform(0.05, 0.4) * max(height, width)
    for _ in range(count):
        if crowd and rng.random() < 0.7:
            x, y = centers[rng.integers(len(centers))] + rng.normal(0, spread, 2)
        else:
            x, y = rng.uniform(0, width), rng.uniform(0, height)
        radius = min(base * (1 + rng.pareto(tail)), 14)
        tone = int(255 * (1 - rng.random() ** 2 * 0.75))
        if rng.random() < 0.12:
            path = curl(rng, x, y, radius * rng.uniform(3, 9), rng.uniform(0.1, 1.5))
            _stroke(canvas, path, _widths(rng, len(path), max(0.6, radius * 0.5), 0.2), tone)
        else:
            _fill(canvas, blob(rng, x, y, radius), tone)
    alpha = cv2.GaussianBlur(_scaled(canvas), (0, 0), rng.uniform(0.35, 1.0))
    return [Layer(np.asarray(alpha, np.float32), either(rng, image))]


def pairs_of_specks(rng: Random, image: Floats) -> list[Layer]:
    """Bright and dark specks on one photo."""
    return specks(rng, image) + specks(rng, image)


def hairs(rng: Random, image: Floats) -> list[Layer]:
    """Hairs and lint: thin, curled, of even tone, soft at the edge."""
    height, width = image.shape[:2]
    canvas = np.zeros((height, width), np.uint8)
    thick = log_uniform(rng, 0.8, 3.2)
    for _ in range(min(9, 1 + int(rng.exponential(2.2)))):
        bend = rng.choice([rng.uniform(0.02, 0.15), rng.uniform(0.15, 0.6), rng.uniform(0.6, 1.6)])
        length = log_uniform(rng, 18, 320) * min(1.0, 0.5 + thick / 2)
        path = curl(rng, rng.uniform(0, width), rng.uniform(0, height), length, bend)
        _stroke(canvas, path, _widths(rng, len(path), thick, 0.12), int(rng.uniform(130, 255)))
    alpha = cv2.GaussianBlur(_scaled(canvas), (0, 0), rng.uniform(0.35, 0.9))
    return [Layer(np.asarray(alpha, np.float32), either(rng, image, 0.55))]


def scratches(rng: Random, image: Floats) -> list[Layer]:
    """Long, straight or a little bowed, thin, interrupted; single, or a sheaf of parallel ones."""
    height, width = image.shape[:2]
    canvas = np.zeros((height, width), np.uint8)
    side = max(height, width)
    for _ in range(1 + int(rng.exponential(1.5))):
        angle, length = rng.uniform(0, np.pi), log_uniform(rng, 0.02, 1.3) * side
        center = rng.uniform(0, 1, 2) * (width, height)
        sheaf = 1 if rng.random() < 0.6 else int(rng.integers(2, 9))
        bow = rng.normal(0, 0.06) * length
        for _ in range(sheaf):
            reach = length * rng.uniform(0.4, 1)
            t = np.linspace(-0.5, 0.5, max(3, int(reach / 14)), dtype=np.float32)
            along, across = t * reach, bow * (t**2) * 4 + np.cumsum(rng.normal(0, 0.12, len(t)))
            offset = rng.normal(0, 1, 2) * (0.03 * length if sheaf > 1 else 0)
            points = np.stack([center[0] + offset[0] + along * np.cos(angle) - across * np.sin(angle),
                               center[1] + offset[1] + along * np.sin(angle) + across * np.cos(angle)], 1)  # fmt: skip
            _stroke(
                canvas,
                points.astype(np.float32),
                _widths(rng, len(t), log_uniform(rng, 0.5, 3.2), 0.3),
                int(rng.uniform(110, 255)),
            )
    alpha = _scaled(canvas)
    if rng.random() < 0.6:
        alpha = alpha * np.clip(
            0.75 + rng.uniform(0.2, 1.1) * noise(rng, height, width, log_uniform(rng, 6, 60), 2), 0, 1
        )
    alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.3, 0.7))
    return [Layer(np.asarray(alpha, np.float32), either(rng, image, 0.6))]


def tram_lines(rng: Random, image: Floats) -> list[Layer]:
    """Scratches of film that runs through a machine: along one axis, through the whole frame."""
    height, width = image.shape[:2]
    flat = rng.random() < 0.25
    tall, wide = (width, height) if flat else (height, width)
    alpha = np.zeros((tall, wide), np.float32)
    rows = np.arange(tall)
    for _ in range(1 + int(rng.exponential(2))):
        thick = log_uniform(rng, 0.6, 3.5)
        way = rng.uniform(0, wide) + np.cumsum(rng.normal(0, 0.05, tall)) + rng.normal(0, 0.004) * rows
        force = np.clip(rng.uniform(0.3, 1) + rng.uniform(0, 0.5) * _wander(rng, tall, 30), 0, 1)
        if rng.random() < 0.4:
            first = rng.uniform(-0.3, 0.8) * tall
            force = force * ((rows > first) & (rows < first + rng.uniform(0.15, 1) * tall))
        for shift in range(-4, 5):
            column = np.floor(way).astype(int) + shift
            inside = (column >= 0) & (column < wide)
            cover = np.clip(thick / 2 + 0.5 - np.abs(column + 0.5 - way), 0, 1) * force
            np.maximum.at(alpha, (rows[inside], column[inside]), cover[inside].astype(np.float32))
    return [Layer(np.ascontiguousarray(alpha.T if flat else alpha), either(rng, image, 0.65))]


def cracks(rng: Random, image: Floats) -> list[Layer]:
    """Broken emulsion: jagged, branching, of changing width, paper showing, often a shadow along one side."""
    height, width = image.shape[:2]
    canvas = np.zeros((height, width), np.uint8)
    thick = log_uniform(rng, 0.8, 5.5)
    for _ in range(1 + int(rng.exponential(1.2))):
        start, end = _crossing(rng, height, width)
        if rng.random() < 0.6:
            first, last = np.sort(rng.uniform(0, 1, 2))
            start, end = (
                start + (end - start) * np.float32(first),
                start + (end - start) * np.float32(max(last, first + 0.08)),
            )
        stack = [(start, end, thick, 0)]
        while stack:
            begin, stop, size, depth = stack.pop()
            path = jagged(rng, begin, stop, rng.uniform(0.02, 0.1))
            _stroke(canvas, path, _widths(rng, len(path), size, 0.45))
            if depth < 2:
                for _ in range(rng.poisson(1.4 if depth == 0 else 0.5)):
                    at = path[rng.integers(len(path))]
                    angle, reach = rng.uniform(0, 2 * np.pi), np.hypot(*(stop - begin)) * rng.uniform(0.08, 0.4)
                    stack.append(
                        (at, at + np.float32([np.cos(angle), np.sin(angle)]) * np.float32(reach), size * 0.6, depth + 1)
                    )
    alpha = _scaled(canvas)
    if rng.random() < 0.5:
        alpha = alpha * np.clip(0.9 + rng.uniform(0, 0.9) * noise(rng, height, width, log_uniform(rng, 5, 40), 2), 0, 1)
    return _lit(rng, np.asarray(cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.3, 0.8)), np.float32), image, 0.75)


def creases(rng: Random, image: Floats) -> list[Layer]:
    """A fold: nearly straight through the print or across a corner, the emulsion crumbled in places along it."""
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        corner = np.float32([rng.choice([0, width]), rng.choice([0, height])])
        reach = rng.uniform(0.05, 0.45) * min(height, width)
        sign = np.where(corner > 0, -1, 1)
        start = corner + np.float32([sign[0] * reach * rng.uniform(0.5, 1.6), 0])
        end = corner + np.float32([0, sign[1] * reach * rng.uniform(0.5, 1.6)])
    else:
        start, end = _crossing(rng, height, width)
    line = np.zeros((height, width), np.uint8)
    path = jagged(rng, np.float32(start), np.float32(end), rng.uniform(0.002, 0.015))
    reach = log_uniform(rng, 3, 16)
    _stroke(line, path, np.full(len(path), 1.0, np.float32))
    distance = cv2.distanceTransform((line < 60).astype(np.uint8), cv2.DIST_L2, 3)
    rough = noise(rng, height, width, log_uniform(rng, 4, 14), 2)
    along = noise(rng, height, width, log_uniform(rng, 30, 200), 2)
    alpha = np.clip(
        (rough * 0.8 + along * rng.uniform(0.3, 1) + rng.uniform(-0.2, 1.6)) - distance / (reach / 2.2), 0, 1
    )
    core = np.clip(1.6 - distance, 0, 1) * np.clip(0.7 + 0.5 * along, 0, 1)
    layers = _lit(rng, np.asarray(np.maximum(alpha, core * rng.uniform(0, 1)), np.float32), image, 0.8)
    if rng.random() < 0.5:  # the paper is bent beside it
        band = np.exp(-distance / log_uniform(rng, 8, 40)) * np.float32(rng.uniform(-0.12, 0.12))
        layers.append(Layer(np.ones_like(alpha, np.float32), np.repeat(band[..., None], 3, 2).astype(np.float32), True))
    return layers


def _lit(rng: Random, alpha: Floats, image: Floats, light: float) -> list[Layer]:
    """``alpha`` in the color of what lies below, with fiber, and with light and shadow along its rim."""
    color = either(rng, image, light)
    if rng.random() < 0.6:
        height, width = alpha.shape
        fiber = noise(rng, height, width, log_uniform(rng, 2, 9), 2)[..., None] * np.float32(rng.uniform(0.01, 0.06))
        color = np.clip(color + fiber, 0, 1).astype(np.float32)
    layers = [Layer(alpha, color)]
    if rng.random() < 0.55:
        reach = rng.uniform(0.7, 2.6)
        angle = rng.uniform(0, 2 * np.pi)
        matrix = np.float32([[1, 0, reach * np.cos(angle)], [0, 1, reach * np.sin(angle)]])
        shadow = cv2.warpAffine(alpha, matrix, alpha.shape[::-1]) * (1 - alpha)
        layers.insert(
            0,
            Layer(
                np.ones_like(alpha),
                np.repeat((-rng.uniform(0.05, 0.4) * shadow)[..., None], 3, 2).astype(np.float32),
                True,
            ),
        )
    return layers


def chips(rng: Random, image: Floats) -> list[Layer]:
    """Flaked emulsion: irregular patches, often many small ones around a few large."""
    height, width = image.shape[:2]
    canvas = np.zeros((height, width), np.uint8)
    for _ in range(1 + int(rng.exponential(3))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        if rng.random() < 0.5:
            x = float(rng.choice([rng.exponential(0.04) * width, width - rng.exponential(0.04) * width]))
        size = log_uniform(rng, 2.5, 34)
        _fill(canvas, blob(rng, x, y, size))
        for _ in range(rng.poisson(4)):
            _fill(
                canvas,
                blob(rng, x + rng.normal(0, size * 1.7), y + rng.normal(0, size * 1.7), size * rng.uniform(0.08, 0.4)),
            )
    alpha = _scaled(canvas)
    rough = noise(rng, height, width, log_uniform(rng, 2.5, 10), 2)
    soft = cv2.GaussianBlur(alpha, (0, 0), 1.6)
    alpha = np.clip((soft + 0.18 * rough * (soft > 0.02) - 0.42) * 5, 0, 1)
    return _lit(rng, np.asarray(alpha, np.float32), image, 0.72)


def _from_edge(rng: Random, height: int, width: int) -> Floats:
    """How far each pixel is from the nearest of the chosen borders, in pixels."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    sides = [rows, height - 1 - rows, columns, width - 1 - columns]
    chosen = [side for side in sides if rng.random() < 0.55] or [sides[rng.integers(4)]]
    return np.asarray(np.minimum.reduce(chosen), np.float32)


def worn_edges(rng: Random, image: Floats) -> list[Layer]:
    """Emulsion lost along the borders, crumbling inwards."""
    height, width = image.shape[:2]
    distance = _from_edge(rng, height, width)
    depth = log_uniform(rng, 0.006, 0.07) * min(height, width)
    field = noise(rng, height, width, log_uniform(rng, 6, 60), 3) * 0.8 + noise(rng, height, width, 3, 2) * 0.35
    alpha = np.clip((field + rng.uniform(-0.3, 1.2) - distance / depth) * rng.uniform(2, 6), 0, 1)
    return _lit(rng, np.asarray(alpha, np.float32), image, 0.75)


def torn(rng: Random, image: Floats) -> list[Layer]:
    """A lost corner or a piece torn out of a side: the bed behind it, and a rim of bare paper."""
    height, width = image.shape[:2]
    short = min(height, width)
    canvas = np.zeros((height, width), np.uint8)
    if rng.random() < 0.65:
        cx, cy = float(rng.choice([0, width])), float(rng.choice([0, height]))
        sx, sy = (1 if cx == 0 else -1), (1 if cy == 0 else -1)
        a, b = rng.uniform(0.03, 0.3, 2) * short
        edge = jagged(rng, np.float32([cx + sx * a, cy]), np.float32([cx, cy + sy * b]), rng.uniform(0.02, 0.12))
        outline = np.vstack(
            [edge, np.float32([[cx - sx * 5, cy + sy * b], [cx - sx * 5, cy - sy * 5], [cx + sx * a, cy - sy * 5]])]
        )
    else:
        at, reach, depth = rng.uniform(0, width), rng.uniform(0.02, 0.15) * short, rng.uniform(0.02, 0.2) * short
        tip = np.float32([at + rng.normal(0, reach), depth])
        one = jagged(rng, np.float32([at - reach, -3]), tip, 0.06)
        two = jagged(rng, tip, np.float32([at + reach, -3]), 0.06)
        outline = np.vstack([one, two])
        if rng.random() < 0.5:
            outline[:, 1] = height - outline[:, 1]
    _fill(canvas, outline)
    lost = _scaled(canvas)
    grown = cv2.dilate(canvas, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * int(log_uniform(rng, 1, 9)) + 1,) * 2))
    rim = np.clip(
        cv2.GaussianBlur(_scaled(grown), (0, 0), 1.5) + 0.2 * noise(rng, height, width, 6, 2) * (grown > 0) - 0.3, 0, 1
    )
    bed = np.float32(rng.choice([rng.uniform(0.92, 1), rng.uniform(0, 0.1), rng.uniform(0.2, 0.9)]) * np.ones(3))
    return [*_lit(rng, np.asarray(rim * 1.4, np.float32).clip(0, 1), image, 0.9), Layer(lost, bed)]


def stains(rng: Random, image: Floats) -> list[Layer]:
    """Water, rust, foxing, mold: patches that tint or bleach, often darker along their rim."""
    height, width = image.shape[:2]
    side = max(height, width)
    field = noise(rng, height, width, log_uniform(rng, 0.04, 0.35) * side, 4)
    level = rng.uniform(1.0, 2.2)
    inside = 1 / (1 + np.exp(-np.clip((field - level) * log_uniform(rng, 4, 30), -60, 60)))
    rim = np.exp(-(((field - level) / log_uniform(rng, 0.03, 0.15)) ** 2))
    body = np.clip(inside * rng.uniform(0, 0.5) + rim * rng.uniform(0, 0.8), 0, 1)
    tint = (
        np.array([rng.uniform(0.35, 0.7), rng.uniform(0.2, 0.5), rng.uniform(0.05, 0.35)])
        if rng.random() < 0.6
        else either(rng, image, 0.4)
    )
    return [Layer(np.asarray(body, np.float32), np.asarray(tint, np.float32))]


def foxing(rng: Random, image: Floats) -> list[Layer]:
    """Rust-brown or pale spots of mold, soft, by the dozen."""
    height, width = image.shape[:2]
    canvas = np.zeros((height, width), np.uint8)
    size = log_uniform(rng, 1.5, 9)
    for _ in range(min(250, int(log_uniform(rng, 5, 250) * max(0.3, _area(image))))):
        _fill(
            canvas,
            blob(rng, rng.uniform(0, width), rng.uniform(0, height), size * rng.lognormal(0, 0.5)),
            int(rng.uniform(90, 255)),
        )
    alpha = cv2.GaussianBlur(_scaled(canvas), (0, 0), size * rng.uniform(0.2, 0.6)) * np.float32(rng.uniform(0.4, 1))
    brown = np.array([rng.uniform(0.4, 0.65), rng.uniform(0.25, 0.45), rng.uniform(0.1, 0.3)])
    return [
        Layer(
            np.asarray(alpha, np.float32),
            np.asarray(brown if rng.random() < 0.6 else either(rng, image, 0.6), np.float32),
        )
    ]


def craquelure(rng: Random, image: Floats) -> list[Layer]:
    """A net of fine cracks, in a part of the print."""
    height, width = image.shape[:2]
    cell = max(log_uniform(rng, 10, 60), float(np.sqrt(height * width / 1200)))
    small = 2
    count = int(height * width / cell**2) + 4
    points = rng.uniform(0, 1, (count, 2)) * (width / small, height / small)
    subdivision = cv2.Subdiv2D((0, 0, width // small + 2, height // small + 2))
    for x, y in points:
        subdivision.insert((float(min(x, width // small)), float(min(y, height // small))))
    facets, _ = subdivision.getVoronoiFacetList([])
    canvas = np.zeros((height, width), np.uint8)
    for facet in facets:
        closed = np.vstack([facet, facet[:1]]) * small
        for start, end in itertools.pairwise(closed):
            if rng.random() < 0.75 and np.abs(end - start).max() < 6 * cell:
                path = jagged(rng, np.float32(start), np.float32(end), 0.06)
                _stroke(
                    canvas, path, np.full(len(path), log_uniform(rng, 0.6, 1.8), np.float32), int(rng.uniform(90, 255))
                )
    where = 1 / (1 + np.exp(-4 * (noise(rng, height, width, max(height, width) / 3, 2) - rng.uniform(-0.3, 1))))
    return [Layer(np.asarray(_scaled(canvas) * where, np.float32), either(rng, image, 0.6))]


def fingerprint(rng: Random, image: Floats) -> list[Layer]:
    """Ridges of a fingertip, faint."""
    height, width = image.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y, size = rng.uniform(0, width), rng.uniform(0, height), log_uniform(rng, 25, 90)
    turn = rng.uniform(0, np.pi)
    u = (columns - x) * np.cos(turn) + (rows - y) * np.sin(turn)
    v = -(columns - x) * np.sin(turn) + (rows - y) * np.cos(turn)
    bent = np.hypot(u, v * 0.7 + 0.3 * size) + 2.5 * noise(rng, height, width, size / 2, 2)
    ridges = 0.5 + 0.5 * np.sin(bent * 2 * np.pi / log_uniform(rng, 4, 9))
    inside = np.clip(1.3 - np.hypot(u / size, v / (1.4 * size)), 0, 1) * np.clip(
        0.8 + 0.5 * noise(rng, height, width, 12, 2), 0, 1
    )
    return [Layer(np.asarray(ridges * inside * rng.uniform(0.25, 0.8), np.float32), either(rng, image, 0.6))]


def bands(rng: Random, image: Floats) -> list[Layer]:
    """Even lines and patches, as ink, tape, a scanner's dead cell or another restorer's brush leave them."""
    height, width = image.shape[:2]
    canvas = np.zeros((height, width), np.uint8)
    for _ in range(1 + rng.poisson(1)):
        start, end = _crossing(rng, height, width)
        if rng.random() < 0.7:
            first = rng.uniform(0, 0.7)
            start, end = (
                start + (end - start) * np.float32(first),
                start + (end - start) * np.float32(first + rng.uniform(0.05, 0.3)),
            )
        path = jagged(rng, start, end, rng.uniform(0, 0.01))
        _stroke(canvas, path, np.full(len(path), log_uniform(rng, 1, 18), np.float32))
    return [
        Layer(
            cv2.GaussianBlur(_scaled(canvas, rng.uniform(0.6, 1)), (0, 0), rng.uniform(0.3, 1)),
            either(rng, image, 0.55),
        )
    ]


Kind = Callable[[Random, Floats], list[Layer]]

KINDS: dict[Kind, float] = {
    specks: 0.30, pairs_of_specks: 0.12, hairs: 0.2, scratches: 0.24, tram_lines: 0.06, cracks: 0.16, creases: 0.14,
    chips: 0.16, worn_edges: 0.1, torn: 0.08, stains: 0.07, foxing: 0.06, craquelure: 0.03, fingerprint: 0.015,
    bands: 0.1,
}  # fmt: skip
"""How often each is drawn."""


def apply(rng: Random, image: Floats, layers: list[Layer]) -> tuple[Floats, Floats]:
    """``image`` [H, W, 3] 0..1 under ``layers``, and how much of each pixel they cover [H, W]."""
    cover = np.zeros(image.shape[:2], np.float32)
    for layer in layers:
        if layer.additive:
            image = image + layer.color
            continue
        alpha = layer.alpha
        image = image + (layer.color - image) * alpha[..., None]
        np.maximum(cover, alpha, out=cover)
    return np.clip(image, 0, 1), cover


def draw(rng: Random, image: Floats, kind: Kind) -> tuple[Floats, Floats]:
    """One kind of damage on ``image`` at a strength of its own, and what it covers."""
    layers = kind(rng, image)
    strength = np.float32(1 - 0.75 * rng.random() ** 1.6)
    for layer in layers:
        if not layer.additive:
            layer.alpha = layer.alpha * strength
    return apply(rng, image, layers)
