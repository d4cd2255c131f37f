"""CodeFormer (Zhou et al., 2022), which takes the fidelity itself."""

from __future__ import annotations

import numpy as np

from daguerre.models.adapters.gfpgan import GFPGAN
from daguerre.models.roles import Floats
from daguerre.models.runtime.session import Arrays


class CodeFormer(GFPGAN):
    """A :class:`~daguerre.models.roles.FaceRestorer`."""

    def _inputs(self, planes: Floats, fidelity: float) -> Arrays:
        return {"input": planes, "weight": np.array([fidelity], np.float64)}
