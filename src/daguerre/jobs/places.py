"""Which engine and which storage this installation has."""

from __future__ import annotations

from daguerre.config import Config
from daguerre.jobs.database import Database
from daguerre.jobs.engine import Engine
from daguerre.jobs.sqlite import SqliteEngine
from daguerre.jobs.storage import LocalStorage, Storage


def database(config: Config) -> Database:
    """The database, not yet migrated."""
    return Database(config.service / "daguerre.sqlite3")


def engine(config: Config) -> Engine:
    """The queue."""
    return SqliteEngine(database(config), max_queued=config.max_queued)


def storage(config: Config) -> Storage:
    """The files."""
    return LocalStorage(config.service / "files")
