"""From the densities of a negative to the print of it.

On the straight part of a film's characteristic curve density is ``gamma`` times the logarithm of exposure, for each
layer (Hurter and Driffield, 1890), so exposure comes back as density over the base divided by gamma. The layers of
color film differ in gamma and in how much light they got: what is seen of both is believed in part, and for the rest
film is taken as it usually is. A print compresses the highlights and ends in a black of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from daguerre.imaging.color import icc_profile
from daguerre.imaging.color.icc_profile import Encoding
from daguerre.imaging.photo import Pixels
from daguerre.models.roles import Floats
from daguerre.negatives.areas import survey
from daguerre.negatives.density import density, seen
from daguerre.progress import Track
from daguerre.tiling.blending import transform_tiles
from daguerre.tiling.geometry import Tile, Tiling, split

Kind = Literal["bw", "color"]

GAMMA = 0.51
"""Of the film and the print together, as it made prints most like their scenes (benchmarks/negatives.py)."""
_LAYERS = (0.938, 1.003, 1.06)
"""The gamma of the layers that red, green and blue light see, relative to their mean, as color films have it."""
_SEEN_OF_GAMMA = 0.2
"""How far the spread of densities in each layer is believed to tell its gamma."""
_SHADOWS, _MIDDLES, _LIGHTS, _AS_IT_IS = 0.05, 0.33, 0.48, 0.45
"""How much each part of a picture is believed to be gray on the whole, and how much the film to be balanced already,
where its base was seen."""
_UNSEEN_BASE = 0.04
"""The last of these where the base was not seen."""
_FARTHEST = 0.25
"""The greatest step of balance, as a logarithm of exposure, where the base was seen: more is the color of the scene."""
_ENDS = (1.3, 99.34)
"""Percentiles that count as the shadows and the lights of a picture."""
_BLACK = 0.5
"""The percentile that becomes the print's black."""
_RANGE, _STEEPER, _STEEPEST = 1.745, 0.341, (0.6, 1.6)
"""The range of exposures, as a logarithm, that a print shows as it is; how far others are brought to it, as an
exponent, and by what factor at most."""
_WHITE, _KNEE, _VEIL = 1.27, 0.394, 0.525
"""Light of the picture's lights before the shoulder, where the shoulder begins, and how much of the light of the
picture's black is taken away."""
_WEIGHTS = np.array([0.25, 0.6, 0.15], np.float32)
"""Of red, green and blue in the exposure as a whole."""
_TILING = Tiling(1024, 0)


@dataclass(frozen=True, slots=True)
class Development:
    """What makes a print of densities ``[..., C]``: one gray channel where ``kind`` is ``bw``, else three.

    ``base`` is the density of clear film, ``gamma`` the slope of each layer, ``balance`` what is added to its
    logarithm of exposure, all ``[C]``. ``white`` and ``black`` are logarithms of exposure, ``slope`` is the contrast of
    the print.
    """

    kind: Kind
    base: Floats
    gamma: Floats
    balance: Floats
    white: float
    black: float
    slope: float

    def exposure(self, dense: Floats) -> Floats:
        """The logarithm of the light that the film got: ``[..., 3]`` or, black and white, ``[..., 1]``."""
        return _merged((dense - self.base) / self.gamma + self.balance, self.kind)

    def print(self, dense: Floats) -> Floats:
        """The print's linear light 0-1, of the shape of :meth:`exposure`."""
        light = np.power(np.float32(10), (self.exposure(dense) - np.float32(self.white)) * np.float32(self.slope))
        light *= np.float32(_WHITE)
        room = np.float32(1 - _KNEE)
        light = np.where(light > _KNEE, 1 - room * np.exp((np.float32(_KNEE) - light) / room), light)
        veil = np.float32(_VEIL * _WHITE * 10 ** ((self.black - self.white) * self.slope))
        return np.asarray(light * light / (light + veil), np.float32)


