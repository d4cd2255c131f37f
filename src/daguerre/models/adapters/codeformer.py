"""CodeFormer (Zhou et al., 2022), which takes the fidelity itself."""

from __future__ import annotations

import numpy as np

from daguerre.models.adapters import gfpgan
from daguerre.models.roles import Floats
from daguerre.models.runtime.session import Arrays


class Adapter(gfpgan.Adapter):
    """A :class:`~daguerre.models.roles.FaceRestorer`."""

    def _inputs(self, image: Floats, fidelity: float) -> Arrays:
        return {"input": image, "weight": np.array([fidelity], np.float64)}
