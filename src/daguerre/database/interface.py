"""What the service asks of a database, whichever it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection


class Database(Protocol):
    """Tables of :mod:`daguerre.database.schema`. Thread-safe, and shared by any number of processes.

    Every method raises :class:`~daguerre.database.errors.DatabaseError` for what is wrong with the database.
    """

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that reads and waits for nobody."""

    def writing(self, *, durable: bool = True) -> AbstractContextManager[Connection]:
        """A transaction that writes. Durable: on the disk, after a loss of power too, when the block ends."""

    def migrate(self) -> None:
        """Make the tables, or bring them to this version. Processes that start together take turns."""

    def check(self) -> None:
        """Raise unless the tables are there and can be written to."""

    def maintain(self) -> None:
        """What the database has to do for itself every few seconds. Raises ``OSError``."""

    def close(self) -> None:
        """Give the connections back."""
