"""The HTTP service from Python: :class:`Client`, and :class:`AsyncClient` for event loops."""

from daguerre.client.asynchronous import AsyncClient
from daguerre.client.blocking import Client
from daguerre.client.status import JobStatus

__all__ = ["AsyncClient", "Client", "JobStatus"]
