"""Chroma put under the photo's lightness, at full size."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np

from daguerre.config import cores
from daguerre.imaging.photo import Pixels
from daguerre.pipeline.colorize.transfer import Floats, TransferFunction
from daguerre.progress import Track

_BAND_PIXELS = 1 << 17
_TINY = np.float32(1e-9)


def apply_chroma(pixels: Pixels, chroma: Floats, transfer: TransferFunction, track: Track) -> Pixels:
    """``pixels`` ``[H, W, 1|3]`` in the colors ``chroma`` ``[h, w, 2]``, CIE ab of the same photo: ``[H, W, 3]``.

    The luminance of each pixel stays. What is not between black and white stays altogether.
    """
    height, width = pixels.shape[:2]
    planes = [np.ascontiguousarray(chroma[..., channel]) for channel in (0, 1)]
    result = np.empty((height, width, 3), pixels.dtype)
    rows = max(1, _BAND_PIXELS // width)
    tops = range(0, height, rows)
    track.expect(len(tops))

    def work(top: int) -> None:
        band = pixels[top : top + rows]
        result[top : top + rows] = _painted(band, [_enlarged(plane, top, band, height) for plane in planes], transfer)

    pool = ThreadPoolExecutor(cores())
    try:
        waiting: deque[Future[None]] = deque(pool.submit(work, top) for top in tops)
        while waiting:
            waiting.popleft().result()
            track.advance()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return result


def _enlarged(plane: Floats, top: int, band: Pixels, height: int) -> Floats:
    """The rows from ``top`` on of ``plane`` at the photo's size, between pixel centers."""
    rows, width = band.shape[:2]
    down, across = plane.shape[0] / height, plane.shape[1] / width
    to_source = np.array([[across, 0, (across - 1) / 2], [0, down, (top + 0.5) * down - 0.5]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    enlarged = cv2.warpAffine(plane, to_source, (width, rows), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(enlarged, np.float32)


def _painted(band: Pixels, chroma: list[Floats], transfer: TransferFunction) -> Pixels:
    """One band in color.

    XYZ relative to white follows from Lab; what it differs from gray, in linear RGB, has no luminance, so that it can
    be scaled down to what fits without any loss of lightness. Below L* 8 the cube root goes on where CIE has
    a straight line, which makes shadows a little less colored.
    """
    luminance, root = transfer.luminance(band)
    back = np.linalg.inv(transfer.to_xyz).astype(np.float32)
    x, z = chroma
    x *= np.float32(1 / 500)
    x += root
    z *= np.float32(-1 / 200)
    z += root
    for value in (x, z):
        square = value * value
        value *= square
        value -= luminance
    offsets = np.empty((3, *luminance.shape), np.float32)
    for channel in range(3):
        np.multiply(x, back[channel, 0], out=offsets[channel])
        offsets[channel] += z * back[channel, 2]
    most = np.maximum(np.maximum(offsets[0], offsets[1]), offsets[2])
    least = np.minimum(np.minimum(offsets[0], offsets[1]), offsets[2])
    most += _TINY
    least -= _TINY
    scale = np.minimum((1 - luminance) / most, luminance / -least)
    np.minimum(scale, 1, out=scale)
    offsets *= scale
    offsets += luminance
    if transfer.dtype.kind == "u":
        painted = np.asarray(cv2.merge([transfer.codes(plane) for plane in offsets]))
        return painted.reshape(*luminance.shape, 3)
    painted = transfer.codes(np.clip(offsets, 0, 1)).transpose(1, 2, 0)
    outside = ~((band > 0) & (band < 1)).all(axis=2)
    painted[outside] = band[outside]
    return painted
