"""The file and its tables."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import threading

import pytest

from daguerre.database.errors import DatabaseBusy, DatabaseError, DatabaseUnusable
from daguerre.database.sqlite import SqliteDatabase


def test_those_that_start_together_take_turns(tmp_path):
    faults = []

    def start():
        try:
            SqliteDatabase(tmp_path / "one.sqlite3", busy_s=60).migrate()
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


def test_a_file_that_is_gone_takes_no_writes(database, tmp_path):
    database.check()
    database.path.rename(tmp_path / "elsewhere")
    for use in (database.check, lambda: database.writing().__enter__()):
        with pytest.raises(DatabaseUnusable, match=r"jobs.sqlite3 is gone: put it back"):
            use()
    assert not database.path.exists()
    (tmp_path / "elsewhere").rename(database.path)
    database.check()


def test_another_file_in_its_place_is_opened(database, tmp_path):
    other = SqliteDatabase(tmp_path / "other.sqlite3")
    other.migrate()
    with other.writing() as connection:
        connection.exec_driver_sql("INSERT INTO workers VALUES ('w', 'h', 1, 'cpu', 1, 1, 1, NULL)")
    other.close()
    database.close()
    for suffix in ("-wal", "-shm"):
        database.path.with_name(database.path.name + suffix).unlink(missing_ok=True)
    other.path.rename(database.path)
    with database.writing() as connection:
        assert connection.exec_driver_sql("SELECT id FROM workers").scalar() == "w"


def test_what_cannot_be_a_database_is_told_in_a_sentence(tmp_path):
    path = tmp_path / "daguerre.sqlite3"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseUnusable, match=f"The database {path} is no database: put a backup in its place"):
        SqliteDatabase(path).migrate()
    path.unlink()
    path.mkdir()
    with pytest.raises(DatabaseUnusable, match=f"The database {path} cannot be opened"):
        SqliteDatabase(path).migrate()
    with pytest.raises(DatabaseUnusable, match="cannot be made"):
        (tmp_path / "file").touch()
        SqliteDatabase(tmp_path / "file" / "daguerre.sqlite3").migrate()


def test_a_torn_file_is_told(database, tmp_path):
    with database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO workers VALUES ('w', 'h', 1, 'cpu', 1, 1, 1, NULL)")
    database.close()
    pages = bytearray(database.path.read_bytes())
    pages[4096:20480] = b"\xa5" * 16384
    torn = tmp_path / "torn.sqlite3"
    torn.write_bytes(pages)
    with pytest.raises(DatabaseUnusable, match="is damaged: put a backup in its place"):
        SqliteDatabase(torn).migrate()


def test_a_database_of_another_version_is_told(database):
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseUnusable, match="made by another version of Daguerre"):
        SqliteDatabase(database.path).migrate()


def test_one_that_is_held_is_busy_and_its_readers_are_not(database):
    impatient = SqliteDatabase(database.path, busy_s=0.05)
    impatient.migrate()
    holder = sqlite3.connect(database.path)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy), impatient.writing():
        pass
    with impatient.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar() == 0
    holder.rollback()
    with impatient.writing():
        pass


def test_the_ballast_is_given_up_where_the_disk_is_full(database, monkeypatch):
    import shutil

    usage = shutil.disk_usage(database.path.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10**12))
    database.maintain()
    ballast = database.path.with_name("ballast")
    assert ballast.stat().st_size == 8_000_000
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with database.writing():
        assert not ballast.exists()
    database.maintain()
    assert not ballast.exists()


def test_wrong_sql_is_a_fault_of_ours(database):
    with pytest.raises(Exception) as caught, database.reading() as connection:
        connection.exec_driver_sql("SELECT nothing")
    assert not isinstance(caught.value, DatabaseError)


def test_one_machine_loads_nothing_of_what_many_need():
    code = (
        "import sys, daguerre.server.run, daguerre.jobs.worker, daguerre.cli.app\n"
        "from daguerre.config import Config\nfrom daguerre.jobs import backends\n"
        "config = Config(data=sys.argv[1])\n"
        "backends.job_queue(backends.open_database(config), config)\nbackends.file_storage(config)\n"
        "print(sorted({'psycopg', 'procrastinate', 'opentelemetry.sdk', 'daguerre.client'} & sys.modules.keys()))"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
