"""Take the noise out of a photo, as much as was measured and no more."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.runtime.session import Session
from daguerre.pipeline import tiles
from daguerre.pipeline.noise import NoiseProfile, at_each_pixel
from daguerre.pipeline.progress import Track

Floats = npt.NDArray[np.float32]

DEFAULT_STRENGTH = 25.0
"""The strength that takes the measured noise at its word."""

TILE, HALO, MULTIPLE = 1024, 24, 8

_AGAIN = 0.7
"""What is left after the first pass is cleaned once more, of so many times the measured noise."""

_BLUR = 7
"""Pixels over which brightness is averaged before the noise that belongs to it is looked up."""


def reduce(
    pixels: Pixels, profile: NoiseProfile, model: Session, eye: Session, *, strength: float, track: Track
) -> Pixels:
    """Remove the noise that ``profile`` tells of from ``pixels`` ``[H, W, 1|3]``.

    ``strength`` 25 removes the noise as measured. Below, a part of the noise stays. Above, what a second pass finds in
    what the first one leaves goes as well, at 100 all of it: a model told of more noise than there is would not
    remove more, since it takes what it doesn't find for the picture. Where no noise is visible or ``strength`` is 0,
    ``pixels`` itself comes back; otherwise a new array of the same shape and dtype. ``eye`` is the model that
    measures noise: the errors of a JPEG are measured anew at each place.
    """
    if strength <= 0 or not profile.visible:
        return pixels
    share = np.float32(min(1.0, strength / DEFAULT_STRENGTH))
    again = np.float32(max(0.0, strength - DEFAULT_STRENGTH) / (100.0 - DEFAULT_STRENGTH))
    table = profile.table()

    def clean(image: Floats, tile: tiles.Tile) -> Floats:
        del tile
        sigma = at_each_pixel(image, eye) if profile.compressed else _sigma(image, table)
        residual: Floats = model.run({"image": image, "sigma": sigma})["residual"]
        cleaned: Floats = image - share * residual
        if again > 0:
            rest = model.run({"image": np.clip(cleaned, 0, 1), "sigma": sigma * np.float32(_AGAIN)})["residual"]
            cleaned -= again * rest
        return cleaned

    cut = tiles.split(pixels.shape[0], pixels.shape[1], TILE, HALO, MULTIPLE)
    return tiles.run(pixels, clean, cut, track)


def _sigma(image: Floats, table: Floats) -> Floats:
    """The noise level map ``[1, 1, h, w]`` of a window ``[1, 3, h, w]``."""
    brightness = cv2.blur(image[0].mean(0), (_BLUR, _BLUR))
    steps = np.rint(brightness * 255.0).astype(np.uint8)
    sigma: Floats = table[steps][None, None]
    return sigma
