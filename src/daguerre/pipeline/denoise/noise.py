"""How strong the noise of a photo is, at each brightness."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import Floats, NoiseCells, NoiseEstimator
from daguerre.progress import Track
from daguerre.tiling.blending import read_window
from daguerre.tiling.geometry import Tile, split

VISIBLE_255 = 3.0
"""Weaker noise than this is left alone: good JPEGs of clean scenes are measured below it (benchmarks/denoise.py)."""

BINS = 8
"""Steps of brightness in which the noise is told apart."""

SAMPLES = 40
"""At most so many tiles are looked at, so a photo of 100 MP is measured as quickly as one of 1 MP."""

COMPRESSED_255 = 3.0
"""The errors of a poor JPEG are strong at edges and absent elsewhere: they count as visible from this mean on."""

_TRUST = 0.01
"""A brightness with this share of the photo's cells is believed as much as the photo as a whole."""


@dataclass(frozen=True, slots=True)
class NoiseProfile:
    """The noise of one photo, as standard deviations on a scale of 0-255.

    ``sigma_255`` stands for the whole photo. ``levels`` is the noise level function: the noise where the photo is
    as bright as the center of each of ``BINS`` equal steps from black to white. ``calm_255`` is the noise of the
    calmest quarter of the photo: noise is everywhere, a texture that looks like it is not. ``compressed`` says that it
    is mostly the errors of a JPEG, which follow the photo and not its brightness; ``mean_255`` is their mean.
    """

    sigma_255: float
    levels: tuple[float, ...]
    calm_255: float
    compressed: bool = False
    mean_255: float = 0.0

    @property
    def visible(self) -> bool:
        """Whether a person would see the noise."""
        return self.calm_255 >= VISIBLE_255 or (self.compressed and self.mean_255 >= COMPRESSED_255)

    def table(self) -> Floats:
        """The noise level function for brightness 0-255: ``[256]``, standard deviations on a scale of 0..1."""
        centers = (np.arange(BINS) + 0.5) * (255.0 / BINS)
        return (np.interp(np.arange(256), centers, self.levels) / 255.0).astype(np.float32)


NONE = NoiseProfile(0.0, (0.0,) * BINS, 0.0)
"""No noise at all."""


def estimate_noise(pixels: Pixels, estimator: NoiseEstimator, *, track: Track) -> NoiseProfile:
    """Measure the noise of ``pixels`` ``[H, W, 1|3]`` on tiles spread over the photo.

    The model tells the noise of each cell and how sure it is. What is burnt out or pitch black says
    nothing and is left out. The weighted median of the cells is taken, for the photo and for each brightness, so
    that a few textures that look like noise do not count.
    """
    height, width = pixels.shape[:2]
    chosen = _spread(split(height, width, estimator.tiling))
    track.expect(len(chosen))
    columns = []
    for tile in chosen:
        image = read_window(pixels, tile)
        columns.append(_cells(image, estimator(image), tile, estimator.cell))
        track.advance()
    level, doubt, kind, luma, clipped = np.concatenate(columns, axis=1)
    usable = clipped < 0.3
    if usable.sum() < 0.05 * usable.size:
        usable = np.ones_like(usable)
    level, luma = level[usable], luma[usable]
    weight = np.exp(-np.clip(doubt[usable], -4.0, 2.0))
    return _profile(level, weight, luma, bool(kind.mean() > 0))


def noise_level_map(image: Floats, estimator: NoiseEstimator) -> Floats:
    """The noise level map ``[1, 1, h, w]``, 0..1, of a window ``[1, 3, h, w]``, as told of each cell."""
    level = np.maximum(estimator(image).level, 0)
    smooth = cv2.GaussianBlur(np.expm1(level) / np.float32(255), (0, 0), 0.8)
    return np.asarray(cv2.resize(smooth, image.shape[:1:-1], interpolation=cv2.INTER_LINEAR)[None, None], np.float32)


def _spread(every: list[Tile]) -> list[Tile]:
    """At most ``SAMPLES`` of the tiles, evenly over rows and columns."""
    columns = sum(tile.core_top == every[0].core_top for tile in every)
    rows = len(every) // columns
    if len(every) <= SAMPLES:
        return every
    down = min(rows, SAMPLES, max(1, round(math.sqrt(SAMPLES * rows / columns))))
    across = min(columns, SAMPLES // down)
    return [
        every[int((row + 0.5) * rows / down) * columns + int((column + 0.5) * columns / across)]
        for row in range(down)
        for column in range(across)
    ]


def _cells(image: Floats, noise: NoiseCells, tile: Tile, cell: int) -> Floats:
    """``[5, n]``: noise, doubt and kind as the model tells them, brightness and clipped share of the core's cells."""
    window = image[0].mean(0)
    extremes = ((image[0] <= 0.002) | (image[0] >= 0.998)).any(0).astype(np.float32)
    size = (window.shape[1] // cell, window.shape[0] // cell)
    luma = cv2.resize(window, size, interpolation=cv2.INTER_AREA)
    clipped = cv2.resize(extremes, size, interpolation=cv2.INTER_AREA)
    cells = np.stack([noise.level, noise.doubt, noise.compression, luma, clipped])
    top, left = (tile.core_top - tile.top) // cell, (tile.core_left - tile.left) // cell
    bottom = top + max(1, (tile.core_bottom - tile.core_top) // cell)
    right = left + max(1, (tile.core_right - tile.core_left) // cell)
    return np.asarray(cells[:, top:bottom, left:right].reshape(5, -1), np.float32)


def _profile(level: Floats, weight: Floats, luma: Floats, compressed: bool) -> NoiseProfile:
    overall = _quantile(level, weight)
    bins = np.clip((luma * BINS).astype(int), 0, BINS - 1)
    told = np.full(BINS, overall)
    for index in np.unique(bins):
        inside = bins == index
        share = float(inside.mean())
        told[index] = (share * _quantile(level[inside], weight[inside]) + _TRUST * overall) / (share + _TRUST)
    padded = np.pad(told, 1, mode="edge")
    smooth = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    levels = np.maximum(np.expm1(smooth), 0.0)
    calm = max(0.0, math.expm1(_quantile(level, weight, 0.25)))
    mean = float(np.expm1(np.maximum(level, 0)).mean())
    sigma = max(0.0, math.expm1(overall))
    return NoiseProfile(sigma, tuple(float(value) for value in levels), calm, compressed, mean)


def _quantile(values: Floats, weights: Floats, share: float = 0.5) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, share * total[-1])])
