"""The enlarger of this project: says what to add to bicubic enlargements."""

from __future__ import annotations

import cv2
import numpy as np

from daguerre.models.adapters.planes import to_image, to_planes
from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel


class Enlarger:
    """An :class:`~daguerre.models.roles.Upscaler`."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self._session = loaded.session

    def __call__(self, window: Floats, factor: int) -> Floats:
        plain = cv2.resize(to_image(window), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        enlarged: Floats = to_planes(np.asarray(plain, np.float32)) + self._session.run({"image": window})[f"x{factor}"]
        return enlarged
