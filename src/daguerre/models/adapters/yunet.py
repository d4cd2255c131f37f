"""YuNet, the face detector of OpenCV's model zoo (Wu et al., 2023)."""

from __future__ import annotations

import numpy as np

from daguerre.models.adapters.planes import to_planes
from daguerre.models.roles import Detections, Floats
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.models.runtime.session import Arrays

_STRIDES = (8, 16, 32)
_LEAST = 0.3


class YuNet:
    """A :class:`~daguerre.models.roles.FaceDetector`. Images are filled up to the tile, whose size is the file's."""

    largest = 300

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self._range = loaded.model.input_range
        self._session = loaded.session

    def __call__(self, image: Floats) -> Detections:
        height, width = image.shape[:2]
        side = self.tiling.tile
        canvas = np.zeros((1, 3, side, side), np.float32)
        canvas[:, :, :height, :width] = to_planes(image, self._range, bgr=True)
        said = self._session.run({"input": canvas})
        found = np.concatenate([_decode(said, side, stride) for stride in _STRIDES])
        return Detections(found[:, :4], found[:, 4], found[:, 5:].reshape(-1, 5, 2))


def _decode(said: Arrays, side: int, stride: int) -> Floats:
    """Faces of one stride as rows of x, y, width, height, score and five landmarks, as OpenCV reads them."""
    sure = np.clip(said[f"cls_{stride}"].reshape(-1), 0, 1) * np.clip(said[f"obj_{stride}"].reshape(-1), 0, 1)
    score = np.sqrt(sure)
    which = np.flatnonzero(score > _LEAST)
    cell = np.stack([which % (side // stride), which // (side // stride)], 1).astype(np.float32)
    box = said[f"bbox_{stride}"].reshape(-1, 4)[which]
    size = np.exp(np.clip(box[:, 2:], -10, 10)) * stride
    corner = (cell + box[:, :2]) * stride - size / 2
    points = (said[f"kps_{stride}"].reshape(-1, 5, 2)[which] + cell[:, None]) * stride
    return np.concatenate([corner, size, score[which, None], points.reshape(-1, 10)], 1).astype(np.float32)
