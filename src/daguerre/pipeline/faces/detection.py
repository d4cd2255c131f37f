"""Faces of any size in photos of any size: through a pyramid of halves, in tiles, and each by a second look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import FaceDetector
from daguerre.pipeline import tiles
from daguerre.pipeline.faces import alignment
from daguerre.pipeline.progress import Track

Floats = npt.NDArray[np.float32]

_LIKELY = 0.45
"""Score from which a second look is taken."""
SURE = 0.74
"""Confidence from which a face is one. On 168 photos, most of them old, 115 of the 119 faces that YuNet sees at 0.7 are
found, and two boxes that are none; the first look alone would keep thirty others (benchmarks/faces.py)."""
_SURE_SMALL, _SMALL = 0.76, 20
"""The same for faces below so many pixels: there are many places where one might be."""
_LEAST = 14
_LOOKS, _WINDOW = (44, 64, 90), 128
"""The second look: sizes that the face is brought to, in the middle of a window of so many pixels a side."""
_TRUST = 0.7
"""Share of the second look in the confidence."""
_MOST = 200
"""At most so many are looked at again."""
_OVERLAP, _INSIDE = 0.35, 0.6
"""Shares of the union, and of the smaller box, from which two boxes are one face."""
_SURER = 0.1
"""By how much a box must be surer than a larger one around it to be the face of the two."""
_ROLL = np.radians(60)
_MISFIT = 0.16
"""Mean distance of landmarks from a face's, in sides of the face, from which they are none of a face."""
_ENLARGED_BELOW = 640
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


def find(pixels: Pixels, detector: FaceDetector, track: Track) -> list[Face]:
    """The faces of ``[H, W, 1|3]`` pixels of any depth, the largest first. Raises ModelFailed and Canceled."""
    rows: list[Floats] = []
    stretch = _Stretch(pixels)
    for level, zoom in _levels(pixels, detector):
        halo = min(96, detector.tile // 4)
        height, width = level.shape[:2]
        side = min(detector.tile, -(-max(height, width) // 128) * 128)
        cut = tiles.split(height, width, side, 0 if max(height, width) <= side else halo, 32)
        track.expect(len(cut))
        for tile in cut:
            image = stretch(tiles.read(level, tile)[0].transpose(1, 2, 0))
            found = detector(np.ascontiguousarray(image))
            corner = np.array([tile.left, tile.top], np.float32)
            boxes, points = found.boxes.copy(), found.landmarks + corner
            boxes[:, :2] += corner
            rows.append(np.concatenate([boxes / zoom, found.scores[:, None], points.reshape(-1, 10) / zoom], 1))
            track.advance()
    likely = _kept(np.concatenate(rows), pixels.shape[1], pixels.shape[0])[:_MOST]
    track.expect(len(likely))
    faces = []
    for face in likely:
        confidence = (1 - _TRUST) * face.confidence + _TRUST * _again(pixels, face, detector, stretch)
        if confidence >= (SURE if max(face.box[2:]) >= _SMALL else _SURE_SMALL):
            faces.append(replace(face, confidence=confidence))
        track.advance()
    return _apart(faces)


def _again(pixels: Pixels, face: Face, detector: FaceDetector, stretch: _Stretch) -> float:
    """How sure the detector is when it sees the face larger and smaller, alone: the mean of its scores.

    What is a face stays one; what was mistaken for one rarely does.
    """
    x, y, width, height = face.box
    longest = max(width, height)
    total = 0.0
    for look in _LOOKS:
        scale = look / longest
        shift = _WINDOW / 2 - scale * np.array([x + width / 2, y + height / 2])
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        part = alignment.region(matrix, _WINDOW, *pixels.shape[:2])
        image = stretch(alignment.crop(pixels[part.slices], part, matrix, _WINDOW))
        found = detector(np.ascontiguousarray(image))
        box = np.array([(_WINDOW - width * scale) / 2, (_WINDOW - height * scale) / 2, width * scale, height * scale])
        same = _shared(found.boxes.astype(np.float64), box)[:, 0] > _OVERLAP
        total += float(found.scores[same].max(initial=0))
    return total / len(_LOOKS)


def _levels(pixels: Pixels, detector: FaceDetector) -> Iterator[tuple[Pixels, float]]:
    """The photo, then halves of it until its largest possible face is one that the detector knows; and its scale."""
    longest = max(pixels.shape[:2])
    if longest < _ENLARGED_BELOW:
        yield (
            cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR).reshape(
                2 * pixels.shape[0], 2 * pixels.shape[1], -1
            ),
            2.0,
        )
    level, zoom = pixels, 1.0
    while True:
        yield level, zoom
        if max(level.shape[:2]) <= detector.largest * 1.3:
            return
        height, width = (max(1, round(length * zoom / 2)) for length in pixels.shape[:2])
        level = cv2.resize(level, (width, height), interpolation=cv2.INTER_AREA).reshape(height, width, -1)
        zoom /= 2


class _Stretch:
    """Spreads the tones of a faded photo, for the detector only."""

    def __init__(self, pixels: Pixels) -> None:
        step = max(1, min(pixels.shape[:2]) // 256)
        some = pixels[::step, ::step].astype(np.float32).mean(2)
        if pixels.dtype.kind == "u":
            some /= np.float32(np.iinfo(pixels.dtype).max)
        low, high = np.percentile(np.clip(np.nan_to_num(some), 0, 1), (1, 99))
        self._low = np.float32(low)
        self._gain = np.float32(1 / max(0.25, high - low)) if high - low < 0.7 else np.float32(1)

    def __call__(self, image: Floats) -> Floats:
        return image if self._gain == 1 else np.clip((image - self._low) * self._gain, 0, 1)


def _kept(rows: Floats, width: int, height: int) -> list[Face]:
    """Of all that was found what is likely, sane and not found already, the surest first."""
    middle = rows[:, :2] + rows[:, 2:4] / 2
    inside = ((middle > 0) & (middle < (width, height))).all(1)
    rows = rows[(rows[:, 4] >= _LIKELY) & inside & (rows[:, 2:4].max(1) >= _LEAST)]
    faces: list[Face] = []
    boxes = np.zeros((0, 4))
    for row in rows[np.argsort(-rows[:, 4], kind="stable")]:
        box = row[:4].astype(np.float64)
        if len(boxes) and (_shared(boxes, box)[:, 0] > _OVERLAP).any():
            continue
        landmarks = row[5:].reshape(5, 2).astype(np.float64)
        if not plausible(landmarks, box):
            continue
        boxes = np.vstack([boxes, box])
        faces.append(Face((box[0], box[1], box[2], box[3]), float(row[4]), landmarks))
    return faces


def _apart(faces: list[Face]) -> list[Face]:
    """The faces, the largest first, without those that are part of another: an eye is no face."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.box[2] * face.box[3]):
        around = [other for other in kept if _shared(np.array([other.box]), np.array(face.box))[0, 1] > _INSIDE]
        if any(other.confidence > face.confidence - _SURER for other in around):
            continue
        kept = [other for other in kept if all(other is not one for one in around)] + [face]
    return sorted(kept, key=lambda face: -face.box[2] * face.box[3])


def _shared(boxes: npt.NDArray[np.float64], box: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``[n, 2]``: intersection over union, and over the smaller of the two."""
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    both = np.clip(high - low, 0, None).prod(1)
    areas, area = boxes[:, 2:].prod(1), box[2:].prod()
    return np.stack([both / (areas + area - both), both / np.minimum(areas, area)], 1)


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
