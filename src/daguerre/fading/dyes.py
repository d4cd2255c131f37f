"""Color photos: each dye layer's loss and the stain, estimated on a thumbnail and undone at the photo's own depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from daguerre.fading.correction import corrected, quantiles, spread
from daguerre.fading.skin import anchored
from daguerre.imaging.color import icc_profile
from daguerre.imaging.color.density import changed, density
from daguerre.imaging.color.icc_profile import Encoding
from daguerre.imaging.photo import Pixels
from daguerre.imaging.thumbnail import thumbnail
from daguerre.models.roles import DyeCorrection, FadingEstimator, Floats
from daguerre.progress import Track
from daguerre.tiling.blending import transform_tiles
from daguerre.tiling.geometry import Tile, Tiling, split

NOTICED = 4.0
"""The color difference (CIE94) that a correction must promise for a photo to count as faded (benchmarks/fading.py)."""
_BETTER = 0.8
"""What may be left of the expected difference once the correction is made."""
_SEARCH_AND_APPLY = (1, 2)
"""Shares of the time of the search for faces and of the correction, on a faded photo of 12 MP."""
_TILING = Tiling(1024, 0)

Box = Sequence[float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The pixels, the same ones where nothing was done; the color difference that was expected; and what to say."""

    pixels: Pixels
    expected: float
    note: str | None = None


def restore_dyes(
    pixels: Pixels,
    estimator: FadingEstimator,
    *,
    strength: float,
    icc: bytes | None,
    find_faces: Callable[[Track], Sequence[Box]],
    track: Track,
) -> Outcome:
    """``pixels`` ``[H, W, 3]`` of a color photo with its dyes as they were, ``strength`` 0-100 of the way.

    ``find_faces`` gives boxes of x, y, width and height: skin keeps the change within what skin can be. It is called
    for a faded photo only. A photo that is not faded, and one that the estimator would find no better afterwards, comes
    back as it is. No sample is clipped that was not. Raises ModelFailed and Canceled, and what ``find_faces`` raises.
    """
    encoding = icc_profile.read_encoding(icc)
    small = thumbnail(pixels, (estimator.side, estimator.side))
    dense = density(encoding.light(small))
    correction = estimator(dense, quantiles(dense))
    if correction.expected < NOTICED:
        return Outcome(pixels, correction.expected)
    after = _corrected_whole(dense, correction)
    left = estimator(after, quantiles(after)).expected
    if left > _BETTER * correction.expected:
        return Outcome(
            pixels, correction.expected, "Its colors seem faded, but what was tried made them no better: they stay."
        )
    search, apply = track.split(*_SEARCH_AND_APPLY)
    faces = find_faces(search)
    correction = anchored(correction, thumbnail(pixels, (256, 256)), faces, pixels.shape[:2], encoding)
    return Outcome(_applied(pixels, correction, strength / 100, encoding, apply), correction.expected)


def _applied(pixels: Pixels, correction: DyeCorrection, share: float, encoding: Encoding, track: Track) -> Pixels:
    height, width = pixels.shape[:2]

    def lift(window: Floats, tile: Tile) -> Floats:
        codes = np.ascontiguousarray(window[0].transpose(1, 2, 0))
        light = encoding.light(codes)
        before = density(light)
        rows, columns = slice(tile.top, tile.top + tile.height), slice(tile.left, tile.left + tile.width)
        after = corrected(before, correction, spread(correction.field, height, width, rows, columns))
        wanted = changed(light, before, before + np.float32(share) * (after - before))
        bright = encoding.codes(np.clip(wanted, 0, 1))
        return bright.transpose(2, 0, 1)[None]

    return transform_tiles(pixels, lift, split(height, width, _TILING), track)


def _corrected_whole(dense: Floats, correction: DyeCorrection) -> Floats:
    height, width = dense.shape[:2]
    return corrected(dense, correction, spread(correction.field, height, width, slice(0, height), slice(0, width)))
