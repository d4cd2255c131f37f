"""Fill damage from its surroundings, by whichever inpainter there is."""

from __future__ import annotations

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import Inpainter
from daguerre.pipeline.inpaint.holes import FEATHER, Mask
from daguerre.pipeline.inpaint.refine import refine_by_tiles
from daguerre.pipeline.inpaint.windows import fill_by_windows
from daguerre.progress import Track

__all__ = ["FEATHER", "Mask", "fill"]


def fill(pixels: Pixels, mask: Mask, inpainter: Inpainter, *, track: Track) -> Pixels:
    """Fill ``mask`` ``[H, W]`` in ``pixels`` ``[H, W, 1|3]``; a new array of the same shape and dtype.

    Pixels further than ``FEATHER`` from the mask are identical to the bit. Where nothing or everything is masked, the
    photo comes back as it is. Raises ModelFailed and Canceled.
    """
    if not mask.any() or mask.all():
        return pixels.copy()
    lead = fill_by_windows if inpainter.window else refine_by_tiles
    return lead(pixels, mask, inpainter, track=track)
