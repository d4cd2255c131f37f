"""Queues and storages on a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daguerre.config import Config
from daguerre.jobs import backends
from daguerre.jobs.local_storage import LocalStorage
from daguerre.jobs.object_storage import ObjectStorage
from daguerre.jobs.procrastinate_queue import ProcrastinateQueue
from daguerre.jobs.sqlite_queue import SqliteQueue


class Clock:
    """Time as a test wants it: the wall's, which can leap, and the one that nobody sets."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.monotonic = 50_000.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def leap(self, seconds: float) -> None:
        self.wall += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sqlite_queue(database, clock) -> SqliteQueue:
    return SqliteQueue(database, max_queued=10, wall=lambda: clock.wall, clock=lambda: clock.monotonic)


@pytest.fixture
def postgres_queue(postgres_database, clock) -> Iterator[ProcrastinateQueue]:
    queue = ProcrastinateQueue(
        postgres_database, max_queued=10, wall=lambda: clock.wall, clock=lambda: clock.monotonic
    )  # fmt: skip
    yield queue
    queue.close()


@pytest.fixture(params=["sqlite", "postgres"])
def queue(request):
    return request.getfixturevalue(f"{request.param}_queue")


@pytest.fixture
def local_storage(tmp_path) -> LocalStorage:
    return backends.file_storage(Config(data=tmp_path))


@pytest.fixture
def object_storage(object_store, monkeypatch, tmp_path) -> ObjectStorage:
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    return backends.file_storage(Config(data=tmp_path, storage_url=object_store.url()))


@pytest.fixture(params=["local", "objects"])
def storage(request):
    return request.getfixturevalue({"local": "local_storage", "objects": "object_storage"}[request.param])
