"""Take the noise out of a photo, as much as was measured and no more."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import Denoiser, Floats, NoiseEstimator
from daguerre.pipeline.denoise.noise import NoiseProfile, noise_level_map
from daguerre.progress import Track
from daguerre.tiling.blending import transform_tiles
from daguerre.tiling.geometry import Tile, Tiling, split

DEFAULT_STRENGTH = 25.0
"""The strength that takes the measured noise at its word."""

_AGAIN = 0.7
"""What is left after the first pass is cleaned once more, of so many times the measured noise."""

_BLUR = 7
"""Pixels over which brightness is averaged before the noise that belongs to it is looked up."""


@dataclass(frozen=True, slots=True)
class NoiseReducer:
    """The ``denoiser``, and the ``estimator`` that measures the errors of a JPEG anew at each place."""

    denoiser: Denoiser
    estimator: NoiseEstimator

    def reduce(self, pixels: Pixels, profile: NoiseProfile, *, strength: float, track: Track) -> Pixels:
        """Remove the noise that ``profile`` tells of from ``pixels`` ``[H, W, 1|3]``.

        ``strength`` 25 removes the noise as measured. Below, a part of the noise stays. Above, what a second pass finds
        in what the first one leaves goes as well, at 100 all of it: a model told of more noise than there is would not
        remove more, since it takes what it doesn't find for the photo. Where no noise is visible or ``strength`` is 0,
        ``pixels`` itself comes back; otherwise a new array of the same shape and dtype.
        Raises ModelFailed and Canceled.
        """
        if strength <= 0 or not profile.visible:
            return pixels
        share = np.float32(min(1.0, strength / DEFAULT_STRENGTH))
        again = np.float32(max(0.0, strength - DEFAULT_STRENGTH) / (100.0 - DEFAULT_STRENGTH))
        table = profile.table()

        def clean(image: Floats, tile: Tile) -> Floats:
            del tile
            sigma = noise_level_map(image, self.estimator) if profile.compressed else _sigma(image, table)
            cleaned: Floats = image - share * self.denoiser(image, sigma)
            if again > 0:
                cleaned -= again * self.denoiser(np.clip(cleaned, 0, 1), sigma * np.float32(_AGAIN))
            return cleaned

        return transform_tiles(pixels, clean, split(pixels.shape[0], pixels.shape[1], self._tiling), track)

    @property
    def _tiling(self) -> Tiling:
        """The denoiser's, on whose tiles the estimator is used, too."""
        own = self.denoiser.tiling
        return replace(own, multiple=math.lcm(own.multiple, self.estimator.tiling.multiple))


def _sigma(image: Floats, table: Floats) -> Floats:
    """The noise level map ``[1, 1, h, w]`` of a window ``[1, 3, h, w]``."""
    brightness = cv2.blur(image[0].mean(0), (_BLUR, _BLUR))
    steps = np.rint(brightness * 255.0).astype(np.uint8)
    sigma: Floats = table[steps][None, None]
    return sigma
