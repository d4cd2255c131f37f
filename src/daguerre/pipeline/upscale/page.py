"""All that belongs to a page beside its pixels, enlarged with them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from daguerre.imaging.containers import photoshop
from daguerre.imaging.metadata import exif, xmp
from daguerre.imaging.photo import Metadata, Photo, Pixels


@dataclass(frozen=True, slots=True)
class _Smoothly:
    """An :class:`~daguerre.imaging.photo.Enlarge` that interpolates."""

    factor: int

    def __call__(self, samples: Pixels) -> Pixels:
        height, width = samples.shape[:2]
        size = (width * self.factor, height * self.factor)
        planes = samples.reshape(height, width, -1)
        result = np.empty((size[1], size[0], planes.shape[2]), samples.dtype)
        for channel in range(planes.shape[2]):
            result[:, :, channel] = self._plane(np.ascontiguousarray(planes[:, :, channel]), size)
        return result.reshape(*result.shape[:2], *samples.shape[2:])

    def _plane(self, plane: Pixels, size: tuple[int, int]) -> Pixels:
        if plane.dtype in (np.uint8, np.uint16):
            return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC))
        if plane.dtype.kind == "f":
            return np.asarray(cv2.resize(plane.astype(np.float32), size, interpolation=cv2.INTER_LINEAR), plane.dtype)
        # Numbers of things, of which there is no mean.
        return plane.repeat(self.factor, axis=0).repeat(self.factor, axis=1)


def enlarge_page(page: Photo, pixels: Pixels, factor: int) -> Photo:
    """``page`` with ``pixels``, its own ``factor`` times as large: its alpha, the samples beside it, what its metadata
    say in pixels, and a resolution with which it is printed at the size that it had."""
    enlarge = _Smoothly(factor)
    missing = page.missing
    return replace(
        page,
        pixels=pixels,
        alpha=None if page.alpha is None else enlarge(page.alpha),
        missing=None if missing is None else missing.repeat(factor, axis=0).repeat(factor, axis=1),
        coding=None if page.coding is None else page.coding.enlarged(enlarge),
        metadata=_metadata(page.metadata, factor),
        losses=[*page.losses, *(() if page.coding is None else page.coding.only_at_this_size())],
    )


def _metadata(told: Metadata, factor: int) -> Metadata:
    dpi = None if told.dpi is None else (told.dpi[0] * factor, told.dpi[1] * factor)
    return replace(
        told,
        dpi=dpi,
        exif=exif.enlarge(told.exif, factor),
        xmp=xmp.enlarge(told.xmp, factor),
        resources=photoshop.enlarge_resolution(told.resources, factor),
    )
