"""Whether a photo is a negative, and of which kind of film. What is not beyond doubt counts as a positive.

Three things tell of a negative: faces that are there once it is developed and were not before, or were much less so;
clear film with an orange mask around a picture of which nothing is clearer; and perforations in clear film. A mask that
lies over all of a picture raises no more than doubt: orange light does the same to a positive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from daguerre.imaging import depth
from daguerre.imaging.color import icc_profile
from daguerre.imaging.photo import Pixels
from daguerre.imaging.thumbnail import thumbnail
from daguerre.models.roles import Floats
from daguerre.negatives.areas import survey
from daguerre.negatives.density import seen
from daguerre.negatives.development import Kind, develop
from daguerre.progress import Track

_SIDE = 1024
"""Pixels of the longer side at which faces are looked for."""
_MASK_RED, _MASK_GREEN, _MASK_BLUE = 0.55, (0.12, 0.75), (0.3, 1.4)
"""The greatest density that red light meets in clear film with an orange mask on any scanner, and the range of what
green and blue light meet beyond it."""
_EVERYWHERE = 0.12
"""The same of blue, anywhere in the picture but for a few percent of it."""
_DENSE = 0.25
"""The same of blue, in the densest parts."""
_GRAY = 0.04
"""The spread of the differences between layers below which a picture is black and white."""
_SURE, _SURER = 0.8, 0.9
"""The confidence from which a face in the developed picture is one: where the scan has none, and where it has."""
_MARGIN = 0.08
"""The confidence by which the same face must be seen more surely for a picture to be right so."""
_LARGE = 0.04
"""The side of such a face, in longer sides of the photo."""
_FRAMED = 3
"""The sides of a picture along which clear film must lie."""

_UNSURE = "It could not be told whether the photo is a negative, so it was left as it is. If it is one, say which kind."


@dataclass(frozen=True, slots=True)
class Seen:
    """A face: its box of x, y, width and height, and how sure it is, 0-1."""

    box: Sequence[float]
    confidence: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The kind of negative that a photo is, or ``None``, and what to say where that could not be told."""

    kind: Kind | None
    note: str | None = None


def recognize(
    pixels: Pixels, *, icc: bytes | None, find_faces: Callable[[Pixels, Track], Sequence[Seen]], track: Track
) -> Verdict:
    """What ``[H, W, 1|3]`` pixels of any depth are. ``find_faces`` looks for faces in a picture of 8 bits.

    Raises what it raises, and Canceled.
    """
    before, after = track.split(1, 1)
    encoding = icc_profile.read_encoding(icc)
    dense = seen(pixels, encoding)
    areas = survey(dense)
    inside = dense[areas.picture]
    has_mask = pixels.shape[2] == 3 and is_orange(areas.base)
    kind: Kind = "bw" if pixels.shape[2] == 1 or (not has_mask and is_gray(inside)) else "color"
    small = _small(pixels)
    scanned = _surest(find_faces(small, before), small)
    if scanned > 0.97:
        return Verdict(None)
    shown = _surest(find_faces(develop(small, kind, icc=icc, track=Track()), after), small)
    if shown - scanned > _MARGIN and shown >= (_SURER if scanned else _SURE):
        return Verdict(kind)
    if scanned - shown > _MARGIN:
        return Verdict(None)
    if areas.has_perforations or (has_mask and areas.sides >= _FRAMED):
        return Verdict(kind)
    in_doubt = is_masked(inside) if has_mask else kind == "bw" and not scanned
    return Verdict(None, _UNSURE if in_doubt else None)


def _surest(found: Sequence[Seen], picture: Pixels) -> float:
    """The confidence of the surest of the large faces; 0 without one."""
    least = _LARGE * max(picture.shape[:2])
    return max((face.confidence for face in found if max(face.box[2:]) >= least), default=0.0)


def is_orange(base: Floats) -> bool:
    """Whether clear film with the densities ``[3]`` has an orange mask."""
    red, green, blue = base
    in_green = _MASK_GREEN[0] <= green - red <= _MASK_GREEN[1]
    return bool(red <= _MASK_RED and in_green and _MASK_BLUE[0] <= blue - red <= _MASK_BLUE[1])


def is_masked(inside: Floats) -> bool:
    """Whether an orange mask lies over all of a picture, by its densities ``[N, 3]``."""
    mean = inside.mean(axis=1)
    orange = inside[:, 2] - inside[:, 0]
    densest = orange[mean >= np.percentile(mean, 95)]
    return bool(np.percentile(orange, 3) > _EVERYWHERE and densest.mean() > _DENSE)


def is_gray(inside: Floats) -> bool:
    """Whether the layers of a picture differ by the same everywhere, by its densities ``[N, 3]``."""
    return float((inside - inside.mean(axis=1, keepdims=True)).std(axis=0).max()) < _GRAY


def _small(pixels: Pixels) -> Pixels:
    factor = max(1.0, max(pixels.shape[:2]) / _SIDE)
    height, width = (max(1, round(length / factor)) for length in pixels.shape[:2])
    return depth.convert(thumbnail(pixels, (height, width)), "uint8")
