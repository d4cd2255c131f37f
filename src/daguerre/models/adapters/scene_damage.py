"""The damage detector of this project: it looks from the whole view down to the native scale, and knows the scene.

An encoder that was taught on a million photographs of things sees views of at most about a thousand pixels. What it
says goes down the pyramid to the network that looks for damage, level by level, together with what the wider view found
and remembers: that is how a collar or a rope is told from a scratch.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import Floats, MaskRule, Probability
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.progress import Track
from daguerre.tiling.blending import measure_tiles, read_window
from daguerre.tiling.geometry import Tile, ceil_div, round_up, split, window

_WHOLE = 320
"""Longest side, in pixels, of the widest view."""
_LEVELS = 3
"""Views that the detector was taught to look through, from the widest to the native one."""
_SCENE_SIDE = 1024
"""Longest side of the largest view that the encoder sees."""
_SCENE_MULTIPLE = 32
_CELL = 8
"""Pixels a side of the cells of scene and context."""
_CONTEXT = 16
"""Numbers of the context for each cell."""
_SCENE_MOST = 6.0
"""The largest number of the scene."""

Cells = npt.NDArray[np.uint8]


class SceneDamage:
    """A :class:`~daguerre.models.roles.DamageDetector`; its part is the encoder. Its map has no use for sensitivity."""

    rule = MaskRule(threshold=0.45, seed=1.0, wide=1.5, certain=2.5, evidence=300)

    def __init__(self, loaded: LoadedModel) -> None:
        self._tiling = loaded.model.tiling
        self._detector = loaded.session
        (self._encoder,) = loaded.parts

    def find(self, pixels: Pixels, sensitivity: float, track: Track) -> Probability:
        del sensitivity
        found: Probability | None = None
        context: Cells | None = None
        scene: Cells | None = None
        levels = _pyramid(pixels, self._tiling.multiple)
        tracks = track.split(*(level.shape[0] * level.shape[1] for level in levels))
        for level, part in zip(levels, tracks, strict=True):
            if scene is None or max(level.shape[:2]) <= _SCENE_SIDE:
                scene, zoom = self._scene(level), 1
            else:
                zoom *= 2
            found, context = self._level(level, found, context, scene, zoom, part)
        assert found is not None
        return found

    def _scene(self, pixels: Pixels) -> Cells:
        """What ``pixels`` show ``[H/8, W/8, 64]``, as 0-255; seen at once, mirrored up to what the encoder needs."""
        height, width = pixels.shape[:2]
        whole = window(0, 0, round_up(height, _SCENE_MULTIPLE), round_up(width, _SCENE_MULTIPLE))
        said = self._encoder.run({"image": read_window(pixels, whole)})["scene"][0]
        cells = said[:, : ceil_div(height, _CELL), : ceil_div(width, _CELL)].transpose(1, 2, 0)
        return np.asarray(np.rint(cells * (255 / _SCENE_MOST)).clip(0, 255), np.uint8)

    def _level(
        self, pixels: Pixels, above: Probability | None, context: Cells | None, scene: Cells, zoom: int, track: Track
    ) -> tuple[Probability, Cells]:
        """Probability ``[H, W]`` and context ``[H/8, W/8, 16]`` of one level; the context's -1..1 as 0-255."""
        height, width = pixels.shape[:2]
        remembered = np.zeros((ceil_div(height, _CELL), ceil_div(width, _CELL), _CONTEXT), np.uint8)

        def measure(image: Floats, tile: Tile) -> Floats:
            seen = _cells(scene, tile, zoom) * np.float32(_SCENE_MOST)
            output = self._detector.run({"image": image, "scene": seen, **_from_above(tile, above, context)})
            told = np.rint((output["told"][0].transpose(1, 2, 0) + 1) * 127.5).clip(0, 255).astype(np.uint8)
            top, left = tile.core_top // _CELL, tile.core_left // _CELL
            inner = told[(tile.core_top - tile.top) // _CELL :, (tile.core_left - tile.left) // _CELL :]
            rows = min(ceil_div(tile.core_bottom, _CELL), remembered.shape[0]) - top
            columns = min(ceil_div(tile.core_right, _CELL), remembered.shape[1]) - left
            remembered[top : top + rows, left : left + columns] = inner[:rows, :columns]
            return np.asarray(output["probability"], np.float32)

        found = measure_tiles(pixels, measure, split(height, width, self._tiling), track, dtype=np.uint8)
        return np.asarray(found[:, :, 0], np.uint8), remembered


def _pyramid(pixels: Pixels, multiple: int) -> list[Pixels]:
    """The photo and its halves, the widest view first; ``_LEVELS`` of them at least where there is room."""
    levels = [pixels]
    while max(levels[0].shape[:2]) > _WHOLE or (len(levels) < _LEVELS and min(levels[0].shape[:2]) >= 2 * multiple):
        levels.insert(0, _half(levels[0]))
    return levels


def _half(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    half = cv2.resize(pixels, (pixels.shape[1] // 2, pixels.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half).reshape(*half.shape[:2], pixels.shape[2])


def _from_above(tile: Tile, above: Probability | None, context: Cells | None) -> dict[str, Floats]:
    """What the level above says of this window."""
    if above is None or context is None:
        return {
            "coarse": np.zeros((1, 1, tile.height, tile.width), np.float32),
            "context": np.zeros((1, _CONTEXT, tile.height // _CELL, tile.width // _CELL), np.float32),
        }
    part = read_window(above, window(tile.top // 2, tile.left // 2, tile.height // 2, tile.width // 2))[0, 0]
    return {
        "coarse": cv2.resize(part, (tile.width, tile.height), interpolation=cv2.INTER_LINEAR)[None, None],
        "context": _cells(context, tile, 2) * 2 - 1,
    }


def _cells(cells: Cells, tile: Tile, zoom: int) -> Floats:
    """``[1, C, h/8, w/8]``, 0..1: the part of ``cells`` under ``tile`` of a level ``zoom`` times as large as theirs."""
    rows, columns = tile.height // _CELL, tile.width // _CELL
    top, left = tile.top // _CELL, tile.left // _CELL
    first = (top // zoom, left // zoom)
    size = (ceil_div(top + rows, zoom) - first[0], ceil_div(left + columns, zoom) - first[1])
    held = read_window(cells, window(*first, *size))
    if zoom > 1:
        held = held.repeat(zoom, axis=2).repeat(zoom, axis=3)
        y, x = top - first[0] * zoom, left - first[1] * zoom
        held = held[:, :, y : y + rows, x : x + columns]
    return np.ascontiguousarray(held)
