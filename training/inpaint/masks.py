"""Holes as damage leaves them: drawn ones (scratches, cracks, folds, dust, hairs, blotches, tears) and real ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Mask = npt.NDArray[np.uint8]

KINDS = ("scratches", "cracks", "fold", "dust", "hairs", "blotches", "torn", "stain")


def _wander(rng: np.random.Generator, size: int, turn: float, step: float, length: float) -> npt.NDArray[np.float64]:
    """Points of a walk whose direction changes by about ``turn`` radians a step."""
    count = max(2, int(length / step))
    angles = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, turn, count))
    start = rng.uniform(-0.1 * size, 1.1 * size, 2)
    return start + np.cumsum(np.stack([np.cos(angles), np.sin(angles)], 1) * step, 0)


def _stroke(mask: Mask, points: npt.NDArray[np.float64], width: float, rng: np.random.Generator, gaps: float) -> None:
    """Draw a line whose width varies along the way, with gaps."""
    wide = width * np.clip(1 + 0.35 * np.cumsum(rng.normal(0, 0.3, len(points))), 0.4, 1.6)
    for k in range(len(points) - 1):
        if rng.random() < gaps:
            continue
        a, b = (tuple(int(v) for v in np.round(p * 16)) for p in points[k : k + 2])
        cv2.line(mask, a, b, 255, max(1, round(float(wide[k]))), cv2.LINE_8, 4)


def _thickness(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _clouds(rng: np.random.Generator, size: int, cells: int) -> npt.NDArray[np.float32]:
    """Smooth noise, about -1 to 1, with finer noise on top."""
    total = np.zeros((size, size), np.float32)
    for k in range(4):
        grid = rng.normal(0, 1, (cells * 2**k + 1,) * 2).astype(np.float32)
        total += cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC) * 0.5**k
    return total / 1.2


def scratches(rng: np.random.Generator, size: int) -> Mask:
    mask = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(1, 6)):
        points = _wander(rng, size, 0.015, 8, rng.uniform(0.3, 2) * size)
        _stroke(mask, points, _thickness(rng, 1, 12), rng, rng.choice([0, 0, 0.1]))
    return mask


def cracks(rng: np.random.Generator, size: int) -> Mask:
    mask = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(1, 4)):
        width = _thickness(rng, 1, 6)
        trunk = _wander(rng, size, 0.45, 5, rng.uniform(0.6, 2) * size)
        _stroke(mask, trunk, width, rng, 0.02)
        for _ in range(rng.integers(0, 6)):
            branch = _wander(rng, size, 0.5, 4, rng.uniform(0.1, 0.6) * size)
            branch += trunk[rng.integers(len(trunk))] - branch[0]
            _stroke(mask, branch, max(1, width * 0.6), rng, 0.03)
    return mask


def fold(rng: np.random.Generator, size: int) -> Mask:
    mask = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(1, 3)):
        line = _wander(rng, size, 0.002, 5, 2.5 * size)
        _stroke(mask, line, _thickness(rng, 2, 9), rng, 0.15)
        for _ in range(rng.integers(2, 12)):  # flakes along the crease
            x, y = line[rng.integers(len(line))] + rng.normal(0, 2, 2)
            axes = (int(_thickness(rng, 2, 14)), int(_thickness(rng, 1, 7)))
            cv2.ellipse(mask, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    return mask


def dust(rng: np.random.Generator, size: int) -> Mask:
    mask = np.zeros((size, size), np.uint8)
    for _ in range(int(_thickness(rng, 5, 120))):
        x, y = rng.integers(0, size, 2)
        axes = (int(_thickness(rng, 1, 6)), int(_thickness(rng, 1, 5)))
        cv2.ellipse(mask, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    return mask


def hairs(rng: np.random.Generator, size: int) -> Mask:
    mask = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(2, 14)):
        bend = rng.normal(0, 0.08)
        points = _wander(rng, size, 0.06, 4, rng.uniform(0.1, 0.8) * size)
        turn = np.arange(len(points)) * bend
        steps = np.diff(points, axis=0, prepend=points[:1])
        cosine, sine = np.cos(turn), np.sin(turn)
        turned = np.stack([steps[:, 0] * cosine - steps[:, 1] * sine, steps[:, 0] * sine + steps[:, 1] * cosine], 1)
        _stroke(mask, points[0] + np.cumsum(turned, 0), _thickness(rng, 1, 3.5), rng, 0)
    return mask


def blotches(rng: np.random.Generator, size: int) -> Mask:
    """Emulsion that has come off: islands of thresholded smooth noise."""
    clouds = _clouds(rng, size, int(rng.integers(2, 10)))
    return np.where(clouds > np.quantile(clouds, 1 - _thickness(rng, 0.01, 0.2)), 255, 0).astype(np.uint8)


def torn(rng: np.random.Generator, size: int) -> Mask:
    """A corner or an edge that is gone."""
    y, x = np.mgrid[:size, :size] / size
    angle = rng.uniform(0, 2 * np.pi)
    line = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    ragged = _clouds(rng, size, int(rng.integers(2, 8))) * rng.uniform(0.01, 0.06)
    return np.where(line + ragged > rng.uniform(0.3, 0.6), 255, 0).astype(np.uint8)


def stain(rng: np.random.Generator, size: int) -> Mask:
    """One round patch with an uneven rim."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    cx, cy = rng.uniform(0.1, 0.9, 2) * size
    radius = _thickness(rng, 8, size / 5)
    distance = np.hypot((x - cx) * rng.uniform(0.7, 1.4), y - cy) / radius
    return np.where(distance + _clouds(rng, size, 6) * 0.25 < 1, 255, 0).astype(np.uint8)


