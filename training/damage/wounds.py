"""Shapes of damage: how scratches, cracks, folds, chips, worn edges, dust, hairs and stains cover a photo.

Each is drawn once, at twice the size for smooth edges, and kept in a bank; training turns, scales and colors them.
Annotated film scans and alpha shapes from real prints join the drawn ones.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from training.pictures import require_pictures

Cover = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]
Random = np.random.Generator

SIDE = 512
"""Pixels of a side of a cover in the bank."""
_FINE = 2 * SIDE


def _log_uniform(rng: Random, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def clouds(rng: Random, side: int, cells: int, octaves: int = 4) -> npt.NDArray[np.float32]:
    """Smooth noise of mean 0 and deviation 1, with finer noise on top."""
    total = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        count = min(side, cells * 2**octave) + 1
        grid = rng.standard_normal((count, count), dtype=np.float32)
        total += cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC) * np.float32(0.55**octave)
    return (total - total.mean()) / max(float(total.std()), 1e-6)


def _along(rng: Random, count: int, knots: float) -> npt.NDArray[np.float64]:
    """A smooth random function of ``count`` steps, about -1 to 1, with ``knots`` bends."""
    bends = rng.normal(0, 0.6, max(2, int(knots)) + 1)
    return np.interp(np.linspace(0, len(bends) - 1, count), np.arange(len(bends)), bends)


def path(rng: Random, start: Points, end: Points, rough: float) -> Points:
    """A broken line from ``start`` to ``end`` by midpoint displacement; ``rough`` 0 is straight, 0.2 very jagged."""
    points = np.stack([start, end]).astype(np.float64)
    while len(points) < 200 and np.abs(np.diff(points, axis=0)).max() > 5:
        step = np.diff(points, axis=0)
        normal = np.stack([-step[:, 1], step[:, 0]], 1)
        middle = points[:-1] + step * rng.uniform(0.35, 0.65, (len(step), 1))
        middle += normal * rng.normal(0, rough, (len(step), 1))
        merged = np.empty((len(points) + len(middle), 2))
        merged[::2], merged[1::2] = points, middle
        points = merged
    return points


def stroke(cover: Cover, points: Points, width: float, rng: Random, *, uneven: float = 0.5, gaps: float = 0.0) -> None:
    """A line of about ``width`` pixels whose width and strength vary along the way; ``gaps`` 0..1 breaks it."""
    count = len(points)
    wide = width * np.exp(uneven * _along(rng, count, count / 6) + 0.25 * uneven * rng.standard_normal(count))
    strong = np.clip(1 - gaps + 0.9 * _along(rng, count, count / 4), 0, 1) if gaps else np.ones(count)
    fixed = np.round(points * 16).astype(int)
    for k in range(count - 1):
        value = int(255 * strong[k])
        if value > 25:
            thickness = int(np.clip(round(wide[k]), 1, 60))
            cv2.line(cover, fixed[k].tolist(), fixed[k + 1].tolist(), value, thickness, cv2.LINE_AA, 4)


def _blank() -> Cover:
    return np.zeros((_FINE, _FINE), np.uint8)


def _at_edge(rng: Random, side: int) -> Points:
    """A point on a side of the picture: 0 top, 1 right, 2 bottom, 3 left."""
    t = rng.uniform(0, _FINE)
    return np.array([[t, 0], [_FINE, t], [t, _FINE], [0, t]][side % 4], np.float64)


def _inside(rng: Random) -> Points:
    return rng.uniform(-0.05 * _FINE, 1.05 * _FINE, 2)


def scratches(rng: Random) -> Cover:
    """Nearly straight lines, single or in bundles, often interrupted."""
    cover = _blank()
    for _ in range(rng.integers(1, 5)):
        angle = rng.uniform(0, np.pi) if rng.random() < 0.6 else np.pi / 2 + rng.normal(0, 0.03)
        length = rng.uniform(0.15, 1.6) * _FINE
        way = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        middle = _inside(rng)
        width, gaps = _log_uniform(rng, 1.5, 14), rng.choice([0.0, 0.15, 0.35, 0.6])
        bend = rng.normal(0, 0.02)
        for _ in range(int(rng.choice([1, 1, 1, 2, 4]))):
            offset = rng.normal(0, 18, 2)
            points = path(rng, middle - way + offset, middle + way + offset, 0.004)
            sweep = np.linspace(-1, 1, len(points))[:, None] ** 2 * np.array([-way[1], way[0]]) * bend
            stroke(cover, points + sweep, width, rng, uneven=0.25, gaps=gaps)
    return cover


def hairlines(rng: Random) -> Cover:
    """Cracks of a pixel or less in width."""
    cover = _blank()
    for _ in range(rng.integers(1, 6)):
        points = path(rng, _inside(rng), _inside(rng), _log_uniform(rng, 0.01, 0.14))
        stroke(cover, points, rng.uniform(1.2, 3), rng, uneven=0.3, gaps=rng.choice([0.0, 0.2, 0.45]))
    return cover


def _tree(
    cover: Cover, rng: Random, start: Points, end: Points, width: float, rough: float, gaps: float, depth: int
) -> None:
    points = path(rng, start, end, rough)
    stroke(cover, points, width, rng, uneven=0.55, gaps=gaps)
    for _ in range(int(rng.poisson(0.6))):  # chips along the crack
        _chip(cover, rng, points[rng.integers(len(points))], _log_uniform(rng, 1, 4) * width)
    if depth:
        for _ in range(int(rng.poisson(2.0))):
            k = int(rng.integers(len(points)))
            heading = np.arctan2(*(end - start)[::-1]) + rng.choice([-1, 1]) * rng.uniform(0.3, 1.4)
            reach = np.hypot(*(end - start)) * rng.uniform(0.1, 0.6)
            tip = points[k] + reach * np.array([np.cos(heading), np.sin(heading)])
            _tree(cover, rng, points[k], tip, max(1.2, width * rng.uniform(0.4, 0.9)), rough, gaps, depth - 1)


def _chip(cover: Cover, rng: Random, center: Points, radius: float) -> None:
    count = int(rng.integers(5, 14))
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    radii = radius * rng.uniform(0.35, 1.2, count)
    stretch = np.array([1, rng.uniform(0.4, 1)])
    polygon = center + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None] * stretch
    cv2.fillPoly(cover, [np.round(polygon * 16).astype(np.int32)], int(rng.uniform(190, 256)), cv2.LINE_AA, 4)


def cracks(rng: Random) -> Cover:
    """Branching cracks of the emulsion."""
    cover = _blank()
    for _ in range(rng.integers(1, 4)):
        start = _at_edge(rng, int(rng.integers(4))) if rng.random() < 0.6 else _inside(rng)
        width, rough = _log_uniform(rng, 1.5, 11), _log_uniform(rng, 0.02, 0.16)
        _tree(cover, rng, start, _inside(rng), width, rough, rng.choice([0.0, 0.2, 0.4, 0.6]), 2)
    return cover


def corner(rng: Random) -> Cover:
    """Creases that cut across a corner, as of a print that was bent there."""
    cover = _blank()
    for _ in range(rng.integers(1, 6)):
        reach = rng.uniform(0.08, 0.7, 2) * _FINE
        start, end = np.array([reach[0], 0.0]), np.array([0.0, reach[1]])
        width, gaps = _log_uniform(rng, 1.5, 14), rng.choice([0.0, 0.3, 0.5])
        _tree(cover, rng, start, end, width, _log_uniform(rng, 0.01, 0.06), gaps, 1)
    return np.asarray(np.rot90(cover, int(rng.integers(4))), np.uint8)


def folds(rng: Random) -> Cover:
    """A fold from edge to edge, the emulsion broken away in places."""
    cover = _blank()
    for _ in range(rng.integers(1, 3)):
        side = int(rng.integers(4))
        start = _at_edge(rng, side)
        end = _at_edge(rng, side + 2)
        if rng.random() < 0.7:
            across = 0 if side % 2 == 0 else 1
            end[across] = start[across] + rng.normal(0, 0.03 * _FINE)
        points = path(rng, start, end, _log_uniform(rng, 0.004, 0.03))
        width = _log_uniform(rng, 2, 14)
        stroke(cover, points, width, rng, uneven=0.7, gaps=rng.choice([0.0, 0.25, 0.5]))
        for _ in range(int(rng.integers(0, 25))):
            _chip(cover, rng, points[rng.integers(len(points))], _log_uniform(rng, 0.6, 2.5) * width)
    return cover


def craquelure(rng: Random) -> Cover:
    """A net of fine cracks over a part of the photo."""
    seeds = np.full((_FINE, _FINE), 255, np.uint8)
    count = int(_log_uniform(rng, 20, 400))
    spots = rng.integers(0, _FINE, (count, 2))
    seeds[spots[:, 0], spots[:, 1]] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    warp = _log_uniform(rng, 2, 14)
    y, x = np.mgrid[:_FINE, :_FINE].astype(np.float32)
    shift = [warp * clouds(rng, _FINE, 24) for _ in range(2)]
    labels = cv2.remap(
        labels.astype(np.float32), x + shift[0], y + shift[1], cv2.INTER_NEAREST, None, cv2.BORDER_REPLICATE
    )
    edges = np.zeros((_FINE, _FINE), np.uint8)
    edges[:, 1:] |= ((labels[:, 1:] != labels[:, :-1]) * 255).astype(np.uint8)
    edges[1:] |= ((labels[1:] != labels[:-1]) * 255).astype(np.uint8)
    size = int(rng.choice([2, 2, 3, 5]))
    edges = cv2.dilate(edges, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    where = np.clip(clouds(rng, _FINE, int(rng.integers(2, 6))) * 3 - rng.uniform(-2, 3), 0, 1)
    broken = np.clip(clouds(rng, _FINE, 60, 2) * 2 + rng.uniform(0, 3), 0, 1)
    return (edges * where * broken).astype(np.uint8)


def chips(rng: Random) -> Cover:
    """Emulsion that has come off in flakes."""
    cover = _blank()
    if rng.random() < 0.5:
        for _ in range(int(_log_uniform(rng, 2, 25))):
            _chip(cover, rng, _inside(rng), _log_uniform(rng, 3, 60))
        return cover
    field = clouds(rng, _FINE, int(rng.integers(3, 14)), 6)
    return np.where(field > np.quantile(field, 1 - _log_uniform(rng, 0.004, 0.1)), 255, 0).astype(np.uint8)


def worn(rng: Random) -> Cover:
    """Edges that are rubbed off all around, and rounded or torn corners."""
    y, x = np.mgrid[:_FINE, :_FINE].astype(np.float32)
    distance = np.minimum(np.minimum(x, _FINE - 1 - x), np.minimum(y, _FINE - 1 - y))
    if rng.random() < 0.6:
        radius = rng.uniform(10, 120)
        dx, dy = np.maximum(radius - np.minimum(x, _FINE - x), 0), np.maximum(radius - np.minimum(y, _FINE - y), 0)
        distance = np.where((dx > 0) & (dy > 0), radius - np.hypot(dx, dy), distance)
    ragged = clouds(rng, _FINE, int(rng.integers(8, 40)), 5)
    return np.where(distance < rng.uniform(-6, 14) + ragged * _log_uniform(rng, 3, 22), 255, 0).astype(np.uint8)


def torn(rng: Random) -> Cover:
    """A corner or an edge that is gone."""
    y, x = np.mgrid[:_FINE, :_FINE].astype(np.float32) / _FINE
    angle = rng.uniform(0, 2 * np.pi)
    line = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    ragged = clouds(rng, _FINE, int(rng.integers(3, 12)), 6) * _log_uniform(rng, 0.004, 0.05)
    return np.where(line + ragged > rng.uniform(0.38, 0.62), 255, 0).astype(np.uint8)


def dust(rng: Random) -> Cover:
    """Specks of a pixel to a few, scattered or in a cloud."""
    cover = _blank()
    spread = rng.choice([0.6, 0.15])
    middle = rng.uniform(0, _FINE, 2)
    for _ in range(int(_log_uniform(rng, 4, 250))):
        center = middle + rng.normal(0, spread * _FINE, 2)
        axes = (int(_log_uniform(rng, 1, 9)), int(_log_uniform(rng, 1, 6)))
        spot = (int(center[0]), int(center[1]))
        cv2.ellipse(cover, spot, axes, float(rng.uniform(0, 180)), 0, 360, int(rng.uniform(90, 256)), -1, cv2.LINE_AA)
    return cover


def hairs(rng: Random) -> Cover:
    """Hairs and lint: thin even lines that curl."""
    cover = _blank()
    for _ in range(rng.integers(1, 9)):
        count = int(rng.integers(15, 110))
        turn = rng.normal(0, 0.05) + np.cumsum(rng.normal(0, 0.025, count))
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(turn)
        points = _inside(rng) + np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1) * 5, 0)
        stroke(cover, points, _log_uniform(rng, 1.6, 5), rng, uneven=0.12)
    return cover


def stains(rng: Random) -> Cover:
    """Drops and blots with an uneven, at times darker rim."""
    cover = np.zeros((_FINE, _FINE), np.float32)
    y, x = np.mgrid[:_FINE, :_FINE].astype(np.float32)
    for _ in range(int(rng.choice([1, 1, 2, 4]))):
        center, radius = _inside(rng), _log_uniform(rng, 12, 160)
        distance = np.hypot((x - center[0]) * rng.uniform(0.7, 1.4), y - center[1]) / radius
        distance += clouds(rng, _FINE, int(rng.integers(4, 12))) * np.float32(rng.uniform(0.03, 0.25))
        body = np.clip((1 - distance) * radius / rng.uniform(2, 8), 0, 1)
        rim = np.exp(-(((distance - 0.95) / 0.06) ** 2))
        cover = np.maximum(cover, np.clip(body * rng.uniform(0.5, 1) + rim * rng.uniform(0, 0.5), 0, 1))
    return (cover * 255).astype(np.uint8)


def lines(rng: Random) -> Cover:
    """Even lines, straight, bent or wavering: clean cuts, ink and the scratches of a guide roller."""
    cover = _blank()
    for _ in range(rng.integers(1, 6)):
        width = round(_log_uniform(rng, 2, 44))
        shape = rng.random()
        if shape < 0.4:
            points = np.stack([_inside(rng), _inside(rng)])
        elif shape < 0.75:
            count = int(rng.integers(6, 60))
            drift = rng.normal(0, 1, 2) * rng.uniform(4, 30)
            points = _inside(rng) + np.cumsum(rng.normal(0, rng.uniform(1, 10), (count, 2)) + drift, 0)
        else:
            angles = rng.uniform(0, 2 * np.pi) + np.linspace(0, rng.uniform(0.3, 2.5), 40)
            points = _inside(rng) + np.stack([np.cos(angles), np.sin(angles)], 1) * _log_uniform(rng, 60, 1200)
        kind = cv2.LINE_AA if rng.random() < 0.7 else cv2.LINE_8
        cv2.polylines(cover, [np.round(points).astype(np.int32)], False, 255, width, kind)
    return cover


def blots(rng: Random) -> Cover:
    """Even patches: round, oval or cornered."""
    cover = _blank()
    for _ in range(int(_log_uniform(rng, 1, 14))):
        center, radius = _inside(rng), _log_uniform(rng, 4, 110)
        if rng.random() < 0.7:
            axes = (int(radius), max(2, int(radius * rng.uniform(0.3, 1))))
            spot = (int(center[0]), int(center[1]))
            cv2.ellipse(cover, spot, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
        else:
            _chip(cover, rng, center, radius)
    return np.where(cover > 0, 255, 0).astype(np.uint8)


DRAWN: dict[str, Callable[[Random], Cover]] = {
    "scratches": scratches, "hairlines": hairlines, "cracks": cracks, "corner": corner, "folds": folds,
    "craquelure": craquelure, "chips": chips, "worn": worn, "torn": torn, "dust": dust, "hairs": hairs,
    "stains": stains, "lines": lines, "blots": blots,
}  # fmt: skip
REAL = ("film", "shapes")
FRAMED = ("corner", "worn", "torn")
"""Kinds that belong to the edges of the print."""
EVEN = ("lines", "blots")
"""Kinds of one tone throughout."""


def _film(rng: Random, paths: list[Path]) -> Cover:
    """Dust, dirt and hairs as they were annotated on scanned film."""
    with Image.open(paths[rng.integers(len(paths))]) as image:
        tile = np.where(np.asarray(image.convert("L")) > 0, 255, 0).astype(np.uint8)
    return np.asarray(cv2.resize(tile, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _shapes(rng: Random, paths: list[Path]) -> Cover:
    """Dirt, hairs, lint, scratches, smut and stains cut out of real prints."""
    cover = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(rng.integers(1, 5)):
        with Image.open(paths[rng.integers(len(paths))]) as image:
            alpha = np.asarray(image.convert("L"))
        scale = _log_uniform(rng, 0.25, 1.2)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        alpha = cv2.resize(alpha, None, fx=scale, fy=scale, interpolation=how)[:SIDE, :SIDE]
        y, x = (int(rng.integers(0, SIDE - n + 1)) for n in alpha.shape)
        part = cover[y : y + alpha.shape[0], x : x + alpha.shape[1]]
        np.maximum(part, alpha, out=part)
    return cover


def draw(kind: str, rng: Random) -> Cover:
    """One cover ``[512, 512]``, 0 to 255, of a kind of ``DRAWN`` or ``REAL``."""
    if kind in DRAWN:
        large = DRAWN[kind](rng)
        return np.asarray(cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    root = require_pictures() / "train" / "damage_masks"
    if kind == "film":
        return _film(rng, sorted((root / "real_film_tiles").glob("*.png")))
    return _shapes(rng, sorted((root / "shapes").rglob("*.png")))


def bank(folder: Path, each: int = 160, seed: int = 5) -> dict[str, npt.NDArray[np.uint8]]:
    """``[each, 512, 512]`` covers of every kind, drawn once and kept in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    covers = {}
    for index, kind in enumerate((*DRAWN, *REAL)):
        file = folder / f"{kind}.npy"
        if not file.exists():
            rng = np.random.default_rng((seed, index))
            np.save(file, np.stack([draw(kind, rng) for _ in range(each)]))
        covers[kind] = np.load(file, mmap_mode="r")
    return covers
