"""Real-ESRGAN x4plus (Wang et al., 2021): four times the size, of whatever is seen."""

from __future__ import annotations

import cv2
import numpy as np

from daguerre.models.adapters.planes import to_image, to_planes
from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.models.runtime.session import Session

_SCALE = 4
_SMALL, _LARGE = 128, 256
"""Sides at which a face is seen."""
_LOST = 2 / 255
"""Root mean square of what a face may lose at the smaller side."""


class RealESRGAN:
    """An :class:`~daguerre.models.roles.Upscaler`; twice the size is four times the size, averaged."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self._session = loaded.session

    def __call__(self, window: Floats, factor: int) -> Floats:
        large = _enlarged(self._session, window)
        if factor == _SCALE:
            return large
        height, width = (factor * length for length in window.shape[2:])
        return to_planes(np.asarray(cv2.resize(to_image(large), (width, height), interpolation=cv2.INTER_AREA)))


class RealESRGANFaces:
    """A :class:`~daguerre.models.roles.FaceRestorer`: the face is made small and enlarged, as small as it is soft."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.size = loaded.model.window
        self._session = loaded.session

    def __call__(self, face: Floats, fidelity: float) -> Floats:
        del fidelity
        small = self._seen(face, _SMALL)
        back = cv2.resize(small, (self.size, self.size), interpolation=cv2.INTER_CUBIC)
        if np.sqrt(np.square(back - face).mean()) > _LOST:
            small = self._seen(face, _LARGE)
        made = to_image(_enlarged(self._session, to_planes(small)))
        if made.shape[0] != self.size:
            made = np.asarray(cv2.resize(made, (self.size, self.size), interpolation=cv2.INTER_AREA), np.float32)
        return made

    def _seen(self, face: Floats, side: int) -> Floats:
        return np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA), np.float32)


def _enlarged(session: Session, window: Floats) -> Floats:
    return np.clip(session.run({"image": window})["enlarged"], 0, 1)
