"""The judge of this project that tells monochrome photos from color ones."""

from __future__ import annotations

from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel


class ToneJudge:
    """A :class:`~daguerre.models.roles.MonochromeJudge`."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._session = loaded.session

    def __call__(self, planes: Floats) -> float:
        return float(self._session.run({"planes": planes[None]})["logit"][0, 0])
