"""Models of this project that their step calls by the names of their inputs."""

from __future__ import annotations

from daguerre.models.catalog import Model
from daguerre.models.runtime.session import Session


class Adapter:
    """Hands out the ``session`` itself."""

    def __init__(self, session: Session, model: Model) -> None:
        self.session = session
        self.model = model
