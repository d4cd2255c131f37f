"""The fading estimator of this project: fifteen numbers and a coarse field that bring dyes back."""

from __future__ import annotations

import math

import numpy as np

from daguerre.models.roles import DyeCorrection, Floats
from daguerre.models.runtime.loaded import LoadedModel


class DyeFading:
    """A :class:`~daguerre.models.roles.FadingEstimator`."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.side = loaded.model.window
        self._session = loaded.session

    def __call__(self, density: Floats, quantiles: Floats) -> DyeCorrection:
        image = np.ascontiguousarray(density.transpose(2, 0, 1)[None])
        said = self._session.run({"density": image, "quantiles": quantiles[None]})
        told, field = said["globals"][0], np.ascontiguousarray(said["field"][0].transpose(1, 2, 0))
        expected = math.expm1(max(0.0, float(told[15])))
        return DyeCorrection(told[:3], told[3:6], told[6:9], told[9:15], field, expected)
