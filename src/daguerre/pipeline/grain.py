"""The photo's own grain: measured where nothing is damaged, and laid over what was filled in."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels, white_of

Floats = npt.NDArray[np.float32]

VISIBLE_255 = 1.2
"""Standard deviation, of 255, below which there is no grain. Even textured clean photos stay below it: it is measured
in their calmest parts, where what is left is rounding and compression."""

_CELL = 8
"""Side of the cells in which grain is measured, pixels."""

_CALM = 0.2
"""Quantile over the cells: the calmest show grain, the others texture as well."""

_CALMEST = 0.05

_WINDOW, _WINDOWS = 128, 5
"""Grain is measured in at most 5 x 5 windows of 128 pixels, spread evenly over the photo."""

_TEXTURE = 256
"""Period of the synthetic grain, pixels."""


@dataclass(frozen=True, slots=True)
class Grain:
    """What the grain of one photo is like.

    ``brightness`` [K], ascending, 0..1, and the standard deviation there of the grain that all channels share,
    ``shared`` [K], and of what each channel has of its own, ``own`` [K], both 0..1. ``spread`` is the sigma, in
    pixels, of the Gaussian that white noise passes to be as coarse as this grain.
    """

    brightness: Floats
    shared: Floats
    own: Floats
    spread: float
    seed: int

    @property
    def visible(self) -> bool:
        """Whether there is any to add."""
        return bool(self.shared.max(initial=0) * 255 >= VISIBLE_255)


NONE = Grain(np.zeros(1, np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32), 0.0, 0)


def measure(pixels: Pixels, mask: npt.NDArray[np.bool_]) -> Grain:
    """The grain of ``pixels`` ``[H, W, 1|3]`` outside ``mask`` ``[H, W]``; ``NONE`` where too little is undamaged."""
    white = white_of(pixels.dtype)
    rows, columns = (_starts(size) for size in mask.shape)
    found: list[Floats] = []
    likeness: list[tuple[float, float]] = []
    for y in rows:
        for x in columns:
            part = np.s_[y : y + _WINDOW, x : x + _WINDOW]
            image = np.clip(np.nan_to_num(pixels[part].astype(np.float32) / np.float32(white)), 0, 1)
            cells, alike = _cells(image, mask[part])
            found.append(cells)
            likeness += alike
    cells = np.concatenate(found)
    if len(cells) < 32:
        return NONE
    cells = cells[np.argsort(cells[:, 0])]
    groups = np.array_split(cells, min(5, len(cells) // 32))
    # Of cells of pure noise the calmest fifth lies 8 % below the truth.
    brightness = np.array([group[:, 0].mean() for group in groups], np.float32)
    shared, own = (
        np.array([np.quantile(group[:, column], _CALM) * 1.08 for group in groups], np.float32) for column in (1, 2)
    )
    # Grain is everywhere, texture is not: no brightness has more than twice what the calmest of all cells show.
    shared = np.minimum(shared, 2 * np.quantile(cells[:, 1], _CALMEST)).astype(np.float32)
    own = np.minimum(own, 2 * np.quantile(cells[:, 2], _CALMEST)).astype(np.float32)
    energy = sum(pair[0] for pair in likeness)
    rho = sum(pair[1] for pair in likeness) / energy if energy > 0 else 0.0
    # A Gaussian of sigma s makes neighbors of white noise alike by exp(-1 / (4 s^2)).
    spread = 0.0 if rho < 0.1 else min(2.0, 0.5 / float(np.sqrt(-np.log(min(rho, 0.95)))))
    seed = int(cells[:, :2].astype(np.float64).sum() * 1e6) % 2**32
    return Grain(brightness, shared, own, spread, seed)


def add(image: Floats, fill: npt.NDArray[np.bool_], grain: Grain, top: int, left: int) -> Floats:
    """``image`` ``[h, w, 3]`` 0..1 with ``grain`` inside ``fill`` ``[h, w]``, as much as the fill lacks.

    ``top`` and ``left`` say where in the photo the window lies: overlapping windows get the same grain. Deterministic.
    """
    if not grain.visible or not fill.any():
        return image
    calm = cv2.GaussianBlur(image, (0, 0), 2.0)
    brightness = calm.mean(2)
    texture = _texture(grain.seed, grain.spread)
    rows = np.arange(top, top + fill.shape[0]) % _TEXTURE
    columns = np.arange(left, left + fill.shape[1]) % _TEXTURE
    noise = texture[rows[:, None], columns[None, :]]
    shared = np.interp(brightness, grain.brightness, grain.shared).astype(np.float32)
    own = np.interp(brightness, grain.brightness, grain.own).astype(np.float32)
    # What the fill has of its own counts: grain adds to it in variance.
    present = np.sqrt(np.maximum(cv2.blur(np.square((image - calm).mean(2)), (9, 9)), 0))
    lacking = np.sqrt(np.clip(shared**2 - present**2, 0, None))
    room = np.clip(np.minimum(brightness, 1 - brightness) * 8, 0, 1)  # black and white hold none
    if grain.shared.max() > grain.own.max() * 8:
        own = np.zeros_like(own)
    laid = (noise[..., :1] * lacking[..., None] + noise[..., 1:] * own[..., None]) * room[..., None]
    result: Floats = np.where(fill[..., None], np.clip(image + laid, 0, 1), image)
    return result


def _starts(size: int) -> list[int]:
    if size <= _WINDOW:
        return [0]
    count = min(_WINDOWS, -(-size // _WINDOW))
    return [int(start) for start in np.linspace(0, size - _WINDOW, count)]


def _cells(image: Floats, hole: npt.NDArray[np.bool_]) -> tuple[Floats, list[tuple[float, float]]]:
    """``[N, 3]`` brightness, shared and own deviation of the undamaged cells, and how alike neighbors are."""
    height, width = (size // _CELL * _CELL for size in hole.shape)
    if height == 0 or width == 0:
        return np.zeros((0, 3), np.float32), []
    near = cv2.dilate(hole.astype(np.uint8), np.ones((13, 13), np.uint8))[:height, :width]
    detail = (image - cv2.GaussianBlur(image, (0, 0), 2.0).reshape(image.shape))[:height, :width]
    shared = detail.mean(2)
    own = np.sqrt(np.square(detail - shared[..., None]).mean(2) * 1.5)
    level = image[:height, :width].mean(2)

    def blocks(plane: npt.NDArray[np.floating]) -> Floats:
        tall, wide = height // _CELL, width // _CELL
        return plane.reshape(tall, _CELL, wide, _CELL).swapaxes(1, 2).reshape(-1, _CELL * _CELL).astype(np.float32)

    light, fine = blocks(level), blocks(shared)
    deviation = np.sqrt(np.square(fine).mean(1))
    usable = (blocks(near.astype(np.float32)).max(1) == 0) & (light.min(1) > 0.02) & (light.max(1) < 0.98)
    if not usable.any():
        return np.zeros((0, 3), np.float32), []
    table = np.stack([light.mean(1), deviation, np.sqrt(np.square(blocks(own)).mean(1))], 1)[usable]
    square = fine.reshape(-1, _CELL, _CELL)[usable][deviation[usable] <= np.quantile(deviation[usable], 0.3)]
    across = float((square[:, :, 1:] * square[:, :, :-1]).sum() + (square[:, 1:] * square[:, :-1]).sum())
    energy = float(np.square(square).sum()) * 2 * (_CELL - 1) / _CELL
    return table, [(energy, across)]


@functools.lru_cache(maxsize=4)
def _texture(seed: int, spread: float) -> Floats:
    """``[256, 256, 4]`` periodic grain of unit variance: shared by the channels, then one each."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((_TEXTURE, _TEXTURE, 4), np.float32)
    if spread > 0.2:
        margin = 8
        wrapped = np.pad(noise, ((margin, margin), (margin, margin), (0, 0)), mode="wrap")
        blurred = cv2.GaussianBlur(wrapped, (0, 0), spread)
        noise = np.asarray(blurred, np.float32)[margin:-margin, margin:-margin]
    unit: Floats = noise / noise.std((0, 1), keepdims=True)
    unit.flags.writeable = False
    return unit
