"""Ink planes (CMYK) as color, and changed color as ink."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from daguerre.imaging.photo import Enlarge, Pixels, Turn, white_of

_ROWS = 256


class Inks:
    """``[H, W, 4+]`` cyan, magenta, yellow and black, 0 = no ink, with the profile that explains them.

    With a usable CMYK profile and 8 bits the color is sRGB by relative colorimetry; otherwise
    ``(1 - ink)(1 - black)``.
    """

    def __init__(self, planes: Pixels, profile: bytes | None) -> None:
        self.planes, self.profile = planes, profile
        self._forth: ImageCms.ImageCmsTransform | None = None
        self._back: ImageCms.ImageCmsTransform | None = None
        if profile and planes.dtype == np.uint8:
            try:
                ink, color = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
                intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
                self._forth = ImageCms.buildTransform(ink, color, "CMYK", "RGB", intent)
                self._back = ImageCms.buildTransform(color, ink, "RGB", "CMYK", intent)
            except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
                self._forth = self._back = None

    def colors(self) -> Pixels:
        """``[H, W, 3]`` in the dtype of the planes."""
        result = np.empty((*self.planes.shape[:2], 3), self.planes.dtype)
        for top in range(0, len(result), _ROWS):
            result[top : top + _ROWS] = self._color(self.planes[top : top + _ROWS, :, :4])
        return result

    def fit(self, pixels: Pixels) -> bool:
        """Whether ``pixels`` are of the planes' size and depth."""
        return pixels.shape == (*self.planes.shape[:2], 3) and pixels.dtype == self.planes.dtype

    def enlarged(self, enlarge: Enlarge) -> Inks:
        """The inks of the picture enlarged: they say how much of each color is black."""
        return Inks(enlarge(self.planes), self.profile)

    def turned(self, turn: Turn) -> Inks:
        """The inks of the picture turned."""
        return Inks(turn(self.planes), self.profile)

    def planes_of(self, pixels: Pixels) -> Pixels:
        """The planes for ``pixels``: those that were read wherever the color is what they give."""
        result = self.planes.copy()
        for top in range(0, len(result), _ROWS):
            rows = slice(top, top + _ROWS)
            changed = np.any(self._color(self.planes[rows, :, :4]) != pixels[rows], axis=2)
            if changed.any():
                band = result[rows]
                band[changed, :4] = self._ink(pixels[rows][changed][None], band[changed, 3][None])[0]
        return result

    def _color(self, planes: Pixels) -> Pixels:
        if self._forth is not None:
            image = Image.fromarray(np.ascontiguousarray(planes), "CMYK")
            return np.asarray(ImageCms.applyTransform(image, self._forth))
        white = np.float32(white_of(planes.dtype))
        share = 1 - planes.astype(np.float32) / white
        return _cast(share[:, :, :3] * share[:, :, 3:] * white, planes)

    def _ink(self, pixels: Pixels, black: Pixels) -> Pixels:
        if self._back is not None:
            image = Image.fromarray(np.ascontiguousarray(pixels), "RGB")
            return np.asarray(ImageCms.applyTransform(image, self._back))
        white = np.float32(white_of(pixels.dtype))
        color = pixels.astype(np.float32) / white
        # Black stays what it was unless the color is too bright for it.
        key = np.minimum(black.astype(np.float32) / white, 1 - color.max(axis=2))[:, :, None]
        ink = 1 - color / np.maximum(1 - key, 1e-6)
        return _cast(np.concatenate([np.clip(ink, 0, 1), key], axis=2) * white, pixels)


def _cast(values: Pixels, like: Pixels) -> Pixels:
    return values.astype(like.dtype) if like.dtype.kind == "f" else np.rint(values).astype(like.dtype)