def draw(kind: str, rng: np.random.Generator, size: int) -> Mask:
    """One mask ``[size, size]`` of 0 and 255 of one of ``KINDS``."""
    maker = {
        "scratches": scratches,
        "cracks": cracks,
        "fold": fold,
        "dust": dust,
        "hairs": hairs,
        "blotches": blotches,
        "torn": torn,
        "stain": stain,
    }[kind]
    return maker(rng, size)


def _shape(paths: list[Path], rng: np.random.Generator, size: int) -> Mask:
    mask = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(1, 5)):
        with Image.open(paths[rng.integers(len(paths))]) as image:
            alpha = np.asarray(image.convert("L"))
        scale = rng.uniform(0.3, 1.2)
        alpha = cv2.resize(alpha, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:size, :size]
        y, x = (int(rng.integers(0, size - n + 1)) for n in alpha.shape)
        part = mask[y : y + alpha.shape[0], x : x + alpha.shape[1]]
        np.maximum(part, np.where(alpha > 60, 255, 0).astype(np.uint8), out=part)
    return mask


def collect(root: Path, count: int, size: int, seed: int) -> npt.NDArray[np.uint8]:
    """``[count, size, size]`` masks of 0 and 1: three quarters drawn, the rest from the annotated film and the shapes.

    ``root`` holds ``real_film_tiles`` and ``shapes``.
    """
    rng = np.random.default_rng(seed)
    tiles = sorted((root / "real_film_tiles").glob("*.png"))
    shapes = sorted((root / "shapes").rglob("*.png"))
    masks = np.zeros((count, size, size), np.uint8)
    made = 0
    while made < count:
        draw_of = rng.random()
        if draw_of < 0.75:
            kind = KINDS[rng.choice(len(KINDS), p=[0.25, 0.2, 0.12, 0.08, 0.1, 0.1, 0.07, 0.08])]
            mask = draw(kind, rng, size)
            if rng.random() < 0.3:
                mask = np.maximum(mask, draw(KINDS[rng.integers(len(KINDS) - 2)], rng, size))
        elif draw_of < 0.87:
            with Image.open(tiles[rng.integers(len(tiles))]) as image:
                tile = np.where(np.asarray(image.convert("L")) > 0, 255, 0).astype(np.uint8)
            y, x = rng.integers(0, 512 - size + 1, 2)
            mask = tile[y : y + size, x : x + size]
        else:
            mask = _shape(shapes, rng, size)
        if rng.random() < 0.5:
            mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
        if 0.004 < (mask > 0).mean() < 0.45:
            masks[made] = mask > 0
            made += 1
    return masks
