"""Candidate faces: which boxes are faces at all, and which are one and the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daguerre.models.roles import Floats
from daguerre.pipeline.faces import alignment

Boxes = npt.NDArray[np.float64]

_LIKELY = 0.45
"""Score from which a second look is taken."""
_LEAST = 14
SAME_FACE, _INSIDE = 0.35, 0.6
"""Shares of the union, and of the smaller box, from which two boxes are one face."""
_SURER = 0.1
"""By how much a box must be surer than a larger one around it to be the face of the two."""
_ROLL = np.radians(60)
_MISFIT = 0.16
"""Mean distance of landmarks from a face's, in sides of the face, from which they are none of a face."""
_REFERENCE = 512


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a photo's pixels: ``box`` x, y, width, height; ``confidence`` 0-1; ``landmarks`` ``[5, 2]`` x, y."""

    box: tuple[float, float, float, float]
    confidence: float
    landmarks: npt.NDArray[np.float64]

    @property
    def matrix(self) -> alignment.Matrix:
        """What brings the photo to the FFHQ alignment."""
        return alignment.similarity(self.landmarks, alignment.FFHQ)

    def enlarged(self, factor: int) -> Face:
        """The same face in a photo ``factor`` times as large."""
        x, y, width, height = (factor * length for length in self.box)
        # Places are the middles of pixels.
        return Face((x, y, width, height), self.confidence, (self.landmarks + 0.5) * factor - 0.5)


def iou(boxes: Boxes, box: Boxes) -> npt.NDArray[np.float64]:
    """Intersection over union of ``boxes`` ``[n, 4]`` (x, y, width, height) with ``box`` ``[4]``: ``[n]``."""
    both, areas, area = _overlap(boxes, box)
    return both / (areas + area - both)


def iom(boxes: Boxes, box: Boxes) -> npt.NDArray[np.float64]:
    """Intersection over the smaller of the two, as :func:`iou`."""
    both, areas, area = _overlap(boxes, box)
    return both / np.minimum(areas, area)


def _overlap(boxes: Boxes, box: Boxes) -> tuple[Boxes, Boxes, float]:
    """The areas of the intersections ``[n]``, of ``boxes`` ``[n]`` and of ``box``."""
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    both = np.clip(high - low, 0, None).prod(1)
    return both, boxes[:, 2:].prod(1), box[2:].prod()


def nms(rows: Floats, width: int, height: int) -> list[Face]:
    """Non-maximum suppression over detections ``[n, 15]``: likely, plausible and not found already, the surest first.

    A row is x, y, width, height, score and five landmarks x, y, in pixels of a photo of ``width`` x ``height``.
    """
    middle = rows[:, :2] + rows[:, 2:4] / 2
    inside = ((middle > 0) & (middle < (width, height))).all(1)
    rows = rows[(rows[:, 4] >= _LIKELY) & inside & (rows[:, 2:4].max(1) >= _LEAST)]
    faces: list[Face] = []
    boxes = np.zeros((0, 4))
    for row in rows[np.argsort(-rows[:, 4], kind="stable")]:
        box = row[:4].astype(np.float64)
        if len(boxes) and (iou(boxes, box) > SAME_FACE).any():
            continue
        landmarks = row[5:].reshape(5, 2).astype(np.float64)
        if not plausible(landmarks, box):
            continue
        boxes = np.vstack([boxes, box])
        faces.append(Face((box[0], box[1], box[2], box[3]), float(row[4]), landmarks))
    return faces


def suppress_nested(faces: list[Face]) -> list[Face]:
    """The faces, the largest first, without those that are part of another: an eye is no face."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.box[2] * face.box[3]):
        around = [other for other in kept if iom(np.array([other.box]), np.array(face.box))[0] > _INSIDE]
        if any(other.confidence > face.confidence - _SURER for other in around):
            continue
        kept = [other for other in kept if all(other is not one for one in around)] + [face]
    return sorted(kept, key=lambda face: -face.box[2] * face.box[3])


def plausible(landmarks: npt.NDArray[np.float64], box: npt.NDArray[np.float64]) -> bool:
    """Whether two eyes, a nose and a mouth ``[5, 2]`` lie as in a face in ``box``, at most 60 degrees tilted."""
    matrix = alignment.similarity(landmarks, alignment.FFHQ)
    scale = alignment.scale_of(matrix)
    if scale <= 0 or abs(np.arctan2(matrix[1, 0], matrix[0, 0])) > _ROLL:
        return False
    side = _REFERENCE / scale
    if not 0.9 < side / box[2:].max() < 3.2:
        return False
    upright = alignment.applied(matrix, landmarks)
    misfit = np.hypot(*(upright - alignment.FFHQ).T).mean() / _REFERENCE
    eyes, mouth = upright[:2].mean(0), upright[3:].mean(0)
    ordered = upright[0, 0] < upright[1, 0] and upright[3, 0] < upright[4, 0] and eyes[1] < upright[2, 1] < mouth[1]
    around = ((landmarks > box[:2] - 0.25 * box[2:]) & (landmarks < box[:2] + 1.25 * box[2:])).all()
    return bool(ordered and around and misfit < _MISFIT)
