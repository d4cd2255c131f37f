"""Fill the damage from its surroundings: a thin plate, what a model adds to it, and the photo's own grain."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.runtime.session import Session
from daguerre.pipeline import grain, tiles
from daguerre.pipeline.classical import plate
from daguerre.pipeline.progress import Track

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FEATHER = 2
"""Pixels by which a hole may grow where its rim still shows the damage (a mask that is drawn a little too tight)."""

TILE, HALO, MULTIPLE = 224, 16, 8

_STAIN = 12 / 255
"""Mean error of a rim, 0..1, that the damage must have left there; sound rims of textured photos stay below."""

_MURMUR = 2 / 255
"""Strength of the model's answer, 0..1, at which half of it is believed. Chosen on an earlier checkpoint, where it
gained on smooth holes; with the final weights it costs 0.03 dB on average and gains 0.1 on cracks."""

_REACH = 16
"""Pixels around a hole that its fill depends on."""

_DEEP = 14
"""A hole's pixels further than this from its rim are filled on a photo of half the size first."""


def fill(pixels: Pixels, mask: Mask, model: Session, *, track: Track) -> Pixels:
    """Fill ``mask`` ``[H, W]`` in ``pixels`` ``[H, W, 1|3]``; a new array of the same shape and dtype.

    Pixels further than ``FEATHER`` from the mask are identical to the bit, and those closer are too where they fit
    their surroundings. Holes thicker than ``2 * _DEEP`` pixels are filled from coarse to fine. Deterministic. Where
    nothing or everything is masked, the photo comes back as it is.
    """
    if not mask.any() or mask.all():
        return pixels.copy()
    own = grain.measure(pixels, mask)
    return _fill(pixels, mask, model, own, track)


def _fill(pixels: Pixels, mask: Mask, model: Session, own: grain.Grain, track: Track) -> Pixels:
    deep = _deep(mask)
    start = pixels
    if deep.any():
        start = from_half(pixels, mask, deep, lambda small, hole: _fill(small, hole, model, grain.NONE, track))

    def damaged(tile: tiles.Tile) -> bool:
        rows, columns = (slice(max(0, side.start - FEATHER), side.stop + FEATHER) for side in tile.core)
        return bool(mask[rows, columns].any())

    def mend(image: Floats, tile: tiles.Tile) -> Floats:
        window = np.ascontiguousarray(image[0].transpose(1, 2, 0))
        whole = tiles.read(mask, tile)[0, 0] > 0
        hole = whole & (tiles.read(deep, tile)[0, 0] == 0)
        part = _around(whole)
        inside, near, open_hole = window[part], whole[part], hole[part]
        if open_hole.any() and not open_hole.all():
            open_hole = covering(inside, open_hole) & ~(near & ~open_hole)
            filled = np.clip(plate(np.ascontiguousarray(inside), open_hole), 0, 1)
            thick = _thick(open_hole)
            if thick.any():
                # The model is given the whole tile: every tile has one shape.
                context, opened = window.copy(), np.zeros_like(hole)
                context[part], opened[part] = filled, open_hole
                inputs = {"image": context.transpose(2, 0, 1)[None], "mask": opened[None, None].astype(np.float32)}
                residual = model.run(inputs)["residual"][0].transpose(1, 2, 0)[part]
                filled = np.clip(filled + _trusted(residual * thick[..., None], open_hole), 0, 1)
            inside = np.where(open_hole[..., None], filled, inside)
        top, left = tile.top + part[0].start, tile.left + part[1].start
        window[part] = grain.add(inside, near | open_hole, own, top, left)
        return np.ascontiguousarray(window.transpose(2, 0, 1))[None]

    cut = tiles.split(pixels.shape[0], pixels.shape[1], TILE, HALO, MULTIPLE)
    return tiles.run(start, mend, cut, track, wanted=damaged)


def _deep(mask: Mask) -> Mask:
    side = 2 * _DEEP + 1
    return np.asarray(cv2.erode(mask.view(np.uint8), np.ones((side, side), np.uint8))).view(np.bool_)


