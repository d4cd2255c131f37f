"""GFPGAN (Wang et al., 2021) and RestoreFormer++ (Wang et al., 2023): one aligned face in and out."""

from __future__ import annotations

import numpy as np

from daguerre.models.adapters.planes import to_image, to_planes
from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.models.runtime.session import Arrays


class GFPGAN:
    """A :class:`~daguerre.models.roles.FaceRestorer`. The files give RGB of -1 to 1."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.size = loaded.model.window
        self._range = loaded.model.input_range
        self._session = loaded.session
        self._output = loaded.session.output_names[0]

    def __call__(self, face: Floats, fidelity: float) -> Floats:
        made = to_image(self._session.run(self._inputs(to_planes(face, self._range), fidelity))[self._output])
        return np.clip((made + 1) / 2, 0, 1)

    def _inputs(self, planes: Floats, fidelity: float) -> Arrays:
        """What the file takes, by name."""
        del fidelity
        return {"input": planes}
