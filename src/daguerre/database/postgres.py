"""The database on PostgreSQL, for many machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog
from psycopg import errors
from sqlalchemy import Connection, make_url, select
from sqlalchemy import create_engine as make_pool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from daguerre.database import migrations, procrastinate_schema
from daguerre.database.errors import DatabaseBusy, DatabaseError, DatabaseFull, DatabaseUnusable
from daguerre.database.schema import versions

_CONNECT_S = 5
_LOCK_S = 15
_STATEMENT_S = 60
_PATIENT = "SET LOCAL statement_timeout = 0"
"""Steps on large tables take long."""
_MIGRATING = 0xDA6E_0001
"""The advisory lock of who changes the tables."""

_log = structlog.get_logger()


class PostgresDatabase:
    """A :class:`~daguerre.database.interface.Database` at ``url``, with at most ``connections`` of this process.

    It has to be reached directly: poolers that change connections between transactions lose notifications.
    """

    def __init__(self, url: str, *, connections: int = 16) -> None:
        address = make_url(url).set(drivername="postgresql+psycopg")
        self._name = address.render_as_string(hide_password=True).replace("+psycopg", "")
        options = f"-c lock_timeout={_LOCK_S}s -c statement_timeout={_STATEMENT_S}s -c timezone=UTC"
        keepalive = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
        self._pool = make_pool(
            address, pool_size=min(4, connections), max_overflow=max(0, connections - 4), pool_pre_ping=True,
            pool_timeout=_LOCK_S,
            connect_args={
                "connect_timeout": _CONNECT_S, "application_name": "daguerre", "options": options, **keepalive,
            },
        )  # fmt: skip
        self._address = address.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.told(), self._pool.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        with self.told(), self._pool.begin() as connection:
            if not durable:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            yield connection

    def migrate(self) -> None:
        """Tables that a newer version has changed are left as they are, where that says this one can go on."""
        with self._turn():
            with self.writing() as connection:
                connection.exec_driver_sql(_PATIENT)
                self._upgrade(connection)
            # Each step in a transaction of its own: some rest on what the one before has committed.
            while True:
                with self.writing() as connection:
                    connection.exec_driver_sql(_PATIENT)
                    if not procrastinate_schema.take_step(connection):
                        return

    def check(self) -> None:
        with self.writing(durable=False) as connection:
            connection.exec_driver_sql("SELECT number FROM jobs LIMIT 1")
            if connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar_one():
                raise DatabaseUnusable(f"The database {self._name} is a standby that takes no writes.")

    def maintain(self) -> None:
        """PostgreSQL does that itself."""

    def close(self) -> None:
        self._pool.dispose()

    @contextmanager
    def listening(self, *channels: str) -> Iterator[psycopg.Connection]:
        """A connection of its own that gets the notifications of ``channels``."""
        with (
            self.told(),
            psycopg.connect(
                self._address, autocommit=True, connect_timeout=_CONNECT_S, application_name="daguerre listens",
                keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
            ) as connection,
        ):  # fmt: skip
            for channel in channels:
                connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Only one process at a time."""
        with self.listening() as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [_MIGRATING])
            yield

    def _upgrade(self, connection: Connection) -> None:
        from alembic.util.exc import CommandError

        try:
            migrations.upgrade(connection)
        except CommandError:
            oldest = connection.execute(select(versions.c.version).where(versions.c.part == "tables")).scalar_one()
            if oldest > migrations.newest():
                raise DatabaseUnusable(
                    f"The database {self._name} was made by another version of Daguerre: install that version."
                ) from None
            _log.info("the tables are of a newer version", oldest=oldest)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn PostgreSQL's errors about itself into our own; wrong SQL is a fault of ours."""
        try:
            yield
        except DBAPIError as error:
            known = self._translated(error.orig)
            if known is None:
                raise
            raise known from error
        except psycopg.Error as error:
            raise self._translated(error) or error from error
        except PoolTimeout as error:
            raise DatabaseBusy(f"The database {self._name} has no connection left.") from error

    def _translated(self, error: BaseException | None) -> DatabaseError | None:
        match error:
            case errors.DiskFull():
                return DatabaseFull(f"The database {self._name} cannot grow: its disk is full.")
            case (
                errors.LockNotAvailable() | errors.DeadlockDetected() | errors.SerializationFailure()
                | errors.QueryCanceled() | errors.TooManyConnections()
            ):  # fmt: skip
                return DatabaseBusy(f"The database {self._name} is too busy: {_first_line(error)}.")
            case psycopg.OperationalError() | psycopg.InterfaceError() | errors.ReadOnlySqlTransaction():
                return DatabaseUnusable(f"The database {self._name} cannot be used: {_first_line(error)}.")
            case _:
                return None


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].rstrip(".")