def plan(pixels: Pixels, kind: Kind, encoding: Encoding) -> Development:
    """How the negative ``[H, W, 1|3]`` is to be developed; nothing around the picture counts."""
    dense = seen(pixels, encoding)
    areas = survey(dense)
    over = (dense - areas.base)[areas.picture]
    channels = over.shape[1]
    gamma = np.full(channels, GAMMA, np.float32)
    balance = np.zeros(channels, np.float32)
    if channels == 3:
        if kind == "color":
            gamma = _gammas(over)
        exposed = over / gamma
        ends = np.percentile(exposed, _ENDS, axis=0)
        parts = ((_SHADOWS, ends[0]), (_MIDDLES, exposed.mean(axis=0)), (_LIGHTS, ends[1]))
        total = (_AS_IT_IS if areas.has_rebate else _UNSEEN_BASE) + sum(weight for weight, _ in parts)
        step = sum(weight * (part.mean() - part) for weight, part in parts) / total
        length = float(np.abs(step).max())
        if areas.has_rebate and length > 0:
            step *= _FARTHEST * np.tanh(length / _FARTHEST) / length
        balance = np.asarray(step, np.float32)
    exposure = _merged(over / gamma + balance, kind)
    whole = exposure @ _WEIGHTS if exposure.shape[1] == 3 else exposure[:, 0]
    white, black = float(np.percentile(exposure.max(axis=1), _ENDS[1])), float(np.percentile(whole, _BLACK))
    slope = float(np.clip(_RANGE / max(white - black, 0.2), *_STEEPEST)) ** _STEEPER
    return Development(kind, areas.base, gamma, balance, white, black, slope)


def develop(pixels: Pixels, kind: Kind, *, icc: bytes | None, track: Track) -> Pixels:
    """The positive of a scanned negative ``[H, W, 1|3]``, in its own shape and depth; ``bw`` gives equal channels.

    Exposure is set by the picture alone, whatever film, perforations and holder are around it. Samples of 8 bits are
    spread within their step, so that a steep print shows no bands. Raises Canceled.
    """
    encoding = icc_profile.read_encoding(icc)
    development = plan(pixels, kind, encoding)
    step = np.float32(1 / 255 if pixels.dtype == np.uint8 else 0)
    if pixels.dtype.kind == "f":
        pixels = np.minimum(pixels, np.float32(1))  # What is lighter than light is no film.
    channels = 1 if pixels.shape[2] == 1 else 3

    def printed(window: Floats, tile: Tile) -> Floats:
        codes = np.ascontiguousarray(window[0, :channels].transpose(1, 2, 0))
        if step:
            codes = np.clip(codes + step * (_noise(tile) - np.float32(0.5)), 0, 1)
        light = development.print(density(encoding.light(codes)))
        shown = encoding.codes(light).transpose(2, 0, 1)[None]
        return np.asarray(np.broadcast_to(shown, window.shape), np.float32)

    positive = transform_tiles(pixels, printed, split(pixels.shape[0], pixels.shape[1], _TILING), track)
    if kind == "bw":
        positive[...] = positive[..., :1]  # Rounding may have told the channels apart.
    return positive


def _gammas(over: Floats) -> Floats:
    """The gamma of each layer by the densities ``[N, 3]`` over the base."""
    spread = np.maximum(over.std(axis=0), 0.01)
    ratio = np.array(_LAYERS) ** (1 - _SEEN_OF_GAMMA) * (spread / spread.mean()) ** _SEEN_OF_GAMMA
    return np.asarray(GAMMA * ratio / ratio.mean(), np.float32)


def _merged(exposure: Floats, kind: Kind) -> Floats:
    return (exposure @ _WEIGHTS)[..., None] if kind == "bw" and exposure.shape[-1] == 3 else exposure


def _noise(tile: Tile) -> Floats:
    """Interleaved gradient noise ``[h, w, 1]`` 0-1, the same at the same place (Jimenez, SIGGRAPH 2014)."""
    y, x = np.mgrid[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
    return np.asarray(((52.9829189 * ((0.06711056 * x + 0.00583715 * y) % 1)) % 1)[..., None], np.float32)
