"""Which pixels of a photo are damaged."""

from __future__ import annotations

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import DamageDetector
from daguerre.pipeline.damage.mask import Mask, threshold, to_mask
from daguerre.progress import Track

__all__ = ["Mask", "find", "threshold", "to_mask"]


def find(pixels: Pixels, detector: DamageDetector, *, sensitivity: float, track: Track) -> Mask:
    """Where ``pixels`` ``[H, W, 1|3]`` are damaged: ``[H, W]``. Raises ModelFailed and Canceled."""
    return to_mask(detector.find(pixels, sensitivity, track), sensitivity, detector.rule)
