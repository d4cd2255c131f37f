"""What a page's paper looks like, and where it is.

The paper is what lies along the rim of the page, all around it: its colors, apart from uneven light, are counted in
CIE Lab. Patterns count as the colors that they consist of.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_RIM = 0.022
"""Width of the rim that is looked at first, in longer sides."""
_CELLS = 14
"""Cells along the longer side; a color of the rim is the paper's if it is found in many of them."""
_COMMON, _RARE = 0.3, 0.14
_COARSE, _BIN = 5.0, 1.5
"""Lab units of a cell of the histograms of the rim and of all paper."""
_FAIR = 0.05
"""Share of a cell of the rim that a color must have to be found in it."""
_REACH = (50, 40, 40)
_SMOOTH = 1.1
_PAPER = 0.04
"""Share of the commonest color's count from which a color is paper."""
_ROUNDS = 3
_THREAD = 0.004
"""Half the width of what does not part paper, in longer sides."""
_UNEVEN = 14.0
"""Lab units by which light makes paper uneven."""
_ALIKE = 0.8
"""How much like the rest of the paper an enclosed piece must be to be paper."""
_STRIP, _OTHER = 0.13, 5.0
"""Depth of a strip beyond the page, in longer sides, and its difference from the page's paper in Lab units."""


@dataclass(frozen=True, slots=True)
class Paper:
    """``likelihood`` ``[h, w]`` 0-1 that a pixel is paper by its color; ``region`` is where the page is, without what
    the scanner's lid or the table shows beyond its edges."""

    likelihood: Floats
    region: Mask


def find_paper(lab: Floats) -> Paper:
    """The paper of the page in ``lab`` ``[h, w, 3]``."""
    region = np.ones(lab.shape[:2], bool)
    paper = _paper_within(lab, region)
    for _ in range(2):
        beyond = _beyond(lab, paper)
        if beyond is None:
            break
        paper = _paper_within(lab, region & ~beyond)
        region = paper.region
    return paper


