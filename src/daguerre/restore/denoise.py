"""Take the noise out of a photo, as much as was measured and no more."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.session import Session
from daguerre.restore import tiles
from daguerre.restore.noise import NoiseProfile
from daguerre.restore.progress import Track

Floats = npt.NDArray[np.float32]

DEFAULT_STRENGTH = 25.0
"""The strength that takes the measured noise at its word."""

TILE, HALO, MULTIPLE = 768, 24, 8

_BOOST = 2.5
"""At strength 100 the noise is said to be so many times what was measured."""

_BLUR = 7
"""Pixels over which brightness is averaged before the noise that belongs to it is looked up."""


def reduce(pixels: Pixels, profile: NoiseProfile, network: Session, *, strength: float, track: Track) -> Pixels:
    """Remove the noise that ``profile`` tells of from ``pixels`` ``[H, W, 1|3]``.

    ``strength`` 25 removes the noise as measured; from there up to 100 the network is told of more noise than was
    measured, and below 25 a part of the noise is put back. Where the noise is not visible or ``strength`` is 0,
    ``pixels`` itself comes back; otherwise a new array of the same shape and dtype.
    """
    if strength <= 0 or not profile.visible:
        return pixels
    share = np.float32(min(1.0, strength / DEFAULT_STRENGTH))
    table = profile.table() * np.float32(_told(strength))

    def clean(image: Floats, tile: tiles.Tile) -> Floats:
        del tile
        residual = network.run({"image": image, "sigma": _sigma(image, table)})["residual"]
        return image - share * residual

    cut = tiles.split(pixels.shape[0], pixels.shape[1], TILE, HALO, MULTIPLE)
    return tiles.run(pixels, clean, cut, track)


def _told(strength: float) -> float:
    """How many times the measured noise the network is told of."""
    over = max(0.0, strength - DEFAULT_STRENGTH) / (100.0 - DEFAULT_STRENGTH)
    return 1.0 + (_BOOST - 1.0) * over


def _sigma(image: Floats, table: Floats) -> Floats:
    """The noise level map ``[1, 1, h, w]`` of a window ``[1, 3, h, w]``."""
    brightness = cv2.blur(image[0].mean(0), (_BLUR, _BLUR))
    steps = np.rint(brightness * 255.0).astype(np.uint8)
    return table[steps][None, None]