def _around(hole: Mask) -> tuple[slice, slice]:
    """The rows and columns of ``hole`` with what a fill looks at around it; the first pixel where there is none."""
    height, width = hole.shape
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    if not len(rows):
        return slice(0, 1), slice(0, 1)
    top, bottom = max(0, int(rows[0]) - _REACH), min(height, int(rows[-1]) + _REACH + 1)
    left, right = max(0, int(columns[0]) - _REACH), min(width, int(columns[-1]) + _REACH + 1)
    return slice(top, bottom), slice(left, right)


def _thick(hole: Mask) -> Mask:
    """The parts of ``hole`` that are 5 pixels thick or more: across thinner ones the plate is as good, and cheap."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    core = cv2.morphologyEx(hole.view(np.uint8), cv2.MORPH_OPEN, disc)
    grown: Mask = hole & (cv2.dilate(core, np.ones((3, 3), np.uint8)) > 0)
    return grown


def _trusted(residual: Floats, hole: Mask) -> Floats:
    """``residual`` ``[h, w, 3]`` without its murmur: where it is weak all around, the plate was right already."""
    reach = (11, 11)
    energy = cv2.blur(np.square(residual).mean(2), reach)
    energy /= np.maximum(cv2.blur(hole.astype(np.float32), reach), np.float32(1e-3))
    share = energy / (energy + np.float32(_MURMUR**2))
    kept: Floats = residual * share[..., None]
    return kept


def from_half(pixels: Pixels, mask: Mask, deep: Mask, fill: Callable[[Pixels, Mask], Pixels]) -> Pixels:
    """``pixels`` with its ``deep`` part taken from what ``fill`` makes of the photo at half the size."""
    height, width = mask.shape
    half = ((width + 1) // 2, (height + 1) // 2)
    known = cv2.resize((~mask).view(np.uint8) * np.uint8(255), half, interpolation=cv2.INTER_AREA)
    start = pixels.copy()
    start[mask] = 0
    small = cv2.resize(start, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0], -1)
    hole = known < 128
    share = np.where(hole, np.float32(1), known / np.float32(255))
    rim = share < 1
    lifted = small[rim] / share[rim, None]
    small[rim] = lifted if pixels.dtype.kind == "f" else np.clip(np.rint(lifted), 0, np.iinfo(pixels.dtype).max)
    if not hole.all():
        small = fill(small, hole)
    start[mask] = pixels[mask]
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    start[deep] = large.reshape(height, width, -1)[deep]
    return start


def covering(window: Floats, hole: Mask) -> Mask:
    """``hole``, grown by ``FEATHER`` around those of its parts whose rim still shows the damage.

    A rim of sound pixels scatters about what its surroundings foretell; one that the damage has stained lies off to
    one side.
    """
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * FEATHER + 1, 2 * FEATHER + 1))
    core = hole.view(np.uint8)
    wide = cv2.dilate(core, around)
    rim = (cv2.dilate(core, np.ones((3, 3), np.uint8)) > core) & (wide > 0)
    if not rim.any() or wide.all():
        return hole
    count, parts = cv2.connectedComponents(wide, connectivity=8)
    grey = window.mean(2)
    sound = (wide == 0).astype(np.float32)
    reach = (4 * FEATHER + 1, 4 * FEATHER + 1)
    weight = cv2.blur(sound, reach)
    rim &= weight > 0.05
    foretold = cv2.blur(grey * sound, reach)[rim] / weight[rim]
    error = grey[rim] - foretold
    label = parts[rim]
    pixels = np.bincount(label, minlength=count) + 1e-9
    mean = np.bincount(label, error, count) / pixels
    scatter = np.sqrt(np.bincount(label, np.square(error), count) / pixels)
    stained = (np.abs(mean) > _STAIN) & (np.abs(mean) > 0.75 * scatter)
    stained[0] = False
    grown: Mask = hole | stained[parts]
    return grown
