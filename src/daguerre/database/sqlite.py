"""The SQLite database: opened with the right pragmas, migrated, and asked whether it is still there."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from daguerre.database import migrations
from daguerre.database.errors import DatabaseUnusable, translated

BUSY_S = 5.0
"""How long one waits for another who writes."""

_BALLAST_BYTES = 8_000_000
_LOW_BYTES = 4_000_000
_PLENTY_BYTES = 1_000_000_000


class SqliteDatabase:
    """A :class:`~daguerre.database.interface.Database` in one SQLite file, in WAL mode.

    Beside it lies a ballast, which is given up when the disk is full, so that jobs can be cancelled and removed then.
    """

    def __init__(self, path: Path, *, busy_s: float = BUSY_S) -> None:
        self.path = path
        self._busy_s = busy_s
        self._identity: tuple[int, int] | None = None
        self._ballast = path.with_name("ballast")
        self._pool = create_engine(
            "sqlite://", creator=lambda: self._connect("rw"), poolclass=QueuePool, pool_size=16, max_overflow=48
        )
        event.listen(self._pool, "begin", _begin)
        self._writing = self._pool.execution_options(begin="IMMEDIATE", durability="FULL")
        self._noting = self._pool.execution_options(begin="IMMEDIATE", durability="NORMAL")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads one state of the database and waits for nobody."""
        with self._told(), self._pool.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that writes. Durable: on the disk, after a loss of power too, when the block ends."""
        self._check_identity()
        self._make_room()
        with self._told(), (self._writing if durable else self._noting).begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Make the file, or bring it to this version's tables. Processes that start together take turns."""
        from alembic.util.exc import CommandError

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnusable(f"The folder {self.path.parent} cannot be made: {error.strerror}.") from None
        with self._told(), closing(self._connect("rwc")) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise DatabaseUnusable(
                    f"The database {self.path} is damaged: put a backup in its place, or move it away to begin anew."
                )
        self._identity = self._identify()
        try:
            with self.writing() as transaction:
                migrations.upgrade(transaction)
        except CommandError:
            raise DatabaseUnusable(
                f"The database {self.path} was made by another version of Daguerre: install that version, "
                "or move the file away to begin anew."
            ) from None

    def check(self) -> None:
        """Raise unless the file is there, holds its tables and can be written to.

        A connection of its own: the others would go on with a file that was removed.
        """
        self._check_identity()
        with self._told(), closing(self._connect("rw", busy_s=2.0)) as connection:
            connection.execute("SELECT number FROM jobs LIMIT 1").fetchall()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")

    def maintain(self) -> None:
        """Put the ballast back where there is room again. Raises ``OSError``."""
        free = shutil.disk_usage(self.path.parent).free
        if free > _PLENTY_BYTES and not (self._ballast.is_file() and self._ballast.stat().st_size == _BALLAST_BYTES):
            self._ballast.write_bytes(os.urandom(_BALLAST_BYTES))

    def close(self) -> None:
        """Give the connections back."""
        self._pool.dispose()

    def _connect(self, mode: str, *, busy_s: float | None = None) -> sqlite3.Connection:
        """A connection that makes no file unless ``mode`` is ``rwc``."""
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False,
            timeout=self._busy_s if busy_s is None else busy_s,
        )  # fmt: skip
        try:
            for pragma in ("journal_mode=WAL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn SQLite's errors about the file into our own."""
        try:
            yield
        except DBAPIError as error:
            known = translated(error.orig, self.path) if isinstance(error.orig, sqlite3.Error) else None
            if known is None:
                raise
            raise known from error
        except sqlite3.Error as error:
            raise translated(error, self.path) or DatabaseUnusable(f"The database {self.path}: {error}") from error

    def _identify(self) -> tuple[int, int] | None:
        with contextlib.suppress(OSError):
            found = self.path.stat()
            return found.st_dev, found.st_ino
        return None

    def _check_identity(self) -> None:
        """A file that is removed takes writes on, which are lost; one that is put in its place is opened."""
        if self._identity is None:
            return
        found = self._identify()
        if found is None:
            raise DatabaseUnusable(f"The database {self.path} is gone: put it back, or start the service anew.")
        if found != self._identity:
            self._pool.dispose()
            self._identity = found

    def _make_room(self) -> None:
        with contextlib.suppress(OSError):
            if shutil.disk_usage(self.path.parent).free < _LOW_BYTES:
                self._ballast.unlink()


def _begin(connection: Connection) -> None:
    options: Any = connection.get_execution_options()
    if "durability" in options:
        connection.exec_driver_sql(f"PRAGMA synchronous={options['durability']}")
    connection.exec_driver_sql(f"BEGIN {options.get('begin', 'DEFERRED')}")
