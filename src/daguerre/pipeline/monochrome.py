"""Whether a photo is monochrome: gray, sepia, toned or yellowed, whatever was spilt on it since.

In a monochrome photo chroma is a function of lightness (the toning) and of place (yellowing, uneven fading). Both are
fitted robustly in CIE Lab. What remains is noise, and here and there a stain, a pen mark or a colored mount; in a color
photo it follows the things that are seen. A small model tells the two apart, and says how sure it is: a photo of which
it is not sure is left alone, since a color photo that is colored anew loses what it had.
"""

from __future__ import annotations

from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.imaging.thumbnail import thumbnail
from daguerre.models.roles import MonochromeJudge

Floats = npt.NDArray[np.float32]

_SIDE = 160
"""Longer side, in pixels, at which the photo is looked at: the same whatever its size."""
_INPUT = 128
_ROUNDS = 6
_BAND_ROWS = 256
_COLORLESS = 1.0
"""Chroma that nobody sees."""
_TONED = 42.0
"""Median chroma beyond which no toning goes: what is so colorful is a colored thing."""
_SURE_MONOCHROME, _SURE_COLOR = 2.0, 1.0
"""Logits from which on the judge is believed; chosen so that of color photos of held-out sources none is taken for
monochrome but those of one hue (``benchmarks/monochrome.py``)."""


class Tone(StrEnum):
    """What the colors of a photo are."""

    MONOCHROME = "monochrome"
    COLOR = "color"
    UNSURE = "unsure"


def judge_tone(pixels: Pixels, judge: MonochromeJudge | None) -> Tone:
    """What ``[H, W, 1|3]`` pixels, of any depth and size, show. Raises ModelFailed.

    Gray pixels need no ``judge``; without one, all others are unsure.
    """
    if pixels.shape[2] == 1:
        return Tone.MONOCHROME
    lab = _lab(_small(pixels))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    if float(chroma.max()) < _COLORLESS:
        return Tone.MONOCHROME
    if judge is None:
        return Tone.UNSURE
    logit = judge(_planes(lab))
    if logit <= -_SURE_COLOR:
        return Tone.COLOR
    if logit < _SURE_MONOCHROME:
        return Tone.UNSURE
    return Tone.MONOCHROME if float(np.median(chroma)) < _TONED else Tone.UNSURE


def is_neutral(pixels: Pixels) -> bool:
    """Whether the three channels are equal everywhere."""
    for top in range(0, pixels.shape[0], _BAND_ROWS):
        band = pixels[top : top + _BAND_ROWS]
        if not all(np.array_equal(band[..., 0], band[..., channel], equal_nan=True) for channel in (1, 2)):
            return False
    return True


def _residual(lab: Floats) -> Floats:
    """Chroma ``[h, w, 2]`` beyond a toning curve and a quadratic of place, fitted by reweighted least squares."""
    height, width = lab.shape[:2]
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    level = lab[..., 0].ravel() / 100
    knots = np.linspace(0, 1, 7)
    hats = np.maximum(0, 1 - np.abs(level[:, None] - knots) * (len(knots) - 1))
    place = np.stack([x.ravel(), y.ravel(), (x * y).ravel(), (x * x).ravel() - 1 / 3, (y * y).ravel() - 1 / 3], axis=1)
    design = np.concatenate([hats, place, place[:, :2] * level[:, None]], axis=1)
    chroma = lab[..., 1:].reshape(-1, 2).astype(np.float64)
    # Neighboring knots are held together, and the places to zero, where few pixels speak for them.
    smooth = np.zeros((len(knots) - 1, design.shape[1]))
    smooth[np.arange(6), np.arange(6)], smooth[np.arange(6), np.arange(1, 7)] = 1, -1
    ridge = np.zeros(design.shape[1])
    ridge[len(knots) :] = 0.02
    penalty = len(level) * (0.003 * smooth.T @ smooth + np.diag(ridge) * 0.2)
    start = np.median(chroma, axis=0)
    weights = 1 / (1 + ((chroma - start) ** 2).sum(axis=1) / 25)
    error = chroma
    for _ in range(_ROUNDS):
        weighted = design * weights[:, None]
        error = chroma - design @ np.linalg.solve(weighted.T @ design + penalty * weights.mean(), weighted.T @ chroma)
        squared = (error**2).sum(axis=1)
        spread = max(0.25, float(np.median(squared)))
        weights = 1 / (1 + squared / (2 * spread)) ** 2
    return error.reshape(height, width, 2).astype(np.float32)


def _small(pixels: Pixels) -> Floats:
    """RGB 0..1 with a longer side of at most ``_SIDE``: chroma noise averages out."""
    height, width = pixels.shape[:2]
    factor = max(1.0, max(height, width) / _SIDE)
    return thumbnail(pixels, (max(1, round(height / factor)), max(1, round(width / factor))))


def _lab(image: Floats) -> Floats:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), np.float32)


def network_input(pixels: Pixels) -> Floats:
    """What the judge is shown of a photo: ``[5, 128, 128]``, each plane about -1..1.

    Lightness, the chroma beyond toning and place, and the photo's own chroma.
    """
    return _planes(_lab(_small(pixels)))


def residual_chroma(pixels: Pixels) -> Floats:
    """How far the chroma of each pixel of the small picture is from what toning and place explain, in Lab units."""
    residual = _residual(_lab(_small(pixels)))
    return np.asarray(np.hypot(residual[..., 0], residual[..., 1]), np.float32)


def _planes(lab: Floats) -> Floats:
    residual = _residual(lab)
    stacked = np.dstack([lab[..., :1] / 50 - 1, np.clip(residual / 15, -3, 3), lab[..., 1:] / 40])
    planes = np.asarray(stacked.transpose(2, 0, 1), np.float32)
    how = cv2.INTER_AREA if min(lab.shape[:2]) >= _INPUT else cv2.INTER_LINEAR
    return np.stack([cv2.resize(np.ascontiguousarray(plane), (_INPUT, _INPUT), interpolation=how) for plane in planes])
