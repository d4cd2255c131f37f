"""SFace, the face embedding of OpenCV's model zoo (Zhong et al., 2021)."""

from __future__ import annotations

import numpy as np

from daguerre.models.adapters.planes import to_planes
from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel


class SFace:
    """A :class:`~daguerre.models.roles.FaceIdentity`."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.size = loaded.model.window
        self._range = loaded.model.input_range
        self._session = loaded.session
        self._output = loaded.session.output_names[0]

    def __call__(self, face: Floats) -> Floats:
        vector = self._session.run({self._session.input_names[0]: self._planes(face)})[self._output][0]
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)

    def _planes(self, face: Floats) -> Floats:
        """``face`` as the network wants it."""
        return to_planes(face, self._range, bgr=True)
