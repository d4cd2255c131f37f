"""GFPGAN (Wang et al., 2021) and RestoreFormer++ (Wang et al., 2023): one aligned face of 512 pixels in and out."""

from __future__ import annotations

import numpy as np

from daguerre.models.catalog import Model
from daguerre.models.roles import Floats
from daguerre.models.runtime.session import Arrays, Session


class Adapter:
    """A :class:`~daguerre.models.roles.FaceRestorer`."""

    size = 512

    def __init__(self, session: Session, model: Model) -> None:
        del model
        self._session = session
        self._output = session.output_names[0]

    def __call__(self, face: Floats, fidelity: float) -> Floats:
        image = (face.transpose(2, 0, 1)[None] - np.float32(0.5)) / np.float32(0.5)
        made = self._session.run(self._inputs(image, fidelity))[self._output][0]
        return np.ascontiguousarray(np.clip((made.transpose(1, 2, 0) + 1) / 2, 0, 1), np.float32)

    def _inputs(self, image: Floats, fidelity: float) -> Arrays:
        """What the model takes, by name, for ``image`` ``[1, 3, 512, 512]`` of -1 to 1."""
        del fidelity
        return {"input": image}
