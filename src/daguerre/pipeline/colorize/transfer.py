"""Code values as light, and the photo's lightness at a smaller size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.color.icc_profile import Encoding
from daguerre.imaging.photo import Pixels, white_of
from daguerre.imaging.thumbnail import thumbnail

Floats = npt.NDArray[np.float32]

_LEVELS = 65536


class TransferFunction:
    """Turns code values of one depth into luminance and back. Thread-safe."""

    def __init__(self, encoding: Encoding, dtype: np.dtype[Any]) -> None:
        self.to_xyz = encoding.to_xyz
        self.dtype = np.dtype(dtype)
        self._encoding = encoding
        self._weights = np.asarray(encoding.to_xyz[1:2], np.float32)
        if self.dtype.kind == "u":
            white = int(white_of(self.dtype))
            self._light = encoding.light(np.arange(white + 1, dtype=np.float32) / np.float32(white))
            self._root = np.cbrt(self._light)
        if self.dtype == np.uint8:
            steps = np.arange(_LEVELS, dtype=np.float32) / np.float32(_LEVELS - 1)
            self._codes = np.rint(encoding.codes(steps) * 255).astype(np.uint8)

    def luminance(self, pixels: Pixels) -> tuple[Floats, Floats]:
        """Relative luminance ``[H, W]``, 0-1, of ``[H, W, 1|3]``, and its cube root."""
        if self.dtype.kind == "u" and pixels.shape[2] == 1:
            codes = np.ascontiguousarray(pixels[:, :, 0])
            return cv2.LUT(codes, self._light), cv2.LUT(codes, self._root)
        if self.dtype.kind == "u":
            light = cv2.LUT(np.ascontiguousarray(pixels), self._light)
        else:
            light = self._encoding.light(np.clip(np.nan_to_num(pixels), 0, 1))
        luminance = light[:, :, 0] if light.shape[2] == 1 else cv2.transform(light, self._weights)
        luminance = np.minimum(luminance.reshape(pixels.shape[:2]), 1)
        return luminance, cv2.pow(luminance, 1 / 3).reshape(luminance.shape)

    def codes(self, light: Floats) -> Pixels:
        """Linear light 0-1 of any shape as code values."""
        if self.dtype == np.uint8:
            steps = np.empty(light.shape, np.uint16)
            np.add(light * np.float32(_LEVELS - 1), np.float32(0.5), out=steps, casting="unsafe")
            return np.asarray(cv2.LUT(steps, self._codes)).reshape(light.shape)
        codes = self._encoding.codes(light)
        if self.dtype.kind == "f":
            return codes.astype(self.dtype, copy=False)
        return np.asarray(codes * np.float32(_LEVELS - 1) + np.float32(0.5), np.float64).astype(self.dtype)

    def small_lightness(self, pixels: Pixels, shape: tuple[int, int]) -> Floats:
        """CIE L* ``[h, w]``, 0-100, of ``pixels`` averaged over areas; ``shape`` is not larger than they are."""
        light = self._encoding.light(thumbnail(pixels, shape))
        luminance = light[:, :, 0] if light.shape[2] == 1 else (light @ self._weights[0]).astype(np.float32)
        return lightness(luminance)


def lightness(luminance: Floats) -> Floats:
    """CIE L*, 0-100 (CIE 15:2004)."""
    root = np.cbrt(luminance) * np.float32(116) - np.float32(16)
    return np.where(luminance > 216 / 24389, root, luminance * np.float32(24389 / 27)).astype(np.float32)
