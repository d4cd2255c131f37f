"""Which side of a photo is up, where its faces say so."""

from __future__ import annotations

import cv2
import numpy as np

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import FaceDetector
from daguerre.pipeline.faces import find_faces
from daguerre.progress import Track

_SIDE = 640
"""Longer side, in pixels, at which faces are looked for."""
_CLEAR, _LEAD = 0.8, 2.0
"""Confidence of all faces together that it takes to turn a photo, and how many times that of every other way up."""


def quarters_to_upright(pixels: Pixels, detector: FaceDetector, track: Track) -> int:
    """Quarter turns to the left, 0-3, after which the faces of ``[H, W, 1|3]`` pixels are upright.

    0 where there are no faces, or where they do not say it clearly. Raises ModelFailed and Canceled.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)).reshape(size[1], size[0], -1)
    sure = np.array([
        sum(face.confidence for face in find_faces(np.ascontiguousarray(np.rot90(small, turn)), detector, part))
        for turn, part in enumerate(track.split(1, 1, 1, 1))
    ])  # fmt: skip
    best = int(np.argmax(sure))
    others = float(np.delete(sure, best).max())
    return best if sure[best] >= _CLEAR and sure[best] >= _LEAD * others else 0
