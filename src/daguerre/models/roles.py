"""What the steps ask of a model of each role, whichever model that is: one protocol for each role.

Two layouts cross this seam, both float32 RGB, 0-1. Models that are led over the photo tile by tile see *windows*
``[1, 3, h, w]``, the layout of networks, so that no tile is transposed. Models that see a face or a hole see *images*
``[H, W, 3]``, the layout of OpenCV. Grayscale photos come as three equal channels.

Every call may raise :class:`~daguerre.errors.ModelFailed`; :class:`~daguerre.errors.OutOfMemory` is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.progress import Track
from daguerre.tiling.geometry import Tiling

Floats = npt.NDArray[np.float32]
Probability = npt.NDArray[np.uint8]
"""``[H, W]``: 0-255 for 0-1."""


@dataclass(frozen=True, slots=True)
class MaskRule:
    """How the probabilities of one damage detector become a mask (:mod:`daguerre.pipeline.damage.mask`).

    All but the last three are differences from the threshold, in logits, and belong to how sure this detector is of
    what it sees.
    """

    threshold: float = 0.5
    """The probability from which a pixel counts as damaged, at sensitivity 50."""
    span: float = 3.0
    """By how much the threshold moves over 50 of sensitivity."""
    seed: float = 2.2
    """Each piece of damage must hold a pixel so far above the threshold (hysteresis)."""
    wide: float = 2.2
    """Wide pieces must lie so far above it on average: highlights are wide, bright and even, too."""
    certain: float = 3.5
    """How far above it a pixel is beyond doubt."""
    evidence: int = 24
    """Pixels beyond doubt without which a photo counts as undamaged."""
    ample: float = 1e-3
    """The share of the photo beyond doubt from which on the threshold falls: more is likely to be damaged."""
    eagerness: float = 1.0
    """By how much it falls with every tenfold of that share."""
    most_eager: float = 1.5
    """By how much it falls at most."""


class DamageDetector(Protocol):
    """Finds scratches, cracks, folds, tears, dust and hairs, at the photo's native resolution."""

    rule: MaskRule

    def find(self, pixels: Pixels, sensitivity: float, track: Track) -> Probability:
        """The probability of damage ``[H, W]``, 0-255, of ``pixels`` ``[H, W, 1|3]`` of any depth and size.

        The detector looks at as many levels and tiles of the photo as it likes (:mod:`daguerre.tiling`), never holds
        the whole photo as float, and counts its tiles on ``track``. ``sensitivity`` 0-100 may decide what is looked at
        again; ``rule`` applies it to the map. Raises Canceled.
        """
        ...


class Inpainter(Protocol):
    """Fills holes.

    With a ``window`` it sees windows of so many pixels a side, laid around the damage
    (:mod:`daguerre.pipeline.inpaint.windows`), and the damage in them. Without, 0, it is led over the photo by
    ``tiling`` and sees a smooth first fill in the hole (:mod:`daguerre.pipeline.inpaint.refine`).
    """

    tiling: Tiling
    window: int

    def __call__(self, image: Floats, hole: Floats) -> Floats:
        """What to add to ``image`` ``[h, w, 3]`` in its ``hole`` ``[h, w]``, 1 where to fill, else 0: ``[h, w, 3]``.

        What it says outside of the hole is not used.
        """
        ...


@dataclass(frozen=True, slots=True)
class Detections:
    """Faces of one image, in its pixels.

    ``boxes`` ``[n, 4]``: x, y, width, height. ``scores`` ``[n]``: 0-1. ``landmarks`` ``[n, 5, 2]``: x, y of the eye
    on the image's left, of the other eye, of the nose, of the left and of the right corner of the mouth.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats


class FaceDetector(Protocol):
    """Finds faces in images of up to ``tiling.tile`` pixels a side.

    ``largest`` is the longest side of a face, in pixels, that it still knows as one: larger ones are found on halves of
    the photo.
    """

    tiling: Tiling
    largest: int

    def __call__(self, image: Floats) -> Detections:
        """What is found in ``image`` ``[h, w, 3]``, sure or not; doubles are the caller's to remove."""
        ...


