"""The damage detector of this project: it looks from the whole view down to the native scale, and knows the scene.

An encoder that was taught on a million photographs of things sees views of at most about a thousand pixels. What it
says goes down the pyramid to the network that looks for damage, level by level, together with what the wider view found
and remembers: that is how a collar or a rope is told from a scratch. What it takes for damage is then judged piece by
piece (:mod:`daguerre.models.adapters.damage_pieces`).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.adapters.damage_pieces import Pieces, logits
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
_LOOKING = 0.9
"""Share of the time that the map takes; the verdict takes the rest."""
MOST_PIECES = 2000
"""Pieces of one photo on which the verdict decides; the rest stays as the map has it."""
_AT_ONCE = 128
SHIFT = 0.3
"""Logits that are added to those of the map and of the verdict: both are a little too careful together."""

Cells = npt.NDArray[np.uint8]


class SceneDamage:
    """A :class:`~daguerre.models.roles.DamageDetector`; its parts are the encoder and the verdict. Its map
    has no use for sensitivity."""

    rule = MaskRule(threshold=0.45, seed=0.8, wide=1.5, certain=2.8, evidence=250)

    def __init__(self, loaded: LoadedModel) -> None:
        self._tiling = loaded.model.tiling
        self._detector = loaded.session
        self._encoder, self._verdict = loaded.parts

    def find(self, pixels: Pixels, sensitivity: float, track: Track) -> Probability:
        del sensitivity
        seen, judged = track.split(_LOOKING, 1 - _LOOKING)
        found, scene = self.look(pixels, seen)
        return self._judged(pixels, found, scene, judged)

    @staticmethod
    def reduced(pixels: Pixels) -> Pixels:
        """The copy of ``pixels`` from which pieces are seen from further away: a quarter of the size at least."""
        return _half(_half(pixels))

    def look(self, pixels: Pixels, track: Track) -> tuple[Probability, Cells]:
        """The map as :meth:`find` gives it but for the verdict, and the scene ``[h, w, 64]`` 0-255."""
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
        assert found is not None and scene is not None
        return found, scene

    def _judged(self, pixels: Pixels, found: Probability, scene: Cells, track: Track) -> Probability:
        """``found``, in which every piece is as likely as the verdict over the whole of it makes it."""
        pieces = Pieces(found)
        # Where there are too many to look at, the largest are.
        chosen = np.sort(np.argsort(pieces.area)[::-1][:MOST_PIECES])
        reduced, numbers = self.reduced(pixels), pieces.numbers()
        verdicts = np.full(pieces.count, np.nan, np.float32)
        track.expect(ceil_div(len(chosen), _AT_ONCE))
        for start in range(0, len(chosen), _AT_ONCE):
            part = chosen[start : start + _AT_ONCE]
            inputs = {
                "near": pieces.near(pixels, part),
                "wide": pieces.wide(reduced, part),
                "scene": pieces.scene(scene, part),
                "numbers": numbers[part],
            }
            verdicts[part] = self._verdict.run(inputs)["verdict"][:, 0]
            track.advance()
        flat, verdict = found.ravel(), pieces.supported(verdicts)[pieces.piece]
        where, verdict = pieces.pixels[~np.isnan(verdict)], verdict[~np.isnan(verdict)]
        weighed = logits(flat[where]) + verdict + SHIFT
        flat[where] = np.rint(255 / (1 + np.exp(-weighed))).astype(np.uint8)
        track.finish()
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
