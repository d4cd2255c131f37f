"""What can go wrong with the database.

::

    DaguerreError
    └── DatabaseError
        ├── DatabaseUnusable   the file is damaged, gone, forbidden or of another version; the message names it
        ├── DatabaseBusy       another process holds it for too long
        └── DatabaseFull       the disk is full
"""

from __future__ import annotations

import sqlite3

from daguerre.errors import DaguerreError


class DatabaseError(DaguerreError):
    """The root of the tree above."""

    code = "DATABASE_UNUSABLE"


class DatabaseUnusable(DatabaseError):
    """The file is damaged, gone, forbidden or of another version."""


class DatabaseBusy(DatabaseError):
    """Another process holds the database for too long."""

    code = "BUSY"


class DatabaseFull(DatabaseError):
    """The disk is full."""

    code = "STORAGE_FULL"


_FORBIDDEN = "cannot be written: give the user who serves the right to write"
_BACKUP = "put a backup in its place, or move it away to begin anew"
_KINDS: dict[int, tuple[type[DatabaseError], str]] = {
    sqlite3.SQLITE_BUSY: (DatabaseBusy, "is held by another process"),
    sqlite3.SQLITE_LOCKED: (DatabaseBusy, "is held by another process"),
    sqlite3.SQLITE_FULL: (DatabaseFull, "cannot grow: the disk is full"),
    sqlite3.SQLITE_READONLY: (DatabaseUnusable, _FORBIDDEN),
    sqlite3.SQLITE_PERM: (DatabaseUnusable, _FORBIDDEN),
    sqlite3.SQLITE_CANTOPEN: (DatabaseUnusable, "cannot be opened: it must be a file in a folder that can be written"),
    sqlite3.SQLITE_CORRUPT: (DatabaseUnusable, f"is damaged: {_BACKUP}"),
    sqlite3.SQLITE_NOTADB: (DatabaseUnusable, f"is no database: {_BACKUP}"),
    sqlite3.SQLITE_IOERR: (DatabaseUnusable, "cannot be read or written: the disk reports an error"),
}


def translated(error: sqlite3.Error, path: object) -> DatabaseError | None:
    """The error of ours for one of SQLite's; ``None`` for a fault of ours, such as wrong SQL."""
    code = getattr(error, "sqlite_errorcode", None)
    kind, sentence = _KINDS.get(code & 0xFF, (None, "")) if isinstance(code, int) else (None, "")
    return None if kind is None else kind(f"The database {path} {sentence}.")
