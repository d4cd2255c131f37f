"""A photo cut out of its page and straightened, with all that belongs to its pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.album.geometry import Points, side_lengths
from daguerre.imaging.metadata import exif, xmp
from daguerre.imaging.photo import Metadata, Photo, Pixels

_TILE = 1024
"""Pixels a side that are made at once: OpenCV takes no picture of 32,768 pixels a side."""
_STRAIGHT = 0.5
"""Departure from upright, in pixels over a whole side, below which pixels are copied and not interpolated."""
_ROUND = 0.02
"""Part of a pixel that is not worth another row."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Takes a photo out of samples of its page: an :class:`~daguerre.imaging.photo.Enlarge` of factor 1.

    ``corners`` ``[4, 2]`` are the photo's, clockwise; the first will be the top left.
    """

    corners: Points

    @property
    def factor(self) -> int:
        """A photo has the size that it has on the page."""
        return 1

    @property
    def is_sideways(self) -> bool:
        """Whether what is across on the page is rather down on the photo."""
        across = self.corners[1] - self.corners[0]
        return bool(abs(across[1]) > abs(across[0]))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the photo in pixels."""
        quarters, box = self._box()
        if box is not None:
            size = box[2] - box[0], box[3] - box[1]
            return size[::-1] if quarters % 2 else size
        sides = side_lengths(self.corners)
        width, height = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
        return max(1, int(np.ceil(width - _ROUND))), max(1, int(np.ceil(height - _ROUND)))

    def __call__(self, samples: Pixels) -> Pixels:
        """The photo in ``samples`` ``[H, W]`` or ``[H, W, C]`` of the page, whole pixels where it lies upright."""
        quarters, box = self._box()
        if box is not None:
            rows = np.clip(np.arange(box[1], box[3]), 0, samples.shape[0] - 1)
            columns = np.clip(np.arange(box[0], box[2]), 0, samples.shape[1] - 1)
            straight = samples[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            if straight.shape[:2] != (len(rows), len(columns)):
                straight = samples[rows[:, None], columns[None]]
            return np.ascontiguousarray(np.rot90(straight, quarters))
        return self._straightened(samples)

    def _box(self) -> tuple[int, tuple[int, int, int, int] | None]:
        """Of a photo that lies upright or turned by quarters: the quarter turns to the left that it takes, and its
        whole pixels: left, top, right, bottom."""
        low, high = self.corners.min(0), self.corners.max(0)
        upright = np.array([low, [high[0], low[1]], high, [low[0], high[1]]])
        for quarters in range(4):
            if np.abs(self.corners - np.roll(upright, -quarters, axis=0)).max() <= _STRAIGHT:
                break
        else:
            return 0, None
        edges = *np.floor(low + 0.5 + _ROUND), *np.ceil(high + 0.5 - _ROUND)
        left, top, right, bottom = (int(edge) for edge in edges)
        return quarters, (left, top, max(right, left + 1), max(bottom, top + 1))

    def _straightened(self, samples: Pixels) -> Pixels:
        width, height = self.size
        target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - 0.5
        origin = self.corners.mean(0)
        matrix = cv2.getPerspectiveTransform(target.astype(np.float32), (self.corners - origin).astype(np.float32))
        result = np.empty((height, width, *samples.shape[2:]), samples.dtype)
        for top in range(0, height, _TILE):
            for left in range(0, width, _TILE):
                y, x = np.mgrid[top : min(height, top + _TILE), left : min(width, left + _TILE)].astype(np.float64)
                far = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
                across = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / far + origin[0]
                down = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / far + origin[1]
                result[top : top + _TILE, left : left + _TILE] = _read(samples, across, down)
        return result


def _read(samples: Pixels, x: Points, y: Points) -> Pixels:
    """``samples`` at places ``[h, w]``, by Lanczos interpolation; the nearest beyond the page."""
    height, width = samples.shape[:2]
    low = [int(np.clip(np.floor(places.min()) - 4, 0, length - 1)) for places, length in ((x, width), (y, height))]
    high = [int(np.clip(np.ceil(places.max()) + 5, 1, length)) for places, length in ((x, width), (y, height))]
    region = np.ascontiguousarray(samples[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)])
    x, y = x - low[0], y - low[1]
    if str(samples.dtype) not in ("uint8", "uint16", "float32") or (samples.ndim == 3 and samples.shape[2] > 4):
        rows = np.clip(np.rint(y), 0, region.shape[0] - 1).astype(int)
        columns = np.clip(np.rint(x), 0, region.shape[1] - 1).astype(int)
        return region[rows, columns]
    taken = cv2.remap(
        region, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(taken).reshape(*x.shape, *samples.shape[2:])


def cut_photo(page: Photo, cut: Cut) -> Photo:
    """The photo, in the page's depth and format, with its profile and resolution."""
    pixels = cut(page.pixels)
    missing = page.missing
    return replace(
        page,
        pixels=pixels,
        alpha=None if page.alpha is None else cut(page.alpha),
        missing=None if missing is None else cut(missing.astype(np.uint8)).astype(np.bool_),
        coding=None if page.coding is None else page.coding.cut(cut),
        metadata=_metadata(page.metadata, pixels, cut.is_sideways),
        original=None,
        pages=[],
        warnings=list(page.warnings),
        losses=list(page.losses),
    )


def _metadata(told: Metadata, pixels: npt.NDArray[np.generic], is_sideways: bool) -> Metadata:
    """What is true of the photo, too: sizes are its own, and what Photoshop says of places on the page is left out."""
    height, width = pixels.shape[:2]
    return replace(
        told,
        dpi=told.dpi[::-1] if told.dpi is not None and is_sideways else told.dpi,
        aspect=told.aspect[::-1] if told.aspect is not None and is_sideways else told.aspect,
        exif=exif.resize(told.exif, width, height),
        xmp=xmp.resize(told.xmp, width, height),
        resources=None,
    )
