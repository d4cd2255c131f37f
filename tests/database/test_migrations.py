"""The steps to this version's tables, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from procrastinate.schema import SchemaManager
from sqlalchemy import insert, select, text, update

from daguerre.database import migrations
from daguerre.database.errors import DatabaseUnusable
from daguerre.database.interface import Database
from daguerre.database.postgres import PostgresDatabase
from daguerre.database.schema import keys, metadata, versions
from daguerre.database.sqlite import SqliteDatabase

Make = Callable[[], Database]


@pytest.fixture(params=["sqlite", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path) -> Iterator[Make]:
    """Opens one database again and again."""
    opened: list[Database] = []
    url = request.getfixturevalue("postgres").database() if request.param == "postgres" else ""

    def one() -> Database:
        opened.append(PostgresDatabase(url) if url else SqliteDatabase(tmp_path / "one.sqlite3", busy_s=60))
        return opened[-1]

    yield one
    for database in opened:
        database.close()


def test_they_make_the_tables_that_the_code_means(make):
    database = make()
    database.migrate()

    def ours(item, name, kind, reflected, compared) -> bool:
        meant = getattr(item, "_ddl_if", None)
        return not name.startswith("procrastinate_") and (meant is None or meant.dialect == dialect)

    with database.reading() as connection:
        dialect = connection.dialect.name
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, metadata) == []


def test_those_that_start_together_take_turns(make):
    faults = []

    def start():
        try:
            make().migrate()
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_what_is_there_stays(make):
    """A database of the first version gets what later ones need, and loses nothing."""
    from alembic import command

    database = make()
    if isinstance(database, SqliteDatabase):
        database.path.touch()
    config = migrations._config()
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001_service")
        row = {"id": "k", "name": "anna", "role": "user", "digest": "d", "created_at": 1.0}
        connection.execute(text("INSERT INTO keys (id, name, role, digest, created_at) "
                                "VALUES (:id, :name, :role, :digest, :created_at)"), row)  # fmt: skip
    make().migrate()
    with database.reading() as connection:
        found = connection.execute(select(keys)).one()
    assert (found.name, found.job_class, found.job_limit) == ("anna", "interactive", None)


def test_a_version_that_comes_next_leaves_this_one_at_work(postgres):
    """Machines are not upgraded in one moment."""
    url = postgres.database()
    database = PostgresDatabase(url)
    database.migrate()
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
    PostgresDatabase(url).migrate()
    with database.writing() as connection:
        connection.execute(update(versions).where(versions.c.part == "tables").values(version="9999_later"))
    with pytest.raises(DatabaseUnusable, match="another version"):
        PostgresDatabase(url).migrate()
    database.close()


def test_procrastinate_of_an_older_version_is_brought_up(postgres):
    database = PostgresDatabase(postgres.database())
    steps = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    present = select(versions.c.version).where(versions.c.part == "procrastinate")
    with database.writing() as connection:
        migrations.upgrade(connection)
        connection.execute(insert(versions).values(part="procrastinate", version=steps[-7].stem))
    for step in steps[:-6]:
        with database.writing() as connection:
            connection.connection.driver_connection.execute(step.read_text("utf-8"))
    database.migrate()
    with database.writing() as connection:
        assert connection.execute(present).scalar_one() == steps[-1].stem
        assert connection.execute(text("SELECT to_regproc('procrastinate_retry_job_v2')")).scalar_one() is not None
    database.close()
