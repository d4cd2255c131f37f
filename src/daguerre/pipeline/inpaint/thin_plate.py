"""Filling holes without a model: thin plate splines under tension through what is known around them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
Hole = npt.NDArray[np.bool_]

TENSION = 0.3
"""Weight of slope against bend, per pixel squared: holes thinner than about ``2 / sqrt(TENSION)`` pixels are bridged
like a plate, wider ones like a membrane. Tuned on drawn damage; ``benchmarks/inpaint.py`` shows what it gives."""

STEPS = 8
"""Conjugate gradient steps on each level of the pyramid."""


def thin_plate_spline(image: Plane, hole: Hole, *, tension: float = TENSION, steps: int = STEPS) -> Plane:
    """The thin plate spline under tension through the rim of each hole: edges and slopes that meet it are carried on.

    ``image`` is ``[H, W, C]`` float32 of any range, ``hole`` ``[H, W]`` bool. Gives a new array that equals ``image``
    bit for bit outside the hole. An image that is all hole comes back as it is.

    Minimizes the sum of ``laplacian(u) ** 2 + tension * |gradient(u)| ** 2`` over the pixels of the hole (Smith and
    Wessel, "Gridding with continuous curvature splines in tension", 1990), from coarse to fine: each level of a
    pyramid starts from the one above and takes ``steps`` conjugate gradient steps, so that holes of any size cost the
    same per pixel.
    """
    if not hole.any() or hole.all():
        return image.copy()
    return _solve(image, hole, tension, steps)


def _solve(image: Plane, hole: Hole, tension: float, steps: int) -> Plane:
    height, width, channels = image.shape
    known = np.where(hole, np.float32(0), np.float32(1))
    filled = image * known[..., None]
    if min(height, width) < 3:
        filled[hole] = filled.sum((0, 1)) / known.sum()
        return filled
    half = ((width + 1) // 2, (height + 1) // 2)
    weight = cv2.resize(known, half, interpolation=cv2.INTER_AREA)
    reduced = cv2.resize(filled, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0], channels)
    small = np.asarray(reduced, np.float32)
    empty = weight <= 0
    small /= np.where(empty, np.float32(1), weight)[..., None]
    if empty.any():
        small = _solve(small, empty, tension * 4, steps)
    start = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR).reshape(image.shape)
    filled[hole] = start[hole]
    filled = _descend(filled, 1 - known, tension, steps)
    filled[~hole] = image[~hole]
    return filled


def _laplacian(plane: Plane) -> Plane:
    curvature = cv2.Laplacian(plane, cv2.CV_32F, ksize=1, borderType=cv2.BORDER_REFLECT)
    return np.asarray(curvature, np.float32).reshape(plane.shape)


def _descend(start: Plane, hole: Plane, tension: float, steps: int) -> Plane:
    """Conjugate gradients on the pixels of the hole."""
    inside = np.repeat(hole[..., None], start.shape[2], 2)

    def bend(plane: Plane) -> Plane:
        curvature = _laplacian(plane)
        result = _laplacian(curvature)
        curvature *= np.float32(tension)
        result -= curvature
        result *= inside
        return result

    result = start.copy()
    residual = -bend(result)
    direction = residual.copy()
    energy = float(np.vdot(residual, residual))
    floor = energy * 1e-8
    scaled = np.empty_like(start)
    for _ in range(steps):
        if energy <= floor:
            break
        bent = bend(direction)
        share = np.float32(energy / max(float(np.vdot(direction, bent)), 1e-30))
        result += np.multiply(direction, share, out=scaled)
        residual -= np.multiply(bent, share, out=scaled)
        before, energy = energy, float(np.vdot(residual, residual))
        direction *= np.float32(energy / before)
        direction += residual
    return result
