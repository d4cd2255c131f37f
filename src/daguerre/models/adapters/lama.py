"""LaMa (Suvorov et al., 2022): a window of 512 pixels and its hole."""

from __future__ import annotations

import numpy as np

from daguerre.models.catalog import Model
from daguerre.models.roles import Floats
from daguerre.models.runtime.session import Session


class Adapter:
    """An :class:`~daguerre.models.roles.Inpainter`."""

    size = 512

    def __init__(self, session: Session, model: Model) -> None:
        del model
        self._session = session
        self._output = session.output_names[0]

    def __call__(self, image: Floats, hole: Floats) -> Floats:
        inputs = {"image": image.transpose(2, 0, 1)[None], "mask": (hole > 0.5)[None, None].astype(np.float32)}
        filled = self._session.run(inputs)[self._output][0].transpose(1, 2, 0) / np.float32(255)
        return np.ascontiguousarray(np.clip(filled, 0, 1), np.float32)
