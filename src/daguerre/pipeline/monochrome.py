"""Whether a photo is monochrome: gray, sepia, toned or yellowed, whatever was spilled on it since.

In a monochrome photo chroma is a function of lightness (the toning) and of place (yellowing, uneven
fading). Both are fitted robustly in CIE Lab; what remains is noise, and here and there a stain or a
pen mark: compact, and of one hue. In a color photo what remains follows the objects.
"""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels, white_of

Floats = npt.NDArray[np.float32]

_SIDE = 160
_BAND_ROWS = 256
_ROUNDS = 6
_COLORLESS = 1.0
WEIGHTS = Path(__file__).with_name("monochrome.npz")
"""A perceptron of ten hidden units over :func:`features`, fitted and judged by benchmarks/monochrome.py."""


def is_monochrome(pixels: Pixels) -> bool:
    """Whether ``[H, W, 1|3]`` pixels, of any depth and size, show a monochrome photo."""
    if pixels.shape[2] == 1:
        return True
    lab = small_lab(pixels)
    if float(np.hypot(lab[..., 1], lab[..., 2]).max()) < _COLORLESS:
        return True
    weights = _weights()
    hidden = np.tanh(features(lab) @ weights["hidden"] + weights["hidden_bias"])
    return bool(hidden @ weights["output"] + weights["output_bias"][0] > 0)


def is_neutral(pixels: Pixels) -> bool:
    """Whether the three channels are equal everywhere."""
    for top in range(0, pixels.shape[0], _BAND_ROWS):
        band = pixels[top : top + _BAND_ROWS]
        if not (np.array_equal(band[..., 0], band[..., 1]) and np.array_equal(band[..., 0], band[..., 2])):
            return False
    return True


def small_lab(pixels: Pixels) -> Floats:
    """The photo in Lab, its longer side at most ``_SIDE``."""
    return _lab(_small(pixels))


@functools.cache
def _weights() -> dict[str, npt.NDArray[np.float32]]:
    with np.load(WEIGHTS, allow_pickle=False) as file:
        return dict(file)


def features(lab: Floats) -> npt.NDArray[np.float64]:
    """What tells color from monochrome, of a small Lab photo ``[h, w, 3]``: 20 numbers.

    In this order: the logarithms of percentiles 50, 75, 90 and 97 of the chroma beyond the toning; of what
    stands out from it, the agreement in hue, the share in one piece and the share of the photo; how its
    edges follow those of lightness; the local chroma that does not go with lightness, over all windows (25,
    50, 75, 90) and relative to lightness over the textured ones (10, 25, 50, 75, 90); the least and the
    greatest spread of the chroma's direction; and the photo's own chroma.
    """
    residual = _residual(lab)
    size = np.hypot(residual[..., 0], residual[..., 1])
    r50, r75, r90, r97 = np.percentile(size, [50, 75, 90, 97])
    outlying = size > max(3.0, 2.5 * float(r50))
    coherence, compactness = 1.0, 1.0
    if outlying.any():
        vectors = residual[outlying]
        coherence = float(np.hypot(*vectors.sum(axis=0)) / size[outlying].sum())
        areas = cv2.connectedComponentsWithStats(outlying.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
        compactness = float(areas.max() / outlying.sum())
    local, contrast = _local(lab)
    textured = contrast >= np.median(contrast)
    relative = local[textured] / (contrast[textured] + 1)
    clipped = (residual / np.maximum(1, size / 8)[..., None]).reshape(-1, 2)
    spread = np.linalg.eigvalsh(clipped.T @ clipped / len(clipped))
    return np.array(
        [
            *np.log(np.array([r50, r75, r90, r97]) + 0.2),
            coherence,
            compactness,
            float(outlying.mean()),
            _edge_agreement(lab[..., 0], size),
            *np.log(np.percentile(local, [25, 50, 75, 90]) + 0.1),
            *np.log(np.percentile(relative, [10, 25, 50, 75, 90]) + 0.01),
            *np.log(spread + 0.05),
            np.log(np.median(np.hypot(lab[..., 1], lab[..., 2])) + 0.5),
        ]
    )


def _edge_agreement(lightness: Floats, chroma: Floats) -> float:
    """Correlation of where lightness and where the residual chroma changes, -1 to 1."""
    first, second = (_gradient(plane) for plane in (lightness, chroma))
    first, second = first - first.mean(), second - second.mean()
    return float((first * second).sum() / (np.sqrt((first**2).sum() * (second**2).sum()) + 1e-6))


def _local(lab: Floats) -> tuple[Floats, Floats]:
    """Standard deviation of chroma within a window, beyond what is linear in lightness there; and of lightness."""
    side = max(3, max(lab.shape[:2]) // 12 | 1)

    def mean(plane: Floats) -> Floats:
        return cv2.blur(
            plane, (side, side), borderType=cv2.BORDER_REFLECT_101 if min(plane.shape) > 1 else cv2.BORDER_REPLICATE
        )

    lightness = lab[..., 0]
    average = mean(lightness)
    variance = mean(lightness * lightness) - average * average
    rest = np.zeros_like(lightness)
    for channel in (1, 2):
        chroma = lab[..., channel] - np.median(lab[..., channel])
        center = mean(chroma)
        shared = mean(chroma * lightness) - center * average
        rest += np.maximum(mean(chroma * chroma) - center * center - shared * shared / (variance + 0.5), 0)
    return np.sqrt(rest), np.sqrt(np.maximum(variance, 0))


def _gradient(plane: Floats) -> Floats:
    return np.hypot(
        cv2.Sobel(plane, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REPLICATE),
        cv2.Sobel(plane, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REPLICATE),
    )


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
    factor = max(height, width) / _SIDE
    small = pixels
    if factor > 1:
        target = (max(1, round(width / factor)), max(1, round(height / factor)))
        small = cv2.resize(np.ascontiguousarray(pixels), target, interpolation=cv2.INTER_AREA)
    if small.dtype.kind == "u":
        return small.astype(np.float32) / np.float32(white_of(small.dtype))
    return np.clip(np.nan_to_num(small.astype(np.float32)), 0, 1)


def _lab(image: Floats) -> Floats:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), np.float32)


def network_input(pixels: Pixels) -> Floats:
    """``[5, 128, 128]``: lightness, the chroma beyond toning and place, and the photo's own chroma, each about
    -1..1.
    """
    lab = small_lab(pixels)
    residual = _residual(lab)
    stacked = np.dstack([lab[..., :1] / 50 - 1, np.clip(residual / 15, -3, 3), lab[..., 1:] / 40])
    planes = np.asarray(stacked.transpose(2, 0, 1), np.float32)
    how = cv2.INTER_AREA if min(lab.shape[:2]) >= 128 else cv2.INTER_LINEAR
    return np.stack([cv2.resize(np.ascontiguousarray(plane), (128, 128), interpolation=how) for plane in planes])


def residual_chroma(pixels: Pixels) -> Floats:
    """How far the chroma of each pixel of the small picture is from what toning and place explain, in Lab units."""
    residual = _residual(small_lab(pixels))
    return np.asarray(np.hypot(residual[..., 0], residual[..., 1]), np.float32)
