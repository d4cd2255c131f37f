"""How a sharp picture becomes a small, soft, noisy, compressed one, as small scans and faces of old photographs are."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from training.damage.scenes import Tones
from training.damage.wear import Random, log_uniform

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_SHRINKS = (cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LINEAR)


def look(picture: Bytes, rng: Random, tones: Tones | None) -> Bytes:
    """The tones of an old photo, half of the time; in gray mostly."""
    if tones is None or rng.random() < 0.45:
        return picture
    gray = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    row = int(rng.integers(len(tones.colors)))
    table = tones.colors[row] if rng.random() < 0.5 else tones.colors[row].mean(1, keepdims=True).repeat(3, 1)
    curve = np.clip((np.arange(256) / 255) ** rng.uniform(0.8, 1.25) * 255, 0, 255)
    return np.rint(table[np.rint(curve).astype(int)] * 255).astype(np.uint8)[gray]


def blur(image: Floats, rng: Random, strength: float) -> Floats:
    """A lens out of focus or a print copied again: Gaussian, at times longer one way, of ``strength`` px at most."""
    if strength < 0.1:
        return image
    if rng.random() < 0.6:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), strength), np.float32)
    size = int(np.ceil(strength * 3)) * 2 + 1
    turn, ratio = rng.uniform(0, np.pi), rng.uniform(0.4, 1)
    rows, columns = np.mgrid[-(size // 2) : size // 2 + 1, -(size // 2) : size // 2 + 1].astype(np.float32)
    u, v = columns * np.cos(turn) + rows * np.sin(turn), -columns * np.sin(turn) + rows * np.cos(turn)
    kernel = np.exp(-0.5 * ((u / strength) ** 2 + (v / (strength * ratio)) ** 2))
    return np.asarray(
        cv2.filter2D(image, -1, (kernel / kernel.sum()).astype(np.float32), borderType=cv2.BORDER_REFLECT), np.float32
    )


def spoil(image: Floats, rng: Random, noisiest: float = 14) -> Bytes:
    """Grain or noise of up to ``noisiest`` levels, then JPEG, on a picture at the size of the scan; uint8."""
    if rng.random() < 0.7:
        sigma = log_uniform(rng, 0.5, noisiest) / 255
        grain = rng.standard_normal((*image.shape[:2], 1 if rng.random() < 0.7 else 3), dtype=np.float32)
        if rng.random() < 0.5:
            grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.4, 1.2)).reshape(*image.shape[:2], -1)
            grain /= max(float(grain.std()), 1e-6)
        image = image + np.float32(sigma) * grain
    stored = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.75:
        quality = int(rng.integers(35, 98))
        stored = np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR),
            np.uint8,
        )
    return stored


def shrink(truth: Bytes, factor: int, rng: Random, noisiest: float = 14) -> Bytes:
    """``truth`` [factor*h, factor*w, 3] as a poor scan [h, w, 3]: blurred, reduced by ``factor``, spoiled."""
    image = blur(truth.astype(np.float32) / 255, rng, rng.uniform(0, 0.75) * factor)
    size = (truth.shape[1] // factor, truth.shape[0] // factor)
    return spoil(cv2.resize(image, size, interpolation=int(rng.choice(_SHRINKS))), rng, noisiest)
