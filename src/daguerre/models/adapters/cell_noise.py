"""The noise estimator of this project: noise, doubt and kind of each cell of 8 x 8 pixels."""

from __future__ import annotations

from daguerre.models.roles import Floats, NoiseCells
from daguerre.models.runtime.loaded import LoadedModel


class CellNoise:
    """A :class:`~daguerre.models.roles.NoiseEstimator`."""

    cell = 8

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self._session = loaded.session

    def __call__(self, window: Floats) -> NoiseCells:
        level, doubt, compression = self._session.run({"image": window})["level"][0]
        return NoiseCells(level, doubt, compression)
