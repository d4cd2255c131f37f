"""YuNet, the face detector of OpenCV's model zoo (Wu et al., 2023)."""

from __future__ import annotations

import numpy as np

from daguerre.models.catalog import Model
from daguerre.models.roles import Detections, Floats
from daguerre.models.runtime.session import Arrays, Session

_STRIDES = (8, 16, 32)
_SIDE = 640
_LEAST = 0.3


class Adapter:
    """A :class:`~daguerre.models.roles.FaceDetector`. Images are filled up to the file's 640 pixels a side."""

    tile = _SIDE
    smallest = 10
    largest = 300

    def __init__(self, session: Session, model: Model) -> None:
        del model
        self._session = session

    def __call__(self, image: Floats) -> Detections:
        height, width = image.shape[:2]
        canvas = np.zeros((1, 3, _SIDE, _SIDE), np.float32)
        canvas[0, :, :height, :width] = image[..., ::-1].transpose(2, 0, 1) * np.float32(255)
        said = self._session.run({"input": canvas})
        found = np.concatenate([_decode(said, stride) for stride in _STRIDES])
        return Detections(found[:, :4], found[:, 4], found[:, 5:].reshape(-1, 5, 2))


def _decode(said: Arrays, stride: int) -> Floats:
    """Faces of one stride as rows of x, y, width, height, score and five landmarks, as OpenCV reads them."""
    sure = np.clip(said[f"cls_{stride}"].reshape(-1), 0, 1) * np.clip(said[f"obj_{stride}"].reshape(-1), 0, 1)
    score = np.sqrt(sure)
    which = np.flatnonzero(score > _LEAST)
    cell = np.stack([which % (_SIDE // stride), which // (_SIDE // stride)], 1).astype(np.float32)
    box = said[f"bbox_{stride}"].reshape(-1, 4)[which]
    size = np.exp(np.clip(box[:, 2:], -10, 10)) * stride
    corner = (cell + box[:, :2]) * stride - size / 2
    points = (said[f"kps_{stride}"].reshape(-1, 5, 2)[which] + cell[:, None]) * stride
    return np.concatenate([corner, size, score[which, None], points.reshape(-1, 10)], 1).astype(np.float32)
