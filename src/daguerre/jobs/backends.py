"""Which database, queue and storage this installation has."""

from __future__ import annotations

from daguerre.config import Config
from daguerre.database.interface import Database
from daguerre.database.sqlite import SqliteDatabase
from daguerre.extras import require
from daguerre.jobs.local_storage import LocalStorage
from daguerre.jobs.queue import JobQueue
from daguerre.jobs.sqlite_queue import SqliteQueue
from daguerre.jobs.storage import Storage


def open_database(config: Config) -> Database:
    """The database, made or brought to this version's tables. A process opens it once."""
    database = _database(config)
    database.migrate()
    return database


def job_queue(database: Database, config: Config) -> JobQueue:
    """The queue."""
    if isinstance(database, SqliteDatabase):
        return SqliteQueue(database, max_queued=config.max_queued)
    from daguerre.database.postgres import PostgresDatabase
    from daguerre.jobs.procrastinate_queue import ProcrastinateQueue

    assert isinstance(database, PostgresDatabase)
    return ProcrastinateQueue(
        database, max_queued=config.max_queued, limit=config.jobs_per_key, queues=config.queues
    )  # fmt: skip


def file_storage(config: Config) -> Storage:
    """The files. Raises StorageUnusable."""
    if config.storage_url is None:
        return LocalStorage(config.service / "files")
    from daguerre.jobs.object_storage import ObjectStorage

    return ObjectStorage(config.storage_url, config.service / "scratch")


def _database(config: Config) -> Database:
    if config.database_url is None:
        return SqliteDatabase(config.service / "daguerre.sqlite3")
    require("cluster", "A PostgreSQL database (DAGUERRE_DATABASE_URL)")
    from daguerre.database.postgres import PostgresDatabase

    return PostgresDatabase(config.database_url)
