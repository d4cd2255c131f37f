"""One face: how soft it is, what the model would change, and how much of that the photo bears out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.models.roles import FaceIdentity, Floats
from daguerre.pipeline.faces import alignment

SHARP = 0.013
"""What a model would change of a face as the photo shows it, as a share of the face's contrast, up to which the face
is sharp. Clean faces of 128 to 1024 pixels stay below 0.012; those blurred by a sigma of 1.5 pixels, or brought down by
4, lie between 0.014 and 0.037, those brought down by 8 beyond 0.05 (images of benchmarks/faces.py)."""
_SOFT = 1.5 * SHARP
"""From which on the whole change is used."""
_SEEN = 2.0
"""Sigma, in the photo's pixels, of the Gaussian through which that is looked at: noise and grain do not pass."""
_FAINT = 0.03
"""Least contrast that is believed."""
_LUMA = (0.299, 0.587, 0.114)
_EDGES = 0.04
_PIXEL = 0.55
"""Variance of the blur that differences of neighboring pixels add."""
_LOW = 12
"""Of the cosine transform of an aligned face, so many coefficients a side are its low frequencies."""
_HIGH_AT_ONE = 0.3
"""What of the finer changes stays at fidelity 1."""
_CHROMA = 0.6
_DIFFERENT, _ANOTHER = 0.03, 0.1
"""Root mean square by which a face, brought back to the photo's sharpness, may differ before its change is lessened,
and before it is given up."""
_ALIKE, _STRANGER = 0.75, 0.5
"""Cosine of the embeddings before and after, below which the change is lessened, and given up."""
_TRIES = 4
_VISIBLE = 1 / 255
"""Root mean square of a change, over the face, below which nobody sees it."""
_FINE_AT_ZERO = 1.5
"""How much of the finer changes is used at fidelity 0. Six faces brought down by 8 have the same perceptual distance
with 1 and 1.5 (0.251 and 0.250; 0.300 as they came) and 0.3 dB of PSNR less; 2.2 is worse."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to add to an aligned face ``[S, S, 3]``, or why nothing; ``similarity`` is of the person, where measured."""

    change: Floats | None
    reason: str | None = None
    similarity: float | None = None


def blur_of(face: Floats) -> float:
    """The sigma of the Gaussian, in pixels, by which the strongest edges of ``[S, S, 3]`` are soft.

    An edge blurred by s and seen by derivatives of Gaussians of sigma 1 and 2 answers as 1 / sqrt(sigma^2 + s^2)
    (Elder and Zucker, 1998); noise hardly matters at the strongest.
    """
    gray = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    fine, coarse = (_slope(cv2.GaussianBlur(gray, (0, 0), sigma)) for sigma in (1.0, 2.0))
    edges = coarse >= np.quantile(coarse, 1 - _EDGES)
    ratio = float(np.median(fine[edges] / np.maximum(coarse[edges], 1e-6))) ** 2
    if ratio <= 1.0:
        return float("inf")
    return float(np.sqrt(max(0.0, (4 - ratio) / (ratio - 1) - _PIXEL)))


def need(face: Floats, made: Floats, scale: float) -> float:
    """How much ``made`` differs from the aligned ``face`` ``[S, S, 3]`` of ``scale`` pixels per photo's: see ``SHARP``.

    A model that has nothing to add changes nothing that is seen from two pixels away.
    """
    side = face.shape[0]
    middle = np.s_[side // 5 : -side // 6, side // 5 : -side // 5]
    sigma = _SEEN * max(1.0, scale)
    gray, change = (
        cv2.GaussianBlur(image @ np.array(_LUMA, np.float32), (0, 0), sigma)[middle] for image in (face, made - face)
    )
    return float(np.sqrt(np.square(change).mean()) / max(_FAINT, float(gray.std())))


def strength(need: float) -> float:
    """How much of a change is used: 0 for a sharp face, then from half to all of it."""
    if need <= SHARP:
        return 0.0
    return 0.5 + 0.5 * min(1.0, (need - SHARP) / (_SOFT - SHARP))


def _slope(image: Floats) -> Floats:
    return np.asarray(np.hypot(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)), np.float32)


