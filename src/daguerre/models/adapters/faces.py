"""The face detector of this project: sees lightness, answers at three strides."""

from __future__ import annotations

import cv2
import numpy as np

from daguerre.models.catalog import Model
from daguerre.models.roles import Detections, Floats
from daguerre.models.runtime.session import Session

_STRIDES = (8, 16, 32)
_LEAST = 0.15
"""Scores below say nothing."""
_PAD = 128
"""Images are filled up to multiples of it, so that few shapes are met."""


class Adapter:
    """A :class:`~daguerre.models.roles.FaceDetector`."""

    smallest = 12
    largest = 200

    def __init__(self, session: Session, model: Model) -> None:
        self.tile = model.tile
        self._session = session

    def __call__(self, image: Floats) -> Detections:
        grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
        height, width = grey.shape
        whole = [(length + _PAD - 1) // _PAD * _PAD for length in grey.shape]
        tone = float(grey.mean())
        grey = cv2.copyMakeBorder(
            grey, 0, whole[0] - height, 0, whole[1] - width, cv2.BORDER_CONSTANT, value=(tone,)
        )  # fmt: skip
        maps = self._session.run({"lightness": grey[None, None].astype(np.float32)})
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
