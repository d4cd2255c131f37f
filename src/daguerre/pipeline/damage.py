"""Finds scratches, cracks, folds, tears, dust and hairs.

The model walks a pyramid of the photo, from a view of the whole to its native resolution. Each
level gets what the level above found and remembers of the wider view: that keeps wires, lace and
text from being taken for damage, and finds a wide tear where it is narrow.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.runtime.session import Session
from daguerre.pipeline import tiles
from daguerre.pipeline.progress import Track

MULTIPLE = 16
TILE = 1024
HALO = 32
WHOLE = 320
"""Longest side, in pixels, of the widest view: one that a single tile holds."""
CONTEXT = 16
CELL = 8

_MIDDLE = 0.5
"""The threshold at sensitivity 50."""
_SPAN = 3.0
"""By how much, in logits, the threshold moves over 50 of sensitivity."""
_SEED = 2.2
"""In logits: every piece of damage must hold one pixel that lies so far above the threshold."""
_LEAST = 3
"""Pixels that the smallest piece of damage has."""
_CERTAIN = 3.5
_EVIDENCE = 24
"""A photo counts as damaged at all where so many pixels lie ``_CERTAIN`` logits above the threshold: a whole photo
has here and there a pixel that looks like a scratch, a scratched one has hundreds (``benchmarks/damage.py``)."""

_WIDE = 9
"""Pixels across from which a piece is wide: what else is bright and even in a photo, highlights above all, is too."""
_WIDE_SURE = 2.2
"""In logits: wide parts must lie so far above the threshold on average (both tuned on ``benchmarks/damage.py``)."""
_SICK = 1e-3
_TRUSTING = 1.0
_MOST_TRUSTING = 1.5
"""Where more than ``_SICK`` of a photo is certainly damaged, more of it is likely to be: the threshold falls by
``_TRUSTING`` logits with every tenfold, at most by ``_MOST_TRUSTING``."""

Probability = npt.NDArray[np.uint8]


def threshold(sensitivity: float) -> float:
    """The probability from which a pixel counts as damaged, for ``sensitivity`` 0-100."""
    middle = math.log(_MIDDLE / (1 - _MIDDLE))
    return 1 / (1 + math.exp(-(middle + _SPAN * (50 - sensitivity) / 50)))


def find(pixels: Pixels, model: Session, *, sensitivity: float, track: Track) -> Probability:
    """The probability of damage ``[H, W]``, 0-255, of ``pixels`` ``[H, W, 1|3]``.

    ``sensitivity`` does not change the map; :func:`mask_of` applies it. Raises ModelFailed and Canceled.
    """
    pyramid = _pyramid(pixels)
    probability: Probability | None = None
    context: npt.NDArray[np.uint8] | None = None
    for level in reversed(pyramid):
        probability, context = _level(level, model, probability, context, track)
    assert probability is not None
    return probability


def mask_of(probability: Probability, sensitivity: float) -> npt.NDArray[np.bool_]:
    """Where the photo is damaged ``[H, W]``: pieces above the threshold that hold a surer pixel.

    Nowhere, where too few pixels of the whole photo are beyond doubt; and the more of them are, the readier.
    """
    least = threshold(sensitivity)
    evidence = np.count_nonzero(probability >= _above(least, _CERTAIN) * 255)
    if evidence < _EVIDENCE:
        return np.zeros(probability.shape, np.bool_)
    trust = _TRUSTING * math.log10(evidence / probability.size / _SICK)
    wide_sure = _above(least, _WIDE_SURE)
    mask = _without_doubtful(_pieces(probability, least), probability, wide_sure)
    if trust > 0:
        more = _pieces(probability, _above(least, -min(_MOST_TRUSTING, trust)))
        # What grows out of damage is damage; what stands alone is judged for itself.
        near = cv2.dilate(mask.view(np.uint8), np.ones((_WIDE, _WIDE), np.uint8)) > 0
        mask |= (more & near) | _without_doubtful(more & ~near, probability, wide_sure)
    return mask


def _pieces(probability: Probability, least: float) -> npt.NDArray[np.bool_]:
    """The connected pieces from ``least`` upwards that hold a surer pixel."""
    sure = _above(least, _SEED)
    low = probability >= max(1, round(least * 255))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(low.view(np.uint8), connectivity=8)
    keep = np.zeros(count, bool)
    keep[labels[probability >= sure * 255]] = True
    keep &= stats[:, cv2.CC_STAT_AREA] >= _LEAST
    keep[0] = False
    return np.asarray(keep[labels], np.bool_)


def _without_doubtful(mask: npt.NDArray[np.bool_], probability: Probability, sure: float) -> npt.NDArray[np.bool_]:
    """``mask`` less its wide parts that are not ``sure`` on average."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_WIDE, _WIDE))
    wide = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, disc)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
    around = np.ones((5, 5), np.uint8)
    for label in range(1, count):
        left, top, width, height = (int(value) for value in stats[label, : cv2.CC_STAT_AREA])
        part = np.s_[max(0, top - 2) : top + height + 2, max(0, left - 2) : left + width + 2]
        inside = labels[part] == label
        if probability[part][inside].mean() < sure * 255:
            mask[part] &= cv2.dilate(inside.view(np.uint8), around) == 0
    return mask


