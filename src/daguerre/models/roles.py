"""What the steps ask of the models of each role, whichever they are.

Images are ``[H, W, 3]`` float32 RGB, 0-1. Every call may raise :class:`~daguerre.errors.ModelFailed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

FACE_DETECTION = "face_detection"
FACE_RESTORATION = "face_restoration"
FACE_IDENTITY = "face_identity"
COLORIZE = "colorize"
INPAINT = "inpaint"


@dataclass(frozen=True, slots=True)
class Detections:
    """Faces of one image, in its pixels.

    ``boxes`` ``[n, 4]``: x, y, width, height. ``scores`` ``[n]``: 0-1. ``landmarks`` ``[n, 5, 2]``: x, y of the eye
    on the picture's left, of the other eye, of the nose, of the left and of the right corner of the mouth.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats


class FaceDetector(Protocol):
    """Finds faces whose longer side is between ``smallest`` and ``largest`` pixels; images up to ``tile`` a side."""

    tile: int
    smallest: int
    largest: int

    def __call__(self, image: Floats) -> Detections:
        """What is found, sure or not; doubles are the caller's to remove."""
        ...


class FaceRestorer(Protocol):
    """Enhances one face, aligned to the FFHQ template of ``size`` pixels a side."""

    size: int

    def __call__(self, face: Floats, fidelity: float) -> Floats:
        """``[size, size, 3]`` to the same; ``fidelity`` 0-1 matters to models that take it."""
        ...


class FaceIdentity(Protocol):
    """Tells people apart."""

    def __call__(self, face: Floats) -> Floats:
        """``[112, 112, 3]``, aligned to the ArcFace template, to a vector of length 1."""
        ...


class Colorizer(Protocol):
    """Predicts chroma from lightness. ``side`` is the longer side of what it looks at, in pixels."""

    side: int
    square: bool
    """Whether it takes squares only."""
    takes_hints: bool

    def __call__(self, lightness: Floats, hints: Floats | None = None) -> Floats:
        """CIE L* ``[H, W]``, 0-100, to CIE ab ``[h, w, 2]`` of the same picture, where ``h`` and ``w`` may be smaller.

        ``hints`` ``[H, W, 3]``: a, b and 1 where they are known, else 0.
        """
        ...


class Inpainter(Protocol):
    """Fills holes in a window of ``size`` pixels a side."""

    size: int

    def __call__(self, image: Floats, hole: Floats) -> Floats:
        """``image`` ``[size, size, 3]`` and ``hole`` ``[size, size]``, 1 where to fill, to the filled image."""
        ...
