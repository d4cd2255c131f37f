"""The SQLite database: opened with the right pragmas, migrated, and asked whether it is still there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event

_BUSY_S = 15
_MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One SQLite file, in WAL mode. Thread-safe, and shared by any number of processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),
            connect_args={"timeout": _BUSY_S, "check_same_thread": False, "isolation_level": None},
            pool_size=16,
            max_overflow=48,
        )
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writing = self._engine.execution_options(begin="IMMEDIATE", durability="FULL")
        self._noting = self._engine.execution_options(begin="IMMEDIATE", durability="NORMAL")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads one state of the database and waits for nobody."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that writes. Durable: on the disk, after a loss of power too, when the block ends."""
        with (self._writing if durable else self._noting).begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Make the file, or bring it to this version's tables. Processes that start together take turns."""
        from alembic import command
        from alembic.config import Config

        self.path.parent.mkdir(parents=True, exist_ok=True)
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        with self.writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def check(self) -> None:
        """Raise ``OSError`` or ``sqlite3.Error`` unless the file is there and holds its tables.

        A connection of its own: the others would go on with a file that was removed.
        """
        self.path.stat()
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=rw", uri=True, timeout=2)) as connection:
            connection.execute("SELECT number FROM jobs LIMIT 1").fetchall()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def _prepare(connection: Any, record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={_BUSY_S * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if "durability" in options:
        connection.exec_driver_sql(f"PRAGMA synchronous={options['durability']}")
    connection.exec_driver_sql(f"BEGIN {options.get('begin', 'DEFERRED')}")
