"""The file and its tables."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from daguerre.database.connection import Database
from daguerre.database.schema import metadata


def test_the_migrations_make_the_tables_that_the_code_means(database):
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_those_that_start_together_take_turns(tmp_path):
    faults = []

    def start():
        try:
            Database(tmp_path / "one.sqlite3").migrate()
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_durable_and_in_wal_mode(database):
    with database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_file_that_is_gone_is_noticed(database):
    database.check()
    database.path.unlink()
    with pytest.raises(OSError):
        database.check()
    database.close()
    for file in database.path.parent.glob("jobs.sqlite3-*"):
        file.unlink()
    database.path.write_bytes(b"no database" * 100)
    with pytest.raises(sqlite3.Error):
        database.check()
