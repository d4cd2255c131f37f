"""MobileFaceNet (Chen et al., 2018), a small face embedding trained on ImageNet's scale of colours."""

from __future__ import annotations

import numpy as np

from daguerre.models.adapters import sface
from daguerre.models.roles import Floats

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class Adapter(sface.Adapter):
    """A :class:`~daguerre.models.roles.FaceIdentity`."""

    def _prepared(self, face: Floats) -> Floats:
        return np.asarray((face - _MEAN) / _DEVIATION, np.float32)