def foreground(paper: Paper) -> Mask:
    """Where the page is not paper: colors that no paper has, and what only they enclose."""
    longest = max(paper.region.shape)
    reach = max(1, round(_THREAD * longest))
    alike = (paper.likelihood > _PAPER).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    padded = cv2.copyMakeBorder(alike, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    # Writing and lines do not part the paper.
    joined = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[reach:-reach, reach:-reach]
    joined &= paper.region.astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    rim = _rim(paper.region, 0.006)
    at_rim = np.bincount(labels[rim], minlength=count) > 0.02 * longest
    at_rim[0] = False
    flat = labels.ravel()
    sure = np.bincount(flat, paper.likelihood.ravel(), count) / np.maximum(1, stats[:, cv2.CC_STAT_AREA])
    main = sure[at_rim].max(initial=0)
    # Between photos that touch, paper is enclosed: it looks like the rest, through and through.
    islands = (sure > _ALIKE * main) & (stats[:, cv2.CC_STAT_AREA] < 0.1 * flat.size) & (np.arange(count) > 0)
    return np.asarray(paper.region & ~((at_rim | islands)[labels]))


def _rim(region: Mask, share: float) -> Mask:
    """The pixels within ``share`` of the longer side from the edge of ``region``."""
    inner = cv2.copyMakeBorder(region.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(inner, cv2.DIST_L2, 3)[1:-1, 1:-1]
    return np.asarray(region & (depth <= max(3, share * max(region.shape))))


def _paper_within(lab: Floats, region: Mask) -> Paper:
    """The paper of the page that fills ``region``."""
    height, width = lab.shape[:2]
    longest = max(height, width)
    y, x = np.mgrid[:height, :width]
    cell = (y * _CELLS // longest) * _CELLS + x * _CELLS // longest
    design = _polynomial(height, width)
    rim = _rim(region, _RIM)
    seeds = rim
    likelihood = np.zeros((height, width), np.float32)
    for turn in range(_ROUNDS):
        residual = lab - _fitted(lab, design, seeds, cell, order=6 if turn else 3)
        common = _common(residual, seeds) if turn else _widespread(residual, seeds, cell)
        likelihood = np.where(region, common, 0).astype(np.float32)
        seeds = _from_rim(region & (likelihood > (_PAPER if turn else 0.5)), rim)
        if np.count_nonzero(seeds) < 50:
            break
    return Paper(likelihood, region)


def _from_rim(alike: Mask, rim: Mask) -> Mask:
    """The parts of ``alike`` that reach the ``rim``: what lies within photos alone says nothing of paper."""
    eroded = cv2.erode(alike.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(eroded, connectivity=4)
    reaching = np.bincount(labels[rim], minlength=count) > 0
    reaching[0] = False
    return np.asarray(reaching[labels])


def _beyond(lab: Floats, paper: Paper) -> Mask | None:
    """What lies beyond the edges of the page: even strips along the picture's edges, of another color than the page."""
    longest = max(lab.shape[:2])
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    slope = np.zeros(lab.shape[:2], np.float32)
    for channel in range(3):
        plane = np.ascontiguousarray(smooth[..., channel])
        slope = np.maximum(slope, np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)) / 8)
    even = ((paper.likelihood > _PAPER) & (slope < max(1.0, 2.5 * float(np.median(slope))))).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(even, connectivity=4)
    if count < 3:
        return None
    depth = cv2.distanceTransform(
        cv2.copyMakeBorder(paper.region.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3
    )[1:-1, 1:-1]
    sizes = stats[:, cv2.CC_STAT_AREA].copy()
    sizes[0] = 0
    main = int(np.argmax(sizes))
    own = np.median(lab[labels == main], axis=0)
    found = np.zeros(lab.shape[:2], bool)
    for index in np.flatnonzero(sizes > 0.002 * even.size):
        if index == main:
            continue
        part = labels == index
        touching = np.count_nonzero(part & (depth <= 2))
        deep = float(depth[part].max())
        apart = float(np.linalg.norm(np.median(lab[part], axis=0) - own))
        if touching > 0.3 * longest and deep < _STRIP * longest and apart > _OTHER:
            found |= part
    if not found.any():
        return None
    kernel = np.ones((2 * round(0.006 * longest) + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(found.astype(np.uint8), kernel) > 0)


def _polynomial(height: int, width: int) -> Floats:
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=2).astype(np.float32)


def _fitted(lab: Floats, design: Floats, seeds: Mask, cell: npt.NDArray[np.int64], *, order: int) -> Floats:
    """Smooth light ``[h, w, 3]``: of each cell's median color, by reweighted least squares."""
    rows, places = [], []
    chosen = np.flatnonzero(seeds)
    chosen = chosen[:: max(1, len(chosen) // 40000)]
    cells = cell.ravel()[chosen]
    flat, basis = lab.reshape(-1, 3), design.reshape(-1, design.shape[2])[:, :order]
    for one in np.unique(cells):
        members = chosen[cells == one]
        if len(members) >= 8:
            rows.append(np.median(flat[members], axis=0))
            places.append(basis[members].mean(0))
    if len(rows) < 2 * order:
        return np.broadcast_to(np.median(flat[chosen], axis=0), lab.shape)
    values, known = np.array(rows), np.array(places)
    # Light is uneven by less than what parts paper from a lid.
    apart = np.linalg.norm(values - np.median(values, axis=0), axis=1)
    weights = 1 / (1 + (apart / _UNEVEN) ** 2) ** 2
    solution = np.zeros((order, 3))
    ridge = 1e-3 * len(values) * np.diag([0.0, *[1.0] * (order - 1)])
    for _ in range(8):
        weighted = known * weights[:, None]
        solution = np.linalg.solve(weighted.T @ known + ridge, weighted.T @ values)
        error = np.linalg.norm(values - known @ solution, axis=1)
        weights = 1 / (1 + (error / max(1.5, float(np.median(error)))) ** 2) ** 2
    return np.asarray((basis @ solution.astype(np.float32)).reshape(lab.shape), np.float32)


def _bins(residual: Floats, size: float) -> tuple[npt.NDArray[np.int64], tuple[int, ...]]:
    """The histogram's cell of each pixel, and the histogram's shape."""
    index = np.zeros(residual.shape[:2], np.int64)
    shape = tuple(int(2 * reach / size) for reach in _REACH)
    for channel, (reach, count) in enumerate(zip(_REACH, shape, strict=True)):
        index = index * count + np.clip(((residual[..., channel] + reach) / size).astype(np.int64), 0, count - 1)
    return index, shape


def _widespread(residual: Floats, seeds: Mask, cell: npt.NDArray[np.int64]) -> Floats:
    """How many cells of the rim hold a pixel's color, or one close to it: 0 for few, 1 for many."""
    index, shape = _bins(residual, _COARSE)
    chosen, owner = index[seeds], np.unique(cell[seeds], return_inverse=True)[1]
    cells = int(owner.max(initial=0)) + 1
    counts = np.bincount(owner * int(np.prod(shape)) + chosen, minlength=cells * int(np.prod(shape)))
    share = counts.reshape(cells, *shape).astype(np.float32)
    share /= np.maximum(1, share.sum(axis=(1, 2, 3), keepdims=True))
    for axis in (1, 2, 3):
        share = _boxed(share, axis)
    present = (share > _FAIR).mean(0).ravel()[index]
    return np.clip((present - _RARE) / (_COMMON - _RARE), 0, 1).astype(np.float32)


def _boxed(values: Floats, axis: int) -> Floats:
    """The sum of each entry and its two neighbors along ``axis``."""
    total = values.copy()
    front, back = [slice(None)] * values.ndim, [slice(None)] * values.ndim
    front[axis], back[axis] = slice(1, None), slice(None, -1)
    total[tuple(back)] += values[tuple(front)]
    total[tuple(front)] += values[tuple(back)]
    return total


def _common(residual: Floats, seeds: Mask) -> Floats:
    """How common a pixel's color is among the ``seeds``: 1 for the commonest."""
    index, shape = _bins(residual, _BIN)
    counts = np.bincount(index[seeds], minlength=int(np.prod(shape))).astype(np.float32)
    volume = _blurred(counts.reshape(shape))
    return np.asarray(np.minimum(1, volume / max(1e-6, float(volume.max()))).ravel()[index], np.float32)


def _blurred(volume: Floats) -> Floats:
    """Smoothed along its three axes."""
    kernel = cv2.getGaussianKernel(7, _SMOOTH).astype(np.float32)
    for axis in range(3):
        flat = np.ascontiguousarray(np.moveaxis(volume, axis, 0))
        smooth = cv2.filter2D(flat.reshape(flat.shape[0], -1), -1, kernel, borderType=cv2.BORDER_CONSTANT)
        volume = np.moveaxis(smooth.reshape(flat.shape), 0, axis)
    return volume
