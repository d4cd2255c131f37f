"""The client for programs without an event loop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self

import httpx
from anyio.from_thread import start_blocking_portal

from daguerre.client.asynchronous import AsyncClient, PhotoSource
from daguerre.client.status import JobStatus
from daguerre.settings import Settings


class Client:
    """What :class:`~daguerre.client.AsyncClient` does, one call after the other. Thread-safe.

    ::

        with Client("https://photos.example", key) as client:
            job = client.submit("grandma.jpg", colorize=True)
            for status in client.follow(job):
                print(status.percent, status.stage)
            client.download(job, "grandma_restored.jpg")
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        patience_s: float = 120.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._stack = ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal())
        self._client = self._portal.call(
            partial(self._make, url, key, patience_s=patience_s, transport=transport)
        )  # fmt: skip
        self._stack.callback(self._portal.call, self._client.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back, and end the thread that holds them."""
        self._stack.close()

    def submit(
        self,
        photo: PhotoSource,
        settings: Settings | None = None,
        *,
        mask: PhotoSource | None = None,
        filename: str | None = None,
        id: str | None = None,
        job_class: Literal["interactive", "batch"] = "interactive",
        **settings_fields: Any,
    ) -> str:
        """Submit a photo, a path or a file's bytes, and give the job's id: ``id``, or a new one."""
        return self._portal.call(
            partial(
                self._client.submit, photo, settings, mask=mask, filename=filename, id=id, job_class=job_class,
                **settings_fields,
            )
        )  # fmt: skip

    def status(self, job: str) -> JobStatus:
        """How far a job is."""
        return self._portal.call(self._client.status, job)

    def follow(self, job: str) -> Iterator[JobStatus]:
        """Every state of a job, until it has ended; goes on where it was after a lost connection."""
        states = self._client.follow(job)

        async def next_state() -> JobStatus | None:
            return await anext(states, None)

        try:
            while (status := self._portal.call(next_state)) is not None:
                yield status
        finally:
            self._portal.call(states.aclose)

    def wait(self, job: str) -> JobStatus:
        """Until a job is complete. Raises :class:`~daguerre.errors.JobFailed`."""
        return self._portal.call(self._client.wait, job)

    def download(self, job: str, path: str | os.PathLike[str]) -> str:
        """Store the restored photo of a complete job at ``path``, whole or not at all, and give the name it has there.

        A download that breaks off goes on where it was. Raises JobFailed where there is none, and ``OSError``.
        """
        return self._portal.call(self._client.download, job, path)

    def cancel(self, job: str) -> bool:
        """Stop a job; false where it had ended."""
        return self._portal.call(self._client.cancel, job)

    def remove(self, job: str) -> None:
        """Remove a job and its files, whatever it does."""
        self._portal.call(self._client.remove, job)

    @staticmethod
    async def _make(
        url: str, key: str | None, *, patience_s: float, transport: httpx.AsyncBaseTransport | None
    ) -> AsyncClient:
        return AsyncClient(url, key, patience_s=patience_s, transport=transport)
