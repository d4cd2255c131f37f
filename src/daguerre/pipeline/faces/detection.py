"""Faces of any size in photos of any size: through a pyramid of halves, in tiles, and each by a second look."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from daguerre.imaging.photo import Pixels, white_of
from daguerre.models.roles import FaceDetector, Floats
from daguerre.pipeline.faces import alignment
from daguerre.pipeline.faces.candidates import SAME_FACE, Boxes, Face, iou, nms, plausible, suppress_nested
from daguerre.progress import Track
from daguerre.tiling.blending import read_window
from daguerre.tiling.geometry import cover

SURE = 0.74
"""Confidence from which a face is one. On 168 photos, most of them old, 115 of the 119 faces that YuNet sees at 0.7 are
found, and two boxes that are none; the first look alone would keep thirty others (benchmarks/faces.py)."""
_SURE_SMALL, _SMALL = 0.76, 20
"""The same for faces below so many pixels: there are many places where one might be."""
_LOOKS, _WINDOW = (44, 64, 90), 128
"""The second look: sizes that the face is brought to, in the middle of a window of so many pixels a side."""
_TRUST = 0.7
"""Share of the second look in the confidence."""
_POINTED_AT, _POINTED_IOU = 0.45, 0.2
"""Score, and share of the union with the box that somebody drew, from which what is seen there is the face that is
meant: people draw around hair and chin."""
_TILTS = (0, -25, 25)
"""Degrees by which such a face is looked at turned."""
_MOST = 200
"""At most so many are looked at again."""
_LOOK_AND_CONFIRM = (8, 1)
"""Shares of the time of the first and the second look."""
_ENLARGED_BELOW = 640
_SIDES = 64
"""The sides of what the model sees are multiples of it, so that it meets few shapes."""


def find_faces(pixels: Pixels, detector: FaceDetector, track: Track) -> list[Face]:
    """The faces of ``[H, W, 1|3]`` pixels of any depth, the largest first. Raises ModelFailed and Canceled."""
    rows: list[Floats] = []
    stretch = _Stretch(pixels)
    looks, second = track.split(*_LOOK_AND_CONFIRM)
    zooms = _zooms(max(pixels.shape[:2]), detector)
    tracks = looks.split(*(zoom * zoom for zoom in zooms))
    for (level, zoom), part in zip(_levels(pixels, zooms), tracks, strict=True):
        height, width = level.shape[:2]
        cut = cover(height, width, replace(detector.tiling, multiple=math.lcm(detector.tiling.multiple, _SIDES)))
        part.expect(len(cut))
        for tile in cut:
            image = stretch(read_window(level, tile)[0].transpose(1, 2, 0))
            found = detector(np.ascontiguousarray(image))
            corner = np.array([tile.left, tile.top], np.float32)
            boxes, points = found.boxes.copy(), found.landmarks + corner
            boxes[:, :2] += corner
            rows.append(np.concatenate([boxes / zoom, found.scores[:, None], points.reshape(-1, 10) / zoom], 1))
            part.advance()
    likely = nms(np.concatenate(rows), pixels.shape[1], pixels.shape[0])[:_MOST]
    second.expect(len(likely))
    faces = []
    for face in likely:
        least = SURE if max(face.box[2:]) >= _SMALL else _SURE_SMALL
        confidence = _confirm(pixels, face, detector, stretch, least)
        if confidence >= least:
            faces.append(replace(face, confidence=confidence))
        second.advance()
    return suppress_nested(faces)


def _confirm(pixels: Pixels, face: Face, detector: FaceDetector, stretch: _Stretch, least: float) -> float:
    """How sure the detector is of ``face`` once it has seen it larger and smaller, alone, too.

    What is a face stays one; what was mistaken for one rarely does. 0 as soon as ``least`` is out of reach.
    """
    x, y, width, height = face.box
    longest = max(width, height)
    total = 0.0
    for seen, look in enumerate(_LOOKS):
        if (1 - _TRUST) * face.confidence + _TRUST * (total + len(_LOOKS) - seen) / len(_LOOKS) < least:
            return 0.0
        scale = look / longest
        shift = _WINDOW / 2 - scale * np.array([x + width / 2, y + height / 2])
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        part = alignment.region(matrix, _WINDOW, *pixels.shape[:2])
        image = stretch(alignment.crop(pixels[part.slices], part, matrix, _WINDOW))
        found = detector(np.ascontiguousarray(image))
        box = np.array([(_WINDOW - width * scale) / 2, (_WINDOW - height * scale) / 2, width * scale, height * scale])
        same = iou(found.boxes.astype(np.float64), box) > SAME_FACE
        total += float(found.scores[same].max(initial=0))
    return (1 - _TRUST) * face.confidence + _TRUST * total / len(_LOOKS)


def find_in_box(pixels: Pixels, box: Sequence[float], detector: FaceDetector) -> Face | None:
    """The face in ``box``, x, y, width and height in ``[H, W, 1|3]`` pixels of any depth, where somebody saw one.

    It is looked for at several sizes and tilts, and believed with less confidence than one that nobody pointed at;
    ``None`` where there is nothing like a face. Raises ModelFailed.
    """
    x, y, width, height = box
    if min(width, height) <= 0 or not (0 <= x + width / 2 < pixels.shape[1] and 0 <= y + height / 2 < pixels.shape[0]):
        return None
    stretch = _Stretch(pixels)
    best: Face | None = None
    for look in _LOOKS:
        for tilt in _TILTS:
            scale = look / max(width, height)
            matrix = cv2.getRotationMatrix2D((x + width / 2, y + height / 2), tilt, scale)
            matrix[:, 2] += _WINDOW / 2 - np.array([x + width / 2, y + height / 2])
            part = alignment.region(matrix, _WINDOW, *pixels.shape[:2])
            found = detector(np.ascontiguousarray(stretch(alignment.crop(pixels[part.slices], part, matrix, _WINDOW))))
            drawn = np.array([_WINDOW - width * scale, _WINDOW - height * scale, 0, 0]) / 2
            drawn[2:] = width * scale, height * scale
            boxes = found.boxes.astype(np.float64)
            meant = (found.scores >= _POINTED_AT) & (iou(boxes, drawn) > _POINTED_IOU)
            for each in np.flatnonzero(meant & (found.scores > (0 if best is None else best.confidence))):
                best = _face_back(boxes[each], found.landmarks[each], float(found.scores[each]), matrix) or best
    return best


def _face_back(box: Boxes, landmarks: Floats, score: float, matrix: alignment.Matrix) -> Face | None:
    """A face of a window where ``matrix`` took it from; ``None`` for what cannot be one."""
    inverse = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
    width, height = box[2:] / alignment.scale_of(matrix)
    x, y = alignment.applied(inverse, (box[:2] + box[2:] / 2)[None])[0] - np.array([width, height]) / 2
    points = alignment.applied(inverse, landmarks.astype(np.float64))
    if not plausible(points, np.array([x, y, width, height])):
        return None
    return Face((float(x), float(y), float(width), float(height)), score, points)


def _zooms(longest: int, detector: FaceDetector) -> list[float]:
    """The scales to look at: the photo's own, then halves until its largest possible face is one that the detector
    knows; first twice its size where it is small."""
    zooms = [1.0]
    while longest * zooms[-1] > detector.largest * 1.3:
        zooms.append(zooms[-1] / 2)
    return [2.0, *zooms] if longest < _ENLARGED_BELOW else zooms


def _levels(pixels: Pixels, zooms: list[float]) -> Iterator[tuple[Pixels, float]]:
    """The photo at each of ``zooms``, each made of the one before."""
    level = pixels
    for zoom in zooms:
        if zoom > 1:
            yield _resized(pixels, zoom, pixels.shape, cv2.INTER_LINEAR), zoom
            continue
        if zoom < 1:
            level = _resized(level, zoom, pixels.shape, cv2.INTER_AREA)
        yield level, zoom


def _resized(level: Pixels, zoom: float, shape: tuple[int, ...], how: int) -> Pixels:
    height, width = (max(1, round(length * zoom)) for length in shape[:2])
    return np.asarray(cv2.resize(level, (width, height), interpolation=how)).reshape(height, width, -1)


class _Stretch:
    """Spreads the tones of a faded photo, for the detector only."""

    def __init__(self, pixels: Pixels) -> None:
        step = max(1, min(pixels.shape[:2]) // 256)
        some = pixels[::step, ::step].astype(np.float32).mean(2)
        some /= np.float32(white_of(pixels.dtype))
        low, high = np.percentile(np.clip(np.nan_to_num(some), 0, 1), (1, 99))
        self._low = np.float32(low)
        self._gain = np.float32(1 / max(0.25, high - low)) if high - low < 0.7 else np.float32(1)

    def __call__(self, image: Floats) -> Floats:
        return image if self._gain == 1 else np.clip((image - self._low) * self._gain, 0, 1)
