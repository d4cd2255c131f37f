"""Queues and storages on a folder of their own."""

from __future__ import annotations

import pytest

from daguerre.config import Config
from daguerre.jobs import backends
from daguerre.jobs.sqlite import SqliteQueue


@pytest.fixture
def queue(database) -> SqliteQueue:
    return SqliteQueue(database, max_queued=10)


@pytest.fixture
def storage(tmp_path):
    return backends.file_storage(Config(data=tmp_path))
