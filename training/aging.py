"""What makes a clean picture look old, shared by those who draw training data: tones, grain, spills, JPEG.

Images are ``[H, W, 3]`` or ``[H, W]`` float32, 0-1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Random = np.random.Generator
Range = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """How often a print is gray, of these toned, or else of another contrast in each channel; how often it has faded.

    ``black``, ``white`` and ``gamma`` are what fading makes of the ends and the middle.
    """

    gray: float
    toned: float
    uneven: float
    faded: float
    black: Range
    white: Range
    gamma: Range


def tone(image: Floats, rng: Random, look: Look) -> Floats:
    """``image`` ``[H, W, 3]`` as such a print shows it."""
    pick = rng.random()
    if pick < look.gray:
        image = (image @ np.array([0.299, 0.587, 0.114], np.float32))[..., None].repeat(3, 2)
    if pick < look.toned:
        dark = rng.uniform(0, 0.25, 3) * np.array([1.2, 0.9, 0.6])
        light = 1 - rng.uniform(0, 0.3, 3) * np.array([0.2, 0.6, 1.2])
        image = dark.astype(np.float32) + image * (light - dark).astype(np.float32)
    elif pick > 1 - look.uneven:
        image = image ** rng.uniform(0.75, 1.3, 3).astype(np.float32)
    if rng.random() < look.faded:
        black, white = rng.uniform(*look.black), rng.uniform(*look.white)
        image = np.float32(black) + np.float32(white - black) * image ** np.float32(rng.uniform(*look.gamma))
    return image


def unit_noise(shape: tuple[int, int, int], rng: Random, clumped: float, widest: float) -> Floats:
    """Noise ``[H, W, C]`` of unit variance; at a chance of ``clumped`` in clumps of 0.4 to ``widest`` pixels."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    if rng.random() < clumped:
        noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, widest)).reshape(shape)
        noise /= max(float(noise.std()), 1e-6)
    return noise


def spill(
    image: Floats, covers: Mapping[str, npt.NDArray[np.uint8]], kinds: Sequence[str], rng: Random, faintest: float
) -> Floats:
    """``image`` ``[S, S]`` with one of the ``covers`` of ``kinds`` over it, light or dark."""
    side = image.shape[0]
    drawn = covers[kinds[int(rng.integers(len(kinds)))]]
    cover = np.asarray(drawn[rng.integers(len(drawn))])
    y, x = rng.integers(0, cover.shape[0] - side + 1, 2)
    alpha = cover[y : y + side, x : x + side].astype(np.float32) / 255 * np.float32(rng.uniform(faintest, 1))
    return image + alpha * (np.float32(rng.choice([rng.uniform(0.7, 1), rng.uniform(0, 0.3)])) - image)


def recode(image: Floats, quality: int) -> Floats:
    """``image`` as a JPEG of that ``quality`` gives it back."""
    drawn = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    data = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED).astype(np.float32) / 255, np.float32)
