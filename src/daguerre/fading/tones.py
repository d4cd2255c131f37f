"""Monochrome photos: contrast brought back in lightness, the tone kept or taken away."""

from __future__ import annotations

from typing import Literal

import numpy as np

from daguerre.imaging.color import icc_profile
from daguerre.imaging.color.icc_profile import Encoding
from daguerre.imaging.photo import Pixels
from daguerre.imaging.thumbnail import thumbnail
from daguerre.models.roles import Floats
from daguerre.progress import Track
from daguerre.tiling.blending import transform_tiles
from daguerre.tiling.geometry import Tile, Tiling, split

Tone = Literal["keep", "neutral"]

FULL_RANGE = 78.0
"""Lightness (CIE L*) between the darkest and the lightest part from which on a photo lacks no contrast."""
_BLACK, _WHITE = 6.0, 95.0
"""Where those parts are brought to."""
_STEEPEST = 2.0
_PARTS = (0.5, 99.5)
"""Percentiles that count as darkest and lightest."""
_MARGIN = 0.03
"""The share of each side that may be border and is not looked at."""
_SIDE = 256
_TILING = Tiling(1024, 0)


def restore_tones(pixels: Pixels, *, strength: float, tone: Tone, icc: bytes | None, track: Track) -> Pixels:
    """``pixels`` ``[H, W, 1|3]`` of a monochrome photo with the contrast it had, ``strength`` 0-100 of the way.

    Darks and lights move apart until they are about black and white; what lies beyond them is compressed, not clipped.
    ``keep`` leaves every hue, ``neutral`` makes it gray. A photo with contrast enough comes back as it is, but for its
    tone. Raises Canceled.
    """
    encoding = icc_profile.read_encoding(icc)
    curve = _curve(pixels, encoding, strength / 100)
    if curve is None and (tone == "keep" or pixels.shape[2] == 1):
        return pixels
    knots = (np.array([0.0, 100.0]), np.array([0.0, 100.0])) if curve is None else curve
    table = _light_of(np.interp(np.linspace(0, 100, 4096), *knots).astype(np.float32))

    def lift(window: Floats, tile: Tile) -> Floats:
        del tile
        light = encoding.light(np.ascontiguousarray(window[0].transpose(1, 2, 0)))
        luminance = _luminance(light, encoding)
        wanted = np.interp(_lightness(luminance), np.linspace(0, 100, 4096), table).astype(np.float32)
        if tone == "neutral":
            result = wanted[..., None].repeat(3, 2)
        else:
            ratio = (wanted + np.float32(1e-4)) / (luminance + np.float32(1e-4))
            ratio = np.minimum(ratio, 1 / np.maximum(light.max(2), np.float32(1e-4)))
            result = light * ratio[..., None]
        return np.asarray(encoding.codes(np.clip(result, 0, 1)).transpose(2, 0, 1)[None], np.float32)

    return transform_tiles(pixels, lift, split(pixels.shape[0], pixels.shape[1], _TILING), track)


def _curve(pixels: Pixels, encoding: Encoding, share: float) -> tuple[Floats, Floats] | None:
    """Lightness before and after, at four knots; ``None`` where the photo lacks no contrast."""
    if share <= 0:
        return None
    height, width = pixels.shape[:2]
    y, x = round(height * _MARGIN), round(width * _MARGIN)
    inner = pixels[y : height - y, x : width - x]
    factor = max(1.0, max(inner.shape[:2]) / _SIDE)
    codes = thumbnail(inner, (max(1, round(inner.shape[0] / factor)), max(1, round(inner.shape[1] / factor))))
    codes = codes.repeat(3, 2) if codes.shape[2] == 1 else codes
    low, high = np.percentile(_lightness(_luminance(encoding.light(codes), encoding)), _PARTS)
    if high - low >= FULL_RANGE:
        return None
    wanted = min(_WHITE - _BLACK, _STEEPEST * max(high - low, 1e-3))
    # What cannot be spread all the way keeps its place between black and white.
    room = (_WHITE - _BLACK) - wanted
    dark = _BLACK + room * float(np.clip((low - _BLACK) / max(100 - (high - low), 1), 0, 1))
    dark, light = min(dark, low), max(dark + wanted, high)
    before = np.array([0, low, high, 100], np.float32)
    after = np.array([0, low + share * (dark - low), high + share * (light - high), 100], np.float32)
    return before, after


def _luminance(light: Floats, encoding: Encoding) -> Floats:
    return np.asarray(light @ encoding.to_xyz[1].astype(np.float32), np.float32)


def _lightness(luminance: Floats) -> Floats:
    """CIE L*, 0-100."""
    root = np.cbrt(np.maximum(luminance, np.float32(0.008856)))
    return np.where(luminance > 0.008856, 116 * root - 16, np.float32(903.3) * luminance)


def _light_of(lightness: Floats) -> Floats:
    return np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3).astype(np.float32)
