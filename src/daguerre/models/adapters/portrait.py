"""The face enhancer of this project: says what to add to an aligned face."""

from __future__ import annotations

import numpy as np

from daguerre.models.catalog import Network
from daguerre.models.roles import Floats
from daguerre.models.session import Session


class Adapter:
    """A :class:`~daguerre.models.roles.FaceRestorer`; ``fidelity`` is the step's matter."""

    def __init__(self, session: Session, network: Network) -> None:
        self.size = network.tile
        self._session = session

    def __call__(self, face: Floats, fidelity: float) -> Floats:
        del fidelity
        image = np.ascontiguousarray(face.transpose(2, 0, 1)[None], np.float32)
        made = image + self._session.run({"image": image})["residual"]
        return np.ascontiguousarray(np.clip(made[0], 0, 1).transpose(1, 2, 0))
