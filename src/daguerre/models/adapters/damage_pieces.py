"""The pieces of what a detector takes for damage, as a network sees them that decides on each as a whole.

A map of probabilities ranks pixels; whether a piece is a scratch or the edge of a collar is decided better by looking
at the piece: at its own scale, from further away, with what the photo shows there, and with how sure, how large and
how many the pieces of this photo are.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import Floats, Probability
from daguerre.tiling.blending import read_window
from daguerre.tiling.geometry import window

LOW = 51
"""The probability, of 255, from which a pixel belongs to a piece."""
VIEW = 64
"""Pixels a side of both views, and of the cells in which long pieces are cut."""
NUMBERS = 15
"""What is measured of each piece and its photo."""
_LEAST = 3
"""Pixels that the smallest piece has."""
_STEPS = tuple(round(255 * share) for share in (0.2, 0.45, 0.7, 0.85, 0.95))
"""Probabilities from which the pixels of the whole photo are counted."""
_AROUND = 5
"""Cells a side of the scene around a piece."""

Indices = npt.NDArray[np.int64]


class Pieces:
    """The connected pieces of ``found`` ``[H, W]``, long ones cut in cells.

    ``pixels`` ``[k]`` are their places in the flattened map, ``piece`` ``[k]`` says whose they are, 0 to ``count`` - 1.
    """

    def __init__(self, found: Probability) -> None:
        self.found = found
        low = (found >= LOW).view(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(low, connectivity=8)
        self.pixels: Indices = np.flatnonzero(low)
        component = labels.ravel()[self.pixels]
        large = stats[:, cv2.CC_STAT_AREA][component] >= _LEAST
        self.pixels, component = self.pixels[large], component[large]
        self._rows, self._columns = np.divmod(self.pixels, found.shape[1])
        across = found.shape[1] // VIEW + 1
        key = component.astype(np.int64) * (across * (found.shape[0] // VIEW + 1))
        key += self._rows // VIEW * across + self._columns // VIEW
        _, first, self.piece = np.unique(key, return_index=True, return_inverse=True)
        self.count = len(first)
        self._whole = stats[component[first]]
        _, self._component = np.unique(component[first], return_inverse=True)

    @cached_property
    def area(self) -> npt.NDArray[np.int64]:
        """Pixels of each piece ``[n]``."""
        return np.bincount(self.piece, minlength=self.count)

    def mean(self, values: npt.NDArray[np.generic]) -> Floats:
        """The mean of ``values`` ``[k]``, one for each of ``pixels``, over each piece ``[n]``."""
        return (np.bincount(self.piece, values, self.count) / self.area).astype(np.float32)

    def largest(self, values: npt.NDArray[np.generic]) -> Floats:
        """The largest of ``values`` ``[k]`` in each piece ``[n]``."""
        most = np.full(self.count, -np.inf, np.float32)
        np.maximum.at(most, self.piece, values)
        return most

    def supported(self, verdicts: Floats) -> Floats:
        """``verdicts`` ``[n]``, NaN where there are none, each at least the mean of the component it was cut from."""
        judged = ~np.isnan(verdicts)
        component, area = self._component[judged], self.area[judged]
        mean = np.bincount(component, area * verdicts[judged]) / np.maximum(np.bincount(component, area), 1)
        supported = verdicts.copy()
        supported[judged] = np.maximum(verdicts[judged], mean[component])
        return supported

    def numbers(self) -> Floats:
        """Sizes and certainties of each piece, of the component that it was cut from, and of the photo ``[n, 15]``."""
        found = self.found
        sure = logits(found.ravel()[self.pixels])
        _, _, width, height, whole = self._whole.T.astype(np.float32)
        own = (
            np.log(self.area),
            self.mean(sure),
            self.largest(sure),
            np.log(whole),
            np.log(width),
            np.log(height),
            np.log(self._radius() + 1),
            np.log(whole / np.maximum(width, height)),
        )
        of_photo = [np.log10((1 + np.count_nonzero(found >= step)) / found.size) for step in _STEPS]
        of_photo += [np.log10(found.size), np.log10(1 + self.count)]
        return np.column_stack([*own, np.tile(np.array(of_photo, np.float32), (self.count, 1))]).astype(np.float32)

    def _radius(self) -> Floats:
        """How far the innermost pixel of each piece lies from its edge ``[n]``."""
        inside = np.zeros(self.found.size, np.uint8)
        inside[self.pixels] = 1
        depth = cv2.distanceTransform(inside.reshape(self.found.shape), cv2.DIST_L2, 3)
        return self.largest(depth.ravel()[self.pixels])

    @cached_property
    def _in_order(self) -> tuple[Indices, Indices]:
        """Indices of ``pixels``, piece after piece, and where each piece begins."""
        order = np.argsort(self.piece, kind="stable")
        return order, np.searchsorted(self.piece[order], np.arange(self.count + 1))

    @cached_property
    def centers(self) -> npt.NDArray[np.int64]:
        """Row and column of the middle of each piece ``[n, 2]``."""
        return np.column_stack([self.mean(self._rows), self.mean(self._columns)]).astype(np.int64)

    def near(self, pixels: Pixels, chosen: Indices) -> Floats:
        """The photo, the map and the piece itself around each of the ``chosen`` pieces ``[m, 5, 64, 64]``, 0..1."""
        views = np.zeros((len(chosen), 5, VIEW, VIEW), np.float32)
        order, starts = self._in_order
        for view, piece, (top, left) in zip(views, chosen, self.centers[chosen] - VIEW // 2, strict=True):
            place = window(int(top), int(left), VIEW, VIEW)
            view[:3], view[3] = read_window(pixels, place)[0], read_window(self.found, place)[0, 0]
            own = order[starts[piece] : starts[piece + 1]]
            rows, columns = self._rows[own] - top, self._columns[own] - left
            seen = (rows >= 0) & (rows < VIEW) & (columns >= 0) & (columns < VIEW)
            view[4, rows[seen], columns[seen]] = 1
        return views

    def wide(self, reduced: Pixels, chosen: Indices) -> Floats:
        """The same without the piece, on a smaller copy of the photo ``[h, w, 1|3]``: ``[m, 4, 64, 64]``."""
        views = np.empty((len(chosen), 4, VIEW, VIEW), np.float32)
        height, width = reduced.shape[:2]
        map_ = cv2.resize(self.found, (width, height), interpolation=cv2.INTER_AREA)
        zoom = self.found.shape[1] / width
        for view, (row, column) in zip(views, (self.centers[chosen] / zoom).astype(np.int64), strict=True):
            place = window(int(row) - VIEW // 2, int(column) - VIEW // 2, VIEW, VIEW)
            view[:3], view[3] = read_window(reduced, place)[0], read_window(map_, place)[0, 0]
        return views

    def scene(self, cells: npt.NDArray[np.uint8], chosen: Indices) -> Floats:
        """What ``cells`` ``[h, w, c]`` say at each of the ``chosen`` pieces, around it and on average ``[m, 3c]``."""
        height, width = cells.shape[:2]
        centers = self.centers[chosen]
        rows = np.minimum(centers[:, 0] * height // self.found.shape[0], height - 1)
        columns = np.minimum(centers[:, 1] * width // self.found.shape[1], width - 1)
        around = cv2.blur(cells.astype(np.float32), (_AROUND, _AROUND)).reshape(cells.shape)
        everywhere = np.tile(cells.mean((0, 1)), (len(chosen), 1))
        seen = np.hstack([cells[rows, columns], around[rows, columns], everywhere])
        return np.asarray(seen / 255, np.float32)


def logits(probability: npt.NDArray[np.uint8]) -> Floats:
    """Of probabilities 0-255, those of 1 and 254 at the ends."""
    share = np.clip(probability, 2, 253).astype(np.float32) / 255
    return np.asarray(np.log(share / (1 - share)), np.float32)
