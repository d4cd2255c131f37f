"""SFace, the face embedding of OpenCV's model zoo (Zhong et al., 2021)."""

from __future__ import annotations

import numpy as np

from daguerre.models.catalog import Model
from daguerre.models.roles import Floats
from daguerre.models.runtime.session import Session


class Adapter:
    """A :class:`~daguerre.models.roles.FaceIdentity`."""

    def __init__(self, session: Session, model: Model) -> None:
        del model
        self._session = session
        self._output = session.output_names[0]

    def __call__(self, face: Floats) -> Floats:
        image = self._prepared(face).transpose(2, 0, 1)[None]
        vector = self._session.run({self._session.input_names[0]: image})[self._output][0]
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)

    def _prepared(self, face: Floats) -> Floats:
        """``[112, 112, 3]`` RGB 0-1 as the model wants it."""
        return np.asarray(face[..., ::-1] * np.float32(255), np.float32)
