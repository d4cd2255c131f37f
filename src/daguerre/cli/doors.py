"""Ways to a service for jobs in bulk: its HTTP interface, or its queue and storage themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from daguerre.cli.places import Item, Place
from daguerre.client import Client
from daguerre.config import Config
from daguerre.errors import Canceled, JobFailed, ServiceRefused
from daguerre.jobs import backends, filenames
from daguerre.jobs.errors import JobExists, QueueFull
from daguerre.jobs.housekeeping import Housekeeping
from daguerre.jobs.records import Submission, need_of
from daguerre.jobs.storage import input_key
from daguerre.settings import Settings

_LOOK_S = 0.5
_LONGEST_LOOK_S = 3.0
_FULL_S = 2.0
PATIENCE_S = 600.0
"""How long a full queue may stand still before photos are given up."""


class Door(Protocol):
    """Thread-safe. Jobs are known by ids that the caller chooses."""

    def submit(self, id: str, item: Item, source: Place, scratch: Path, stopped: Callable[[], bool]) -> None:
        """Make a job of a photo; ``scratch`` is a file to use.

        Raises JobExists, QueueFull, and Canceled once ``stopped`` says so.
        """

    def wait(self, id: str, stopped: Callable[[], bool]) -> None:
        """Until the job is complete. Raises JobFailed, and Canceled once ``stopped`` says so."""

    def fetch(self, id: str, path: Path) -> str:
        """Store the result at ``path``, and give its name."""

    def remove(self, id: str) -> None:
        """Forget the job and its files."""


class HttpDoor:
    """The service that ``client`` asks."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def submit(self, id: str, item: Item, source: Place, scratch: Path, stopped: Callable[[], bool]) -> None:
        with source.chunks(item) as chunks, scratch.open("wb") as file:
            file.writelines(chunks)
        try:
            self._client.submit(scratch, self._settings, filename=item.filename, id=id, job_class="batch")
        except ServiceRefused as refusal:
            if refusal.reason == "JOB_EXISTS":
                raise JobExists(str(refusal)) from None
            raise

    def wait(self, id: str, stopped: Callable[[], bool]) -> None:
        pause = _LOOK_S
        while not (status := self._client.status(id)).ended:
            if stopped():
                raise Canceled("Stopped.")
            time.sleep(pause)
            pause = min(_LONGEST_LOOK_S, 1.5 * pause)
        if status.phase == "failed":
            raise JobFailed(status.error or "The job has failed.", status.code)

    def fetch(self, id: str, path: Path) -> str:
        return self._client.download(id, path)

    def remove(self, id: str) -> None:
        self._client.remove(id)


class QueueDoor:
    """The service of ``config``: what it has in its database and its storage. Nothing goes over HTTP.

    A queue that is full is asked again while it moves, and for ``patience_s`` once it does not.
    """

    def __init__(self, config: Config, settings: Settings, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._counts: tuple[int, ...] | None = None
        self._oldest_wait_s = 0.0
        self._stands_since = 0.0
        self._looking = threading.Lock()
        self._settings = settings
        self._queue = backends.job_queue(backends.open_database(config), config)
        self._storage = backends.file_storage(config)
        self._housekeeping = Housekeeping(self._queue, self._storage, config)

    def submit(self, id: str, item: Item, source: Place, scratch: Path, stopped: Callable[[], bool]) -> None:
        if self._queue.get(id) is not None:
            raise JobExists("A job with this id exists.")
        job = Submission(
            id=id, filename=filenames.safe(item.filename), client_named=True, input_bytes=item.size_bytes,
            settings=self._settings.model_dump(mode="json", exclude_unset=True), job_class="batch",
            need=need_of(self._settings.models, item.size_bytes),
        )  # fmt: skip
        self._housekeeping.make_room(item.size_bytes)
        upload = self._storage.upload(item.size_bytes)
        try:
            with source.chunks(item) as chunks:
                for chunk in chunks:
                    upload.write(chunk)
            upload.keep(input_key(job.folder))
        finally:
            upload.discard()
        try:
            self._hand_in(job, stopped)
        except BaseException:
            self._storage.remove(job.folder)
            raise

    def _hand_in(self, job: Submission, stopped: Callable[[], bool]) -> None:
        while True:
            try:
                self._queue.submit(job)
                return
            except QueueFull:
                if stopped():
                    raise Canceled("Stopped.") from None
                self._check_stand()
                time.sleep(_FULL_S)

    def _check_stand(self) -> None:
        """Raise QueueFull where nothing has changed in the full queue for too long, whoever of us waited for it."""
        load = self._queue.load()
        counts = (load.queued, load.processing, load.complete, load.failed)
        with self._looking:
            # Where another photo is the oldest, one has gone, though the counts may be the same.
            if counts != self._counts or load.oldest_wait_s < self._oldest_wait_s:
                self._counts, self._stands_since = counts, time.monotonic()
            self._oldest_wait_s = load.oldest_wait_s
            stood_s = time.monotonic() - self._stands_since
        if stood_s >= self._patience_s:
            raise QueueFull(
                f"The queue is full and has not moved for {stood_s:.0f} seconds: {load.queued} photos wait, and "
                f"{len(load.workers)} workers run. Start workers, then give the command again."
            )

    def wait(self, id: str, stopped: Callable[[], bool]) -> None:
        while True:
            job = self._queue.get(id)
            if job is None:
                raise JobFailed("The job was removed.")
            if job.phase == "failed":
                raise JobFailed(job.error or "The job has failed.", job.code)
            if job.phase == "complete":
                return
            if stopped():
                raise Canceled("Stopped.")
            time.sleep(_LOOK_S)

    def fetch(self, id: str, path: Path) -> str:
        job = self._queue.get(id)
        found = None if job is None else job.file_of("photo")
        if found is None:
            raise JobFailed("The job was removed.")
        name, file = found
        with self._storage.local(file.key) as stored, stored.open("rb") as content, path.open("wb") as out:
            while chunk := content.read(1 << 20):
                out.write(chunk)
        return name

    def remove(self, id: str) -> None:
        self._housekeeping.remove(id)
