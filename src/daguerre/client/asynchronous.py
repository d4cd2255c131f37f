"""The client for event loops; the other one is made of it."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self
from urllib.parse import quote, unquote

import httpx

from daguerre.client.retrying import Passing, Retrying, accepted
from daguerre.client.status import JobStatus
from daguerre.errors import JobFailed, ServiceRefused
from daguerre.files import whole_file
from daguerre.settings import Settings

PhotoSource = str | os.PathLike[str] | bytes

_TOOL = "/api/v1/tools/restore-photo"
_JOBS = "/api/v1/jobs"
_DOWNLOAD = "/api/v1/download"
_CONNECT_S = 10.0
_SILENCE_S = 60.0
"""The service is silent for 20 seconds at most."""


class AsyncClient:
    """The service at ``url``, asked with ``key``.

    What may pass (a lost connection, a service that restarts or is full) is tried again until nothing has gone well for
    ``patience_s``; nothing is submitted twice by that. Every method raises :class:`~daguerre.errors.ServiceRefused`
    and :class:`~daguerre.errors.ServiceUnreachable`.

    ::

        async with AsyncClient("https://photos.example", key) as client:
            job = await client.submit("grandma.jpg", colorize=True)
            async for status in client.follow(job):
                print(status.percent, status.stage)
            await client.download(job, "grandma_restored.jpg")
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        patience_s: float = 120.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._patience_s = patience_s
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"), transport=transport, follow_redirects=True,
            headers={"User-Agent": "daguerre"} | ({"Authorization": f"Bearer {key}"} if key else {}),
            timeout=httpx.Timeout(_SILENCE_S, connect=_CONNECT_S),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def submit(
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
        """Submit a photo, a path or a file's bytes, and give the job's id: ``id``, or a new one.

        Fields of :class:`~daguerre.settings.Settings` may be given one by one. Raises InvalidSettings and ``OSError``.
        """
        wanted = (settings or Settings()).updated(**settings_fields)
        job = id or str(uuid.uuid4())
        data = {
            "clientJobId": job, "jobClass": job_class,
            "settings": wanted.model_dump_json(by_alias=True, exclude_unset=True),
        }  # fmt: skip
        tries = 0

        async def ask() -> str:
            nonlocal tries
            tries += 1
            with ExitStack() as stack:
                files = {"file": (filename or _name(photo), _opened(photo, stack))}
                if mask is not None:
                    files["mask"] = (_name(mask), _opened(mask, stack))
                answer = await self._http.post(_TOOL, data=data, files=files)
            try:
                accepted(answer)
            except ServiceRefused as refusal:
                # The answer to an earlier try was lost.
                if tries == 1 or refusal.reason != "JOB_EXISTS":
                    raise
            return job

        return await Retrying(self._patience_s).insist(ask)

    async def status(self, job: str) -> JobStatus:
        """How far a job is."""
        answer = await self._ask("GET", f"{_JOBS}/{quote(job, safe='')}")
        return JobStatus.of(answer.json())

    async def follow(self, job: str) -> AsyncGenerator[JobStatus, None]:
        """Every state of a job, until it has ended; goes on where it was after a lost connection."""
        retrying, told = Retrying(self._patience_s), ""
        address = f"{_JOBS}/{quote(job, safe='')}/progress"
        while True:
            # A stream would wait for a job that is not there.
            await self.status(job)
            fault: httpx.TransportError | Passing | None = None
            headers = {"Last-Event-ID": told} if told else {}
            try:
                async with self._http.stream("GET", address, params={"events": "named"}, headers=headers) as answer:
                    if answer.status_code >= 400:
                        await answer.aread()
                        accepted(answer)
                    async for number, data in _events(answer.aiter_lines()):
                        retrying.begin()
                        told = number
                        status = JobStatus.of(json.loads(data))
                        yield status
                        if status.ended:
                            return
            except (httpx.TransportError, Passing) as error:
                fault = error
            await retrying.pause(fault)

    async def wait(self, job: str) -> JobStatus:
        """Until a job is complete. Raises :class:`~daguerre.errors.JobFailed`."""
        async for status in self.follow(job):
            if status.phase == "failed":
                raise JobFailed(status.error or "The job has failed.", status.code)
            last = status
        return last

    async def download(self, job: str, path: str | os.PathLike[str]) -> str:
        """Store the restored photo of a complete job at ``path``, whole or not at all, and give the name it has there.

        A download that breaks off goes on where it was. Raises JobFailed where there is none, and ``OSError``.
        """
        status = await self.status(job)
        address = (status.result or {}).get("downloadUrl")
        if address is None:
            raise JobFailed(status.error or "There is no restored photo: the job is not complete.", status.code)
        # The service's address may begin with the path of its proxy, as ours does already.
        name = address.rpartition("/")[2]
        with whole_file(Path(path)) as file:
            rest = _Rest(self._http, f"{_DOWNLOAD}/{quote(job, safe='')}/{name}", file)
            retrying = Retrying(self._patience_s)
            while True:
                before = file.tell()
                try:
                    await rest.fetch()
                    break
                except (httpx.TransportError, Passing) as error:
                    if file.tell() > before:
                        retrying.begin()
                    await retrying.pause(error)
        return unquote(name)

    async def cancel(self, job: str) -> bool:
        """Stop a job; false where it had ended."""
        answer = await self._ask("POST", f"{_JOBS}/{quote(job, safe='')}/cancel")
        return bool(answer.json()["canceled"])

    async def remove(self, job: str) -> None:
        """Remove a job and its files, whatever it does."""
        await self._ask("DELETE", f"{_JOBS}/{quote(job, safe='')}")

    async def _ask(self, method: str, address: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            return accepted(await self._http.request(method, address))

        return await Retrying(self._patience_s).insist(ask)


class _Rest:
    """What is missing in ``file`` of the file at ``address``, or all of it where that has changed."""

    def __init__(self, http: httpx.AsyncClient, address: str, file: IO[bytes]) -> None:
        self._http = http
        self._address = address
        self._file = file
        self._etag = ""

    async def fetch(self) -> None:
        """As much as comes."""
        headers = {"Accept-Encoding": "identity"}
        if self._etag and self._file.tell():
            headers |= {"Range": f"bytes={self._file.tell()}-", "If-Range": self._etag}
        async with self._http.stream("GET", self._address, headers=headers) as answer:
            if answer.status_code >= 400:
                await answer.aread()
                accepted(answer)
            if answer.status_code != 206:
                self._file.seek(0)
                self._file.truncate()
            self._etag = answer.headers.get("etag", "")
            async for chunk in answer.aiter_bytes():
                self._file.write(chunk)


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str]]:
    """The ids and data of Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    number, data = "", ""
    async for line in lines:
        name, _, value = line.partition(":")
        match name:
            case "id":
                number = value.strip()
            case "data":
                data = value.strip()
            case "" if not line and data:
                yield number, data
                data = ""


def _name(photo: PhotoSource) -> str:
    return "photo" if isinstance(photo, bytes) else Path(photo).name


def _opened(photo: PhotoSource, stack: ExitStack) -> bytes | IO[bytes]:
    return photo if isinstance(photo, bytes) else stack.enter_context(Path(photo).open("rb"))