def _above(probability: float, logits: float) -> float:
    """The probability that lies ``logits`` above another."""
    return 1 / (1 + math.exp(-(math.log(probability / (1 - probability)) + logits)))


def _pyramid(pixels: Pixels) -> list[Pixels]:
    """The photo and its halves, down to one whose sides are at most ``WHOLE``; always one half where there is room."""
    levels = [pixels]
    while max(levels[-1].shape[:2]) > WHOLE or (len(levels) == 1 and min(pixels.shape[:2]) >= 2 * MULTIPLE):
        levels.append(_half(levels[-1]))
    return levels


def _half(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    half = cv2.resize(pixels, (pixels.shape[1] // 2, pixels.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half).reshape(*half.shape[:2], pixels.shape[2])


def _level(
    pixels: Pixels,
    model: Session,
    coarse: Probability | None,
    wider: npt.NDArray[np.uint8] | None,
    track: Track,
) -> tuple[Probability, npt.NDArray[np.uint8]]:
    """Probability ``[H, W]`` and context ``[H/8, W/8, 16]`` of one level; the context's -1..1 as 0-255."""
    height, width = pixels.shape[:2]
    every = tiles.split(height, width, TILE, HALO, MULTIPLE)
    remembered = np.zeros((-(-height // CELL), -(-width // CELL), CONTEXT), np.uint8)

    def measure(image: tiles.Floats, tile: tiles.Tile) -> tiles.Floats:
        output = model.run({"image": image, **_from_above(tile, coarse, wider)})
        told = np.rint((output["told"][0].transpose(1, 2, 0) + 1) * 127.5).clip(0, 255).astype(np.uint8)
        top, left = tile.core_top // CELL, tile.core_left // CELL
        inner = told[(tile.core_top - tile.top) // CELL :, (tile.core_left - tile.left) // CELL :]
        rows = min(-(-tile.core_bottom // CELL), remembered.shape[0]) - top
        columns = min(-(-tile.core_right // CELL), remembered.shape[1]) - left
        remembered[top : top + rows, left : left + columns] = inner[:rows, :columns]
        return np.asarray(output["probability"], np.float32)

    found = tiles.survey(pixels, measure, every, track, dtype=np.uint8)
    return np.asarray(found[:, :, 0], np.uint8), remembered


def _from_above(
    tile: tiles.Tile, coarse: Probability | None, wider: npt.NDArray[np.uint8] | None
) -> dict[str, tiles.Floats]:
    """What the level above says of this window."""
    if coarse is None or wider is None:
        return {
            "coarse": np.zeros((1, 1, tile.height, tile.width), np.float32),
            "context": np.zeros((1, CONTEXT, tile.height // CELL, tile.width // CELL), np.float32),
        }
    part = tiles.read(coarse, _shrunk(tile, 2))[0, 0]
    held = tiles.read(wider, _shrunk(tile, 2 * CELL)) * 2 - 1
    return {
        "coarse": cv2.resize(part, (tile.width, tile.height), interpolation=cv2.INTER_LINEAR)[None, None],
        "context": held.repeat(2, axis=2).repeat(2, axis=3),
    }


def _shrunk(tile: tiles.Tile, factor: int) -> tiles.Tile:
    """The same window on a grid ``factor`` times coarser; its core is not used."""
    corner = (tile.top // factor, tile.left // factor, tile.height // factor, tile.width // factor)
    return tiles.Tile(*corner, 0, 0, 0, 0, (0, 0, 0, 0))
