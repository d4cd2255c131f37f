"""The face detector of this project: sees lightness, answers at three strides."""

from __future__ import annotations

import cv2
import numpy as np

from daguerre.models.roles import Detections, Floats
from daguerre.models.runtime.loaded import LoadedModel

_STRIDES = (8, 16, 32)
_LEAST = 0.15
"""Scores below say nothing."""
_PAD = 64
"""Images are filled up to multiples of it, so that few shapes are met."""


class StrideFaces:
    """A :class:`~daguerre.models.roles.FaceDetector`."""

    largest = 200

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self._session = loaded.session

    def __call__(self, image: Floats) -> Detections:
        gray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
        height, width = gray.shape
        whole = [(length + _PAD - 1) // _PAD * _PAD for length in gray.shape]
        tone = float(gray.mean())
        below, beside = whole[0] - height, whole[1] - width
        gray = cv2.copyMakeBorder(gray, 0, below, 0, beside, cv2.BORDER_CONSTANT, value=(tone,))
        maps = self._session.run({"lightness": gray[None, None].astype(np.float32)})
        found = np.concatenate([_decode(maps[f"stride_{stride}"][0], stride) for stride in _STRIDES])
        return Detections(found[:, :4], found[:, 4], found[:, 5:].reshape(-1, 5, 2))


def _decode(level: Floats, stride: int) -> Floats:
    """Faces of one map ``[15, h, w]`` as rows of x, y, width, height, score and five landmarks."""
    score = 1 / (1 + np.exp(-np.clip(level[0], -30, 30)))
    y, x = np.nonzero(score > _LEAST)
    said = level[:, y, x]
    middle = (np.stack([x, y]) + 0.5) * stride
    size = np.exp(np.clip(said[3:5], -3, 4)) * stride
    corner = said[1:3] * stride + middle - size / 2
    points = said[5:].reshape(5, 2, -1) * stride + middle
    return np.concatenate([corner, size, score[None, y, x], points.reshape(10, -1)]).T.astype(np.float32)
