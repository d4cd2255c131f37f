"""Faces to the pose that models know, and their changes back into the photo.

Each way resamples once. A face larger than what the model looks at is shrunk by averaging; what comes back is the
change alone, so the photo's own detail stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import Floats
from daguerre.tiling import geometry
from daguerre.tiling.blending import read_window

Matrix = npt.NDArray[np.float64]

FFHQ_SIDE = 512
FFHQ = np.array([[192.98, 239.95], [318.90, 240.19], [256.63, 314.02], [201.26, 371.41], [313.09, 371.15]])
"""Eyes, nose and corners of the mouth of a face of the FFHQ alignment (Karras et al., 2019), 512 pixels a side."""
ARCFACE_SIDE = 112
ARCFACE = np.array([[38.29, 51.70], [73.53, 51.50], [56.03, 71.74], [41.55, 92.37], [70.73, 92.20]])
"""The same of the ArcFace alignment (Deng et al., 2019), 112 pixels a side."""


def similarity(points: npt.NDArray[np.floating], template: npt.NDArray[np.floating]) -> Matrix:
    """``[2, 3]``: the rotation, scale and shift that bring ``points`` ``[n, 2]`` nearest to ``template``.

    Least squares after Umeyama (1991), without mirroring.
    """
    source, target = np.asarray(points, np.float64), np.asarray(template, np.float64)
    a, b = source - source.mean(0), target - target.mean(0)
    power = float(np.square(a).sum())
    if power <= 0:
        return np.array([[1.0, 0, 0], [0, 1.0, 0]])
    cosine = float((a * b).sum()) / power
    sine = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / power
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, target.mean(0) - turn @ source.mean(0)])


def scale_of(matrix: Matrix) -> float:
    """How much larger things become."""
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))


def applied(matrix: Matrix, points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """``points`` ``[n, 2]`` where ``matrix`` brings them."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


_BAND = 4_000_000
"""Pixels."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the photo: rows ``top`` to ``bottom``, columns ``left`` to ``right``."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """To index the photo by."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    def bands(self) -> list[Region]:
        """The same in pieces of whole rows, so that little of a large photo is held as float."""
        rows = max(16, _BAND // (self.right - self.left))
        return [
            Region(top, self.left, min(top + rows, self.bottom), self.right)
            for top in range(self.top, self.bottom, rows)
        ]


def region(matrix: Matrix, side: int, height: int, width: int) -> Region:
    """The part of a photo of ``height`` x ``width`` that ``matrix`` brings into ``side`` x ``side`` pixels."""
    corners = applied(cv2.invertAffineTransform(matrix), np.array([[0, 0], [side, 0], [0, side], [side, side]]))
    low, high = np.floor(corners.min(0)).astype(int) - 2, np.ceil(corners.max(0)).astype(int) + 2
    left, top = np.clip(low, 0, [width - 1, height - 1])
    right, bottom = np.clip(high, [left + 1, top + 1], [width, height])
    return Region(int(top), int(left), int(bottom), int(right))


def read(pixels: Pixels, part: Region) -> Floats:
    """``[h, w, 3]`` of 0-1; gray as three equal channels."""
    width, height = part.size
    window = geometry.window(part.top, part.left, height, width)
    return np.ascontiguousarray(read_window(pixels, window)[0].transpose(1, 2, 0))


def crop(window: Pixels, part: Region, matrix: Matrix, side: int) -> Floats:
    """``[side, side, 3]`` 0-1 of ``window``, the photo's ``part`` in its own depth, as ``matrix`` moves the photo."""
    matrix = matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ np.array([part.left, part.top], np.float64)
    shrink = 1 / scale_of(matrix)
    width, height = part.size
    if shrink > 1.3:
        # In the photo's own depth: a face may fill a large photo.
        width, height = (max(1, round(length / shrink)) for length in part.size)
        window = cv2.resize(window, (width, height), interpolation=cv2.INTER_AREA).reshape(height, width, -1)
        across, down = part.size[0] / width, part.size[1] / height
        # Pixels are areas: their middles lie half a pixel off.
        matrix[:, 2] += matrix[:, :2] @ np.array([(across - 1) / 2, (down - 1) / 2])
        matrix[:, 0] *= across
        matrix[:, 1] *= down
    image = read(window, Region(0, 0, height, width))
    warped = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.clip(warped, 0, 1).astype(np.float32)


def back(change: Floats, part: Region, matrix: Matrix) -> Floats:
    """``change`` ``[side, side]`` or ``[side, side, C]`` where it lies in the photo's ``part``; zero around it."""
    inverse = cv2.invertAffineTransform(matrix)
    inverse[:, 2] -= (part.left, part.top)
    grow = scale_of(inverse)
    if grow < 0.77:
        # The photo's pixels are larger: average over each of them.
        change = cv2.GaussianBlur(change, (0, 0), 0.42 / grow)
    return np.asarray(cv2.warpAffine(change, inverse, part.size, flags=cv2.INTER_CUBIC), np.float32)
