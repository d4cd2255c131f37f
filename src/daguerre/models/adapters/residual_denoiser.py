"""The denoiser of this project, which is told how strong the noise is at each pixel."""

from __future__ import annotations

from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel


class ResidualDenoiser:
    """A :class:`~daguerre.models.roles.Denoiser`."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self._session = loaded.session

    def __call__(self, window: Floats, sigma: Floats) -> Floats:
        noise: Floats = self._session.run({"image": window, "sigma": sigma})["residual"]
        return noise
