"""Faces: find them, enhance them, keep them the same person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import FaceIdentity, FaceRestorer
from daguerre.pipeline import grain, tiles
from daguerre.pipeline.faces import alignment, enhancement
from daguerre.pipeline.faces.detection import Face, find
from daguerre.pipeline.progress import Track

__all__ = ["Face", "Outcome", "Selection", "choose", "enhance", "find"]

Floats = npt.NDArray[np.float32]
Selection = Sequence[int | Sequence[float]]
_SMALLEST = 24
"""Pixels of the longer side of a face below which there is too little to go by."""


@dataclass(slots=True)
class Outcome:
    """What became of one face."""

    face: Face
    enhanced: bool = False
    reason: str | None = None
    similarity: float | None = None

    def report(self) -> dict[str, Any]:
        """As results carry it: box in whole pixels, confidence and similarity to three decimals."""
        said: dict[str, Any] = {
            "box": [round(length) for length in self.face.box],
            "confidence": round(self.face.confidence, 3),
            "identitySimilarity": None if self.similarity is None else round(self.similarity, 3),
            "enhanced": self.enhanced,
        }
        return said if self.reason is None else {**said, "reason": self.reason}


@dataclass(slots=True)
class _Canvas:
    """The photo as faces change it, and where it was changed already."""

    pixels: Pixels
    result: Pixels | None = None
    covered: npt.NDArray[np.float16] | None = field(default=None)

    def add(self, change: Floats, cover: Floats, part: alignment.Region) -> None:
        """Add ``change`` ``[h, w, 1|3]`` in ``part``, where ``cover`` ``[h, w]`` of earlier faces leaves room."""
        if self.result is None:
            self.result = self.pixels.copy()
            self.covered = np.zeros(self.pixels.shape[:2], np.float16)
        assert self.covered is not None
        before = self.covered[part.slices].astype(np.float32)
        self.result[part.slices] = tiles.changed(self.result[part.slices], change * (1 - before)[..., None])
        self.covered[part.slices] = np.maximum(before, cover).astype(np.float16)


def choose(faces: Sequence[Face], wanted: Selection | None) -> tuple[set[int], list[str]]:
    """The positions of the ``wanted`` faces, and a sentence for each wish that cannot be met.

    A number is a position in ``faces``; a box ``x, y, width, height`` means the face that it overlaps most.
    """
    if wanted is None:
        return set(range(len(faces))), []
    chosen: set[int] = set()
    warnings = []
    for wish in wanted:
        if isinstance(wish, int):
            if wish < len(faces):
                chosen.add(wish)
            else:
                warnings.append(f"There is no face {wish}: {_counted(len(faces))} found.")
            continue
        shares = [_common(face.box, wish) for face in faces]
        if shares and max(shares) > 0:
            chosen.add(int(np.argmax(shares)))
        else:
            box = ", ".join(f"{length:g}" for length in wish)
            warnings.append(f"No face was found in the box {box}.")
    return chosen, warnings


def _counted(count: int) -> str:
    return {0: "none was", 1: "one was"}.get(count, f"{count} were")


def _common(one: Sequence[float], other: Sequence[float]) -> float:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0.0, across) * max(0.0, down)


def enhance(
    pixels: Pixels, faces: Sequence[Face], chosen: set[int], restorer: FaceRestorer, identity: FaceIdentity | None, *,
    fidelity: float, grey: bool, track: Track, eye: FaceRestorer | None = None,
) -> tuple[Pixels, list[Outcome]]:  # fmt: skip
    """``pixels`` ``[H, W, 1|3]`` with the ``chosen`` of ``faces`` enhanced, and what became of each.

    ``fidelity`` runs from the most detail (0) to the most faithful (1). ``grey``: the photo is monochrome, and keeps
    its tone. A sharp face is left alone: ``eye`` says which is, else ``restorer`` itself. Where nothing changed,
    ``pixels`` itself comes back. Raises ModelFailed and Canceled.
    """
    outcomes = [Outcome(face) for face in faces]
    canvas = _Canvas(pixels)
    track.expect(len(chosen))
    for position, outcome in enumerate(outcomes):
        if position not in chosen:
            outcome.reason = "not chosen"
            continue
        _enhance(canvas, outcome, restorer, identity, fidelity, grey, eye, track)
        track.advance()
    return pixels if canvas.result is None else canvas.result, outcomes


def _enhance(
    canvas: _Canvas, outcome: Outcome, restorer: FaceRestorer, identity: FaceIdentity | None, fidelity: float,
    grey: bool, eye: FaceRestorer | None, track: Track,
) -> None:  # fmt: skip
    face, pixels = outcome.face, canvas.pixels
    if max(face.box[2:]) < _SMALLEST:
        outcome.reason = "too small"
        return
    side = restorer.size
    matrix = face.matrix * (side / alignment.FFHQ_SIDE)
    part = alignment.region(matrix, side, *pixels.shape[:2])
    aligned = alignment.crop(pixels[part.slices], part, matrix, side)
    # A model that paints faces anew does so with sharp ones too: it cannot say whether there is a need.
    strength = 1.0 if eye is None else _strength(pixels, face, eye)
    enhanced = restorer(aligned, fidelity) if strength > 0 else aligned
    if eye is None:
        strength = enhancement.strength(enhancement.need(aligned, enhanced, alignment.scale_of(matrix)))
    if strength == 0:
        outcome.reason = "sharp already"
        return
    made = enhancement.change(
        aligned, enhanced, identity, alignment.applied(matrix, face.landmarks),
        fidelity=fidelity, grey=grey, strength=strength,
    )  # fmt: skip
    outcome.similarity, outcome.reason = made.similarity, made.reason
    if made.change is None:
        return
    cover = enhancement.mask(side)
    own = _grain(pixels, part, matrix, cover) if fidelity > 0 else grain.NONE
    bands = part.bands()
    track.expect(len(bands))
    for band in bands:
        over = np.clip(alignment.back(cover, band, matrix), 0, 1)
        change = alignment.back(made.change, band, matrix)
        if own.visible:
            change = _grained(alignment.read(pixels, band), change, over, own, band, fidelity)
        if pixels.shape[2] == 1:
            change = change.mean(2, keepdims=True, dtype=np.float32)
        canvas.add(change, over, band)
        track.advance()
    outcome.enhanced = True


def _strength(pixels: Pixels, face: Face, eye: FaceRestorer) -> float:
    """How much of a change the face needs, as ``eye`` sees it: 0 where it is sharp."""
    matrix = face.matrix * (eye.size / alignment.FFHQ_SIDE)
    part = alignment.region(matrix, eye.size, *pixels.shape[:2])
    seen = alignment.crop(pixels[part.slices], part, matrix, eye.size)
    return enhancement.strength(enhancement.need(seen, eye(seen, 1.0), alignment.scale_of(matrix)))


def _grain(pixels: Pixels, part: alignment.Region, matrix: alignment.Matrix, cover: Floats) -> grain.Grain:
    """The grain of the face itself: what surrounds it may have a texture of its own."""
    outside = np.concatenate([alignment.back(cover, band, matrix) < 0.5 for band in part.bands()])
    return grain.measure(pixels[part.slices], outside)


def _grained(
    image: Floats, change: Floats, cover: Floats, own: grain.Grain, part: alignment.Region, fidelity: float
) -> Floats:
    """``change`` with the photo's grain where it took it away; the more faithful, the more of it."""
    smooth = np.clip(image + change, 0, 1)
    laid = grain.add(smooth, cover > 0.02, own, part.top, part.left) - smooth
    # Never more than what is gone.
    before, after, added = (_fine(picture) for picture in (image, smooth, laid))
    share = np.sqrt(np.clip((before - after) / np.maximum(added, 1e-9), 0, 1))
    return np.asarray(change + laid * (np.float32(fidelity) * cover * share)[..., None], np.float32)


def _fine(image: Floats) -> Floats:
    """The variance of the finest detail around each pixel, ``[h, w]``."""
    grey = image.mean(2)
    return np.asarray(cv2.blur(np.square(grey - cv2.GaussianBlur(grey, (0, 0), 2.0)), (9, 9)), np.float32)
