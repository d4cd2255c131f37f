"""The damage detector of this project: one network that walks a pyramid of the photo.

It goes from a view of the whole to the native resolution. Each level gets what the level above found and remembers of
the wider view: that keeps wires, lace and text from being taken for damage, and finds a wide tear where it is narrow.
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
from daguerre.tiling.geometry import Tile, split, window

_WHOLE = 320
"""Longest side, in pixels, of the widest view: one that a single tile holds."""
_CELL, _CONTEXT = 8, 16
"""Pixels a side of the cells of which the network remembers something, and how many numbers that is."""

Context = npt.NDArray[np.uint8]


class PyramidDamage:
    """A :class:`~daguerre.models.roles.DamageDetector`; the sensitivity does not change its map."""

    rule = MaskRule()

    def __init__(self, loaded: LoadedModel) -> None:
        self._tiling = loaded.model.tiling
        self._session = loaded.session

    def find(self, pixels: Pixels, sensitivity: float, track: Track) -> Probability:
        del sensitivity
        *wider, native = reversed(self._pyramid(pixels))
        *tracks, last = track.split(*(level.shape[0] * level.shape[1] for level in (*wider, native)))
        above: tuple[Probability, Context] | None = None
        for level, part in zip(wider, tracks, strict=True):
            above = self._level(level, above, part)
        return self._level(native, above, last)[0]

    def _pyramid(self, pixels: Pixels) -> list[Pixels]:
        """The photo and its halves, down to one of at most ``_WHOLE`` a side; one half at least where there is room."""
        levels = [pixels]
        room = min(pixels.shape[:2]) >= 2 * self._tiling.multiple
        while max(levels[-1].shape[:2]) > _WHOLE or (len(levels) == 1 and room):
            levels.append(_half(levels[-1]))
        return levels

    def _level(
        self, pixels: Pixels, above: tuple[Probability, Context] | None, track: Track
    ) -> tuple[Probability, Context]:
        """Probability ``[H, W]`` and context ``[H/8, W/8, 16]`` of one level; the context's -1..1 as 0-255."""
        height, width = pixels.shape[:2]
        remembered = np.zeros((-(-height // _CELL), -(-width // _CELL), _CONTEXT), np.uint8)

        def measure(image: Floats, tile: Tile) -> Floats:
            output = self._session.run({"image": image, **_from_above(tile, above)})
            told = np.rint((output["told"][0].transpose(1, 2, 0) + 1) * 127.5).clip(0, 255).astype(np.uint8)
            top, left = tile.core_top // _CELL, tile.core_left // _CELL
            inner = told[(tile.core_top - tile.top) // _CELL :, (tile.core_left - tile.left) // _CELL :]
            rows = min(-(-tile.core_bottom // _CELL), remembered.shape[0]) - top
            columns = min(-(-tile.core_right // _CELL), remembered.shape[1]) - left
            remembered[top : top + rows, left : left + columns] = inner[:rows, :columns]
            return np.asarray(output["probability"], np.float32)

        found = measure_tiles(pixels, measure, split(height, width, self._tiling), track, dtype=np.uint8)
        return np.asarray(found[:, :, 0], np.uint8), remembered


def _half(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    half = cv2.resize(pixels, (pixels.shape[1] // 2, pixels.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half).reshape(*half.shape[:2], pixels.shape[2])


def _from_above(tile: Tile, above: tuple[Probability, Context] | None) -> dict[str, Floats]:
    """What the level above says of this window."""
    if above is None:
        return {
            "coarse": np.zeros((1, 1, tile.height, tile.width), np.float32),
            "context": np.zeros((1, _CONTEXT, tile.height // _CELL, tile.width // _CELL), np.float32),
        }
    probability, context = above
    part = read_window(probability, _shrunk(tile, 2))[0, 0]
    held = read_window(context, _shrunk(tile, 2 * _CELL)) * 2 - 1
    return {
        "coarse": cv2.resize(part, (tile.width, tile.height), interpolation=cv2.INTER_LINEAR)[None, None],
        "context": held.repeat(2, axis=2).repeat(2, axis=3),
    }


def _shrunk(tile: Tile, factor: int) -> Tile:
    """The same window on a grid ``factor`` times coarser."""
    return window(tile.top // factor, tile.left // factor, tile.height // factor, tile.width // factor)
