"""MobileFaceNet (Chen et al., 2018), a small face embedding trained on ImageNet's scale of colors."""

from __future__ import annotations

import numpy as np

from daguerre.models.adapters.planes import to_planes
from daguerre.models.adapters.sface import SFace
from daguerre.models.roles import Floats

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class MobileFaceNet(SFace):
    """A :class:`~daguerre.models.roles.FaceIdentity`."""

    def _planes(self, face: Floats) -> Floats:
        return to_planes(np.asarray((face - _MEAN) / _DEVIATION, np.float32))
