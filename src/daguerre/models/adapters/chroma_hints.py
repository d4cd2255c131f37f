"""The colorizer of this project: lightness and hints to chroma at a part of their size."""

from __future__ import annotations

import numpy as np

from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.tiling.geometry import ceil_div


class ChromaHints:
    """A :class:`~daguerre.models.roles.Colorizer`. What is not a multiple of its needs is filled up by repetition."""

    square = False
    takes_hints = True

    def __init__(self, loaded: LoadedModel) -> None:
        self.side = loaded.model.window
        self._multiple = loaded.model.multiple
        self._session = loaded.session

    def __call__(self, lightness: Floats, hints: Floats | None = None) -> Floats:
        height, width = lightness.shape
        around = [(0, -length % self._multiple) for length in (height, width)]
        light = np.pad(lightness / np.float32(100), around, "edge")
        known = np.zeros((3, *light.shape), np.float32)
        if hints is not None:
            known[:, :height, :width] = hints.transpose(2, 0, 1) / np.array([100, 100, 1], np.float32)[:, None, None]
        chroma = self._session.run({"lightness": light[None, None].astype(np.float32), "hints": known[None]})["chroma"]
        stride = light.shape[0] // chroma.shape[2]
        kept = chroma[0, :, : ceil_div(height, stride), : ceil_div(width, stride)]
        return np.ascontiguousarray(kept.transpose(1, 2, 0))