class FaceRestorer(Protocol):
    """Enhances one face, aligned to the FFHQ template of ``size`` pixels a side."""

    size: int

    def __call__(self, face: Floats, fidelity: float) -> Floats:
        """``face`` ``[size, size, 3]`` to the same, enhanced, 0-1.

        ``fidelity`` 0-1, from the most detail to the most faithful, is for models that take it.
        """
        ...


class FaceIdentity(Protocol):
    """Tells people apart, by faces aligned to the ArcFace template of ``size`` pixels a side."""

    size: int

    def __call__(self, face: Floats) -> Floats:
        """``face`` ``[size, size, 3]`` to a vector ``[n]`` of length 1; the cosine of two says how alike they are."""
        ...


@dataclass(frozen=True, slots=True)
class NoiseCells:
    """The noise of a window, a value for each cell: all ``[h / cell, w / cell]`` float32.

    ``level`` is ln(1 + sigma), where sigma is the standard deviation on a scale of 0-255. ``doubt`` is the logarithm of
    the error that the model expects of it. ``compression`` is above 0 where the errors of a JPEG dominate.
    """

    level: Floats
    doubt: Floats
    compression: Floats


class NoiseEstimator(Protocol):
    """Measures noise, in cells of ``cell`` pixels a side, which divides ``tiling.multiple``."""

    tiling: Tiling
    cell: int

    def __call__(self, window: Floats) -> NoiseCells:
        """The noise of ``window`` ``[1, 3, h, w]``; a model that tells no doubt gives zeros."""
        ...


class Denoiser(Protocol):
    """Tells noise from the photo, tile by tile."""

    tiling: Tiling

    def __call__(self, window: Floats, sigma: Floats) -> Floats:
        """The noise in ``window`` ``[1, 3, h, w]``, what is to be taken from it: ``[1, 3, h, w]``.

        ``sigma`` ``[1, 1, h, w]`` is the noise level map, standard deviations on the scale of the window, 0-1. Blind
        models do without.
        """
        ...


class Upscaler(Protocol):
    """Enlarges the photo, tile by tile."""

    tiling: Tiling

    def __call__(self, window: Floats, factor: int) -> Floats:
        """``window`` ``[1, 3, h, w]`` enlarged ``factor`` 2 or 4 times: ``[1, 3, factor * h, factor * w]``.

        What contradicts the window is the step's matter (back-projection).
        """
        ...


class Colorizer(Protocol):
    """Predicts chroma from lightness. ``side`` is the longer side of what it looks at, in pixels."""

    side: int
    square: bool
    """Whether it takes squares only."""
    takes_hints: bool

    def __call__(self, lightness: Floats, hints: Floats | None = None) -> Floats:
        """CIE L* ``[H, W]``, 0-100, to CIE ab ``[h, w, 2]`` of the same photo, where ``h`` and ``w`` may be smaller.

        ``hints`` ``[H, W, 3]``: a, b and 1 where they are known, else 0.
        """
        ...


class MonochromeJudge(Protocol):
    """Tells monochrome photos from color ones."""

    def __call__(self, planes: Floats) -> float:
        """The logit of being monochrome, of what :func:`daguerre.pipeline.monochrome.network_input` makes of a photo:
        ``[5, 128, 128]``.
        """
        ...


@dataclass(frozen=True, slots=True)
class DyeCorrection:
    """How densities in red, green and blue have to change for the dyes to be what they were (:mod:`daguerre.fading`).

    ``offset`` ``[3]`` is the stain to be taken away, with what ``field`` ``[h, w, 3]``, spread over the photo, says of
    each place. ``gain`` ``[3]`` is the logarithm of the factor of what is left, ``bend`` ``[3]`` how much more of it
    shadows get than highlights, and ``crosstalk`` ``[6]`` what a channel gets of the others: green and blue to red, red
    and blue to green, red and green to blue. ``expected`` is the color difference (CIE94) that this makes good.
    """

    offset: Floats
    gain: Floats
    bend: Floats
    crosstalk: Floats
    field: Floats
    expected: float


class FadingEstimator(Protocol):
    """Tells what dyes have lost, by the whole photo at ``side`` x ``side`` pixels, whatever its shape."""

    side: int

    def __call__(self, density: Floats, quantiles: Floats) -> DyeCorrection:
        """The correction for optical ``density`` ``[side, side, 3]`` in red, green and blue.

        ``quantiles`` ``[33]`` are eleven of each color. Raises ModelFailed.
        """
        ...