def mask(side: int) -> Floats:
    """``[side, side]`` 0-1: what an aligned face shows, head and hair, fading out towards its edges."""
    y, x = (np.mgrid[:side, :side].astype(np.float32) + np.float32(0.5)) / np.float32(side)
    distance = (np.abs((x - 0.5) / 0.48) ** 4 + np.abs((y - 0.5) / 0.48) ** 4) ** (1 / 4)
    return np.asarray(_smooth(np.clip((1.0 - distance) / 0.22, 0, 1)), np.float32)


def _smooth(x: Floats) -> Floats:
    return x * x * (3 - 2 * x)


def weights(fidelity: float) -> tuple[float, float]:
    """How much of the low and of the high frequencies of a change is used: no low ones at 1, more than all of the high
    ones below 0.5."""
    left = 1 - fidelity**4
    more = 1 + (_FINE_AT_ZERO - 1) * max(0.0, 1 - 2 * fidelity)
    return left, (_HIGH_AT_ONE + (1 - _HIGH_AT_ONE) * left) * more


def is_visible(change: Floats) -> bool:
    """Whether one sees ``change`` ``[S, S, 3]`` of an aligned face."""
    inside = mask(change.shape[0]) > 0.5
    return float(np.sqrt(np.square(change[inside]).mean())) >= _VISIBLE


def change(
    face: Floats,
    made: Floats,
    identity: FaceIdentity | None,
    landmarks: npt.NDArray[np.float64],
    *,
    fidelity: float,
    gray: bool,
    strength: float = 1.0,
) -> Change:
    """What of the difference between an aligned ``face`` ``[S, S, 3]`` and ``made``, the same enhanced, is used.

    ``landmarks`` ``[5, 2]`` are those of the aligned face. ``gray`` photos are changed in lightness only. At fidelity
    1 the low frequencies of the change are zero. ``strength`` 0-1 scales it. Raises ModelFailed.
    """
    added = np.asarray(made - face, np.float32)
    lightness = added @ np.array(_LUMA, np.float32)
    chroma = np.float32(0.0 if gray else _CHROMA)
    added = lightness[..., None] + chroma * (added - lightness[..., None])
    blend = mask(face.shape[0])
    off = _disagreement(added, blend, blur_of(face)) * strength
    if off > _ANOTHER:
        return Change(None, "the enhanced face did not match the photo")
    reason = None
    if off > _DIFFERENT:
        strength *= _DIFFERENT / off
        reason = "enhanced with restraint: more would not have matched the photo"
    before = None if identity is None else _embed(face, identity, landmarks)
    similarity = None
    for _ in range(_TRIES):
        result = _weighed(added * blend[..., None], fidelity, strength)
        if identity is None or before is None:
            break
        similarity = float(before @ _embed(np.clip(face + result, 0, 1), identity, landmarks))
        if similarity >= _ALIKE:
            break
        strength *= 0.6
        reason = "enhanced with restraint: more would have made another person"
    if similarity is not None and similarity < _STRANGER:
        return Change(None, "enhancing would have made another person", similarity)
    return Change(result, reason, similarity)


def _weighed(added: Floats, fidelity: float, strength: float) -> Floats:
    low_share, high_share = weights(fidelity)
    if low_share == high_share == 1:
        return np.asarray(added * np.float32(strength), np.float32)
    low = np.stack([_low(added[..., channel]) for channel in range(3)], 2)
    return np.asarray((low * low_share + (added - low) * high_share) * strength, np.float32)


def _low(plane: Floats) -> Floats:
    """The low frequencies: a projection, so that what is left has none at all."""
    spectrum = cv2.dct(np.ascontiguousarray(plane))
    spectrum[_LOW:] = 0
    spectrum[:, _LOW:] = 0
    return np.asarray(cv2.dct(spectrum, flags=cv2.DCT_INVERSE), np.float32)


def _disagreement(added: Floats, blend: Floats, soft: float) -> float:
    """Root mean square of the change after it is blurred as the photo is: 0 where the face only became sharper."""
    seen = cv2.GaussianBlur(added, (0, 0), min(12.0, max(2.0, soft)))
    return float(np.sqrt((np.square(seen).mean(2) * blend).sum() / blend.sum()))


def _embed(face: Floats, identity: FaceIdentity, landmarks: npt.NDArray[np.float64]) -> Floats:
    matrix = alignment.similarity(landmarks, alignment.ARCFACE * (identity.size / alignment.ARCFACE_SIDE))
    whole = alignment.Region(0, 0, face.shape[0], face.shape[1])
    return identity(alignment.crop(np.asarray(face, np.float32), whole, matrix, identity.size))
