"""Which database, queue and storage this installation has."""

from __future__ import annotations

from daguerre.config import Config
from daguerre.database.connection import Database
from daguerre.jobs.local_storage import LocalStorage
from daguerre.jobs.queue import JobQueue
from daguerre.jobs.sqlite import SqliteQueue
from daguerre.jobs.storage import Storage


def open_database(config: Config) -> Database:
    """The database, made or brought to this version's tables. A process opens it once."""
    database = Database(config.service / "daguerre.sqlite3")
    database.migrate()
    return database


def job_queue(database: Database, config: Config) -> JobQueue:
    """The queue."""
    return SqliteQueue(database, max_queued=config.max_queued)


def file_storage(config: Config) -> Storage:
    """The files. Raises StorageUnusable."""
    if config.storage_url is None:
        return LocalStorage(config.service / "files")
    from daguerre.jobs.object_storage import ObjectStorage

    return ObjectStorage(config.storage_url, config.service / "scratch")
