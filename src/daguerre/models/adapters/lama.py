"""LaMa (Suvorov et al., 2022): a window and its hole; the file's own size is 512 pixels."""

from __future__ import annotations

import numpy as np

from daguerre.models.adapters.planes import to_image, to_planes
from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel


class LaMa:
    """An :class:`~daguerre.models.roles.Inpainter`. Takes RGB 0-1 and a mask, gives RGB 0-255."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self.window = loaded.model.window
        self._session = loaded.session
        self._output = loaded.session.output_names[0]

    def __call__(self, image: Floats, hole: Floats) -> Floats:
        inputs = {"image": to_planes(image), "mask": (hole > 0.5)[None, None].astype(np.float32)}
        filled = to_image(self._session.run(inputs)[self._output]) / np.float32(255)
        return np.asarray(np.clip(filled, 0, 1) - image, np.float32)
