"""Enhancing the faces of a photo, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from daguerre import face as reported
from daguerre.imaging.photo import Pixels
from daguerre.models.roles import FaceIdentity, FaceRestorer, Floats
from daguerre.pipeline import grain
from daguerre.pipeline.faces import alignment, enhancement
from daguerre.pipeline.faces.candidates import Face
from daguerre.progress import Track
from daguerre.tiling.blending import add_change

NARROWEST = 24
"""Pixels of the photo across a face below which there is too little to go by."""
_WIDTH = 274 / alignment.FFHQ_SIDE
"""Width of a face as a share of the aligned one: 2.17 times the distance of the eyes."""


@dataclass(slots=True)
class Outcome:
    """What became of one face."""

    face: Face
    enhanced: bool = False
    reason: str | None = None
    similarity: float | None = None

    def report(self) -> reported.Face:
        """As results carry it: box in whole pixels, confidence and similarity to three decimals."""
        left, top, width, height = (round(length) for length in self.face.box)
        similarity = None if self.similarity is None else round(self.similarity, 3)
        return reported.Face(
            (left, top, width, height), round(self.face.confidence, 3), self.enhanced, self.reason, similarity
        )


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
        self.result[part.slices] = add_change(self.result[part.slices], change * (1 - before)[..., None])
        self.covered[part.slices] = np.maximum(before, cover).astype(np.float16)


@dataclass(frozen=True, slots=True)
class FaceEnhancer:
    """Enhances faces with the ``restorer``, and keeps them who they are.

    ``identity`` compares each before and after, where there is one. A sharp face is left alone: ``sharpness_reference``
    says which is, else the ``restorer`` itself; a model that paints faces anew cannot say whether there is a need.
    ``fidelity`` runs from the most detail (0) to the most faithful (1). A ``gray`` photo keeps its tone.
    Faces of less than ``narrowest`` pixels across are left alone.
    """

    restorer: FaceRestorer
    identity: FaceIdentity | None
    sharpness_reference: FaceRestorer | None
    fidelity: float
    gray: bool
    narrowest: float = NARROWEST

    def enhance(
        self, pixels: Pixels, faces: Sequence[Face], chosen: set[int], track: Track
    ) -> tuple[Pixels, list[Outcome]]:
        """``pixels`` ``[H, W, 1|3]`` with the ``chosen`` of ``faces`` enhanced, and what became of each.

        Where nothing changed, ``pixels`` itself comes back. Raises ModelFailed and Canceled.
        """
        outcomes = [Outcome(face) for face in faces]
        canvas = _Canvas(pixels)
        track.expect(len(chosen))
        for position, outcome in enumerate(outcomes):
            if position not in chosen:
                outcome.reason = "not chosen"
                continue
            self._enhance(canvas, outcome, track)
            track.advance()
        return pixels if canvas.result is None else canvas.result, outcomes

    def _enhance(self, canvas: _Canvas, outcome: Outcome, track: Track) -> None:
        face, pixels = outcome.face, canvas.pixels
        side = self.restorer.size
        matrix = face.matrix * (side / alignment.FFHQ_SIDE)
        if _WIDTH * side / alignment.scale_of(matrix) < self.narrowest:
            outcome.reason = "too small"
            return
        part = alignment.region(matrix, side, *pixels.shape[:2])
        aligned = alignment.crop(pixels[part.slices], part, matrix, side)
        reference = self.sharpness_reference
        strength = 1.0 if reference is None else _strength(pixels, face, reference)
        enhanced = self.restorer(aligned, self.fidelity) if strength > 0 else aligned
        if reference is None:
            strength = enhancement.strength(enhancement.need(aligned, enhanced, alignment.scale_of(matrix)))
        if strength == 0:
            outcome.reason = "sharp already"
            return
        made = enhancement.change(
            aligned,
            enhanced,
            self.identity,
            alignment.applied(matrix, face.landmarks),
            fidelity=self.fidelity,
            gray=self.gray,
            strength=strength,
        )
        outcome.similarity, outcome.reason = made.similarity, made.reason
        if made.change is None:
            return
        if not enhancement.is_visible(made.change):
            outcome.reason = "nothing visible would change"
            return
        self._put_back(canvas, made.change, part, matrix, track)
        outcome.enhanced = True

    def _put_back(
        self, canvas: _Canvas, added: Floats, part: alignment.Region, matrix: alignment.Matrix, track: Track
    ) -> None:
        """Add the change of an aligned face to the ``part`` of the photo that it comes from."""
        pixels = canvas.pixels
        cover = enhancement.mask(added.shape[0])
        own = _grain(pixels, part, matrix, cover) if self.fidelity > 0 else grain.NONE
        bands = part.bands()
        track.expect(len(bands))
        for band in bands:
            over = np.clip(alignment.back(cover, band, matrix), 0, 1)
            change = alignment.back(added, band, matrix)
            if own.visible:
                change = _grained(alignment.read(pixels, band), change, over, own, band, self.fidelity)
            if pixels.shape[2] == 1:
                change = change.mean(2, keepdims=True, dtype=np.float32)
            canvas.add(change, over, band)
            track.advance()


def _strength(pixels: Pixels, face: Face, reference: FaceRestorer) -> float:
    """How much of a change the face needs, as ``reference`` sees it: 0 where it is sharp."""
    matrix = face.matrix * (reference.size / alignment.FFHQ_SIDE)
    part = alignment.region(matrix, reference.size, *pixels.shape[:2])
    seen = alignment.crop(pixels[part.slices], part, matrix, reference.size)
    return enhancement.strength(enhancement.need(seen, reference(seen, 1.0), alignment.scale_of(matrix)))


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
    before, after, added = (_fine(plane) for plane in (image, smooth, laid))
    share = np.sqrt(np.clip((before - after) / np.maximum(added, 1e-9), 0, 1))
    return np.asarray(change + laid * (np.float32(fidelity) * cover * share)[..., None], np.float32)


def _fine(image: Floats) -> Floats:
    """The variance of the finest detail around each pixel, ``[h, w]``."""
    gray = image.mean(2)
    return np.asarray(cv2.blur(np.square(gray - cv2.GaussianBlur(gray, (0, 0), 2.0)), (9, 9)), np.float32)
