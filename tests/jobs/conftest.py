"""Engines and storages on a folder of their own."""

from __future__ import annotations

import pytest

from daguerre.config import Config
from daguerre.jobs import places
from daguerre.jobs.database import Database
from daguerre.jobs.sqlite import SqliteEngine


@pytest.fixture
def database(tmp_path) -> Database:
    made = Database(tmp_path / "jobs.sqlite3")
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def engine(database) -> SqliteEngine:
    return SqliteEngine(database, max_queued=10)


@pytest.fixture
def storage(tmp_path):
    return places.storage(Config(data=tmp_path))
