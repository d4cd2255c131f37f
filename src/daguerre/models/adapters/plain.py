"""Networks of this project that their step calls by the names of their inputs."""

from __future__ import annotations

from daguerre.models.catalog import Network
from daguerre.models.session import Session


class Adapter:
    """Worker out the ``session`` itself."""

    def __init__(self, session: Session, network: Network) -> None:
        self.session = session
        self.network = network
