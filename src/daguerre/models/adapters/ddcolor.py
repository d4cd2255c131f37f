"""DDColor, tiny and large (Kang et al. 2023, https://arxiv.org/abs/2212.11613)."""

from __future__ import annotations

import cv2
import numpy as np

from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel


class DDColor:
    """A :class:`~daguerre.models.roles.Colorizer` of squares.

    The file takes one RGB image 0-1, ``[1, 3, N, N]``, and gives CIE ab ``[1, 2, N, N]``. It was trained on the gray
    that a lightness without chroma is in sRGB, so that is what it is fed. ``N`` is the file's own, else the entry's
    ``window``.
    """

    square = True
    takes_hints = False

    def __init__(self, loaded: LoadedModel) -> None:
        self._session = loaded.session
        (self._input,) = self._session.input_names
        height, width = self._session.input_shapes[self._input][2:]
        self.side = height or width or loaded.model.window

    def __call__(self, lightness: Floats, hints: Floats | None = None) -> Floats:
        """CIE L* ``[H, W]`` to CIE ab ``[N, N, 2]``; ``hints`` are not looked at. Raises ModelFailed."""
        del hints
        level = fitted(lightness, self.side)
        lab = np.zeros((*level.shape, 3), np.float32)
        lab[..., 0] = level
        gray = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)
        (chroma,) = self._session.run({self._input: gray.transpose(2, 0, 1)[None]}).values()
        return np.ascontiguousarray(chroma[0].transpose(1, 2, 0), np.float32)


def fitted(plane: Floats, side: int) -> Floats:
    """``plane`` ``[H, W]`` or ``[H, W, C]`` as a square of ``side`` pixels; its proportions may change."""
    height, width = plane.shape[:2]
    if (height, width) == (side, side):
        return plane
    how = cv2.INTER_AREA if min(height, width) >= side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (side, side), interpolation=how), np.float32)
