"""The inpainter of this project: says what a smooth first fill lacks."""

from __future__ import annotations

import numpy as np

from daguerre.models.adapters.planes import to_planes
from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel


class ResidualInpainter:
    """An :class:`~daguerre.models.roles.Inpainter` that is led over the photo tile by tile."""

    window = 0

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self._session = loaded.session

    def __call__(self, image: Floats, hole: Floats) -> Floats:
        inputs = {"image": to_planes(image), "mask": hole[None, None].astype(np.float32)}
        residual: Floats = self._session.run(inputs)["residual"][0].transpose(1, 2, 0)
        return residual
