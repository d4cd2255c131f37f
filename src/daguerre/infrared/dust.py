"""Dust and scratches from the infrared channel: what stops infrared light and is not explained by the dyes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.color.density import density
from daguerre.imaging.photo import Pixels, white_of
from daguerre.infrared.channel import Channel
from daguerre.infrared.registration import register
from daguerre.models.roles import Floats

Mask = npt.NDArray[np.bool_]

_SILVER = "The film stops infrared light where it is dark, as silver does: its infrared channel tells nothing of dust."
_KODACHROME = (
    "The film's dyes stop infrared light, as those of Kodachrome do: its infrared channel was not used to find dust."
)
_EMPTY = "The infrared channel is empty: nothing was found with it."

SILVER_SLOPE, KODACHROME_SLOPE, EXPLAINED = 0.45, 0.16, 0.5
"""Infrared density for each of visible density from which film is silver, or like Kodachrome, where that explains so
much of the channel's variance. Dyes of other color film have 0.01 to 0.08."""
_SURE, _LIKELY = 7.0, 3.5
"""Deviations of the noise, robustly measured, at which a pixel is dust beyond doubt, and where it ends."""
_LEAST_SURE, _LEAST_LIKELY = 0.06, 0.03
"""The same as densities, for channels without noise."""
_DOUBT_AT_EDGES = 0.6
"""What of the predicted picture's change from pixel to pixel may be an error of registration."""
_EDGE, _REACH = 0.25, 9
"""The share of the densest point within so many pixels below which a pixel is beside the dust."""
_FOCUS = 1.2
"""Pixels of blur by which the infrared picture may differ from the visible one."""
_SMOOTH = 64
"""Pixels over which lighting varies, of a picture whose longer side is 1000."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a channel tells.

    ``mask`` ``[H, W]`` is true on dust, or ``None`` where the channel is blind: then ``warning`` says so. ``shift`` is
    how far the channel lay off, in pixels.
    """

    mask: Mask | None
    shift: float = 0.0
    warning: str | None = None


def find_dust(pixels: Pixels, channel: Channel) -> Findings:
    """What the infrared ``channel`` says of ``pixels`` ``[H, W, 1|3]`` of the same scan.

    The channel is registered to the photo. Its density is fitted by those of red, green and blue, robustly, so that
    crosstalk of the dyes goes; what it stops beyond is dust.
    """
    samples = channel.samples.astype(np.float32) / np.float32(white_of(channel.samples.dtype))
    if float(np.ptp(samples)) < 1e-3:
        return Findings(None, warning=_EMPTY)
    dense = density(samples)
    visible = density(np.clip(pixels.astype(np.float32) / np.float32(white_of(pixels.dtype)), 0, 1))
    laid, shift = register(dense, np.ascontiguousarray(visible.mean(2)))
    predicted, slope, explained = _crosstalk(laid, visible)
    if abs(slope) > SILVER_SLOPE and explained > EXPLAINED:
        return Findings(None, shift, _SILVER)
    if abs(slope) > KODACHROME_SLOPE and explained > EXPLAINED:
        return Findings(None, shift, _KODACHROME)
    # In the other focus what is predicted spreads as well: the denser of both is explained.
    rest = laid - np.maximum(predicted, cv2.GaussianBlur(predicted, (0, 0), _FOCUS))
    rest -= _lighting(rest)
    noise = 1.4826 * float(np.median(np.abs(rest[:: max(1, rest.shape[0] // 500), :: max(1, rest.shape[1] // 500)])))
    doubt = np.float32(_DOUBT_AT_EDGES) * _change(predicted)
    sure = rest > max(_SURE * noise, _LEAST_SURE) + 2 * doubt
    # The other focus spreads what is opaque: its edge lies where a share of it is left.
    densest = cv2.dilate(rest, np.ones((_REACH, _REACH), np.uint8))
    likely = rest > np.maximum(np.float32(max(_LIKELY * noise, _LEAST_LIKELY)) + doubt, np.float32(_EDGE) * densest)
    return Findings(_connected(likely, sure), shift)


def _crosstalk(infrared: Floats, visible: Floats) -> tuple[Floats, float, float]:
    """What the visible densities ``[H, W, C]`` predict of the infrared one ``[H, W]``, by robust least squares.

    Beside it, the slope against their mean, and the share of the variance that this explains.
    """
    step = max(1, max(infrared.shape) // 700)
    wide = 2 * step + 1
    few = np.s_[step // 2 :: step, step // 2 :: step]
    target = cv2.blur(infrared, (wide, wide))[few].ravel().astype(np.float64)
    bases = [
        cv2.blur(np.ascontiguousarray(visible[..., c]), (wide, wide))[few].ravel() for c in range(visible.shape[2])
    ]
    design = np.stack([*bases, np.ones_like(bases[0])], 1).astype(np.float64)
    weights = np.ones(len(target))
    factors = np.zeros(design.shape[1])
    ridge = 1e-4 * len(target) * np.eye(design.shape[1])
    ridge[-1, -1] = 0
    for _ in range(12):
        weighted = design * weights[:, None]
        factors = np.linalg.solve(weighted.T @ design + ridge, weighted.T @ target)
        error = target - design @ factors
        spread = max(1e-4, 1.4826 * float(np.median(np.abs(error))))
        # Dust lies above: what is denser than predicted counts less.
        weights = 1 / (1 + (error / (2 * spread)) ** 2)
    explained = 1 - float((weights * error**2).sum() / max(1e-9, (weights * (target - np.median(target)) ** 2).sum()))
    predicted = visible @ factors[:-1].astype(np.float32) + np.float32(factors[-1])
    return np.asarray(predicted, np.float32), float(factors[:-1].sum()), explained


def _lighting(rest: Floats) -> Floats:
    """What varies slowly: uneven light and film base."""
    height, width = rest.shape
    factor = max(1.0, max(height, width) / 500)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    small = cv2.resize(rest, size, interpolation=cv2.INTER_AREA)
    low, high = (float(value) for value in np.percentile(small, (0.5, 99.5)))
    levels = np.clip((small - low) * (255 / max(high - low, 1e-6)), 0, 255).astype(np.uint8)
    middle = cv2.medianBlur(levels, _SMOOTH // 2 | 1).astype(np.float32) * np.float32((high - low) / 255) + np.float32(
        low
    )
    middle = cv2.GaussianBlur(middle, (0, 0), _SMOOTH / 8)
    return np.asarray(cv2.resize(middle, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _change(predicted: Floats) -> Floats:
    return np.asarray(cv2.morphologyEx(predicted, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.float32)


def _connected(likely: Mask, sure: Mask) -> Mask:
    """The pieces of ``likely`` that hold a pixel of ``sure``, a pixel wider: their edges are soft."""
    count, labels = cv2.connectedComponents((likely | sure).astype(np.uint8), connectivity=8)
    held = np.zeros(count, bool)
    held[np.unique(labels[sure])] = True
    held[0] = False
    grown = cv2.dilate(held[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(grown.astype(bool))
