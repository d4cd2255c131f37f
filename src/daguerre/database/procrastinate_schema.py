"""Procrastinate's own tables, brought to the version that is installed.

Procrastinate ships a whole schema and the steps between versions, and leaves it to its users which to run.
"""

from __future__ import annotations

from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, insert, select, update

from daguerre.database.schema import versions

_PART = "procrastinate"


def take_step(connection: Connection) -> bool:
    """Make the tables, or take the next step that is missing; false where none is."""
    steps = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    present = connection.execute(select(versions.c.version).where(versions.c.part == _PART)).scalar_one_or_none()
    if present is None:
        _run(connection, SchemaManager.get_schema())
        connection.execute(insert(versions).values(part=_PART, version=steps[-1].stem))
        return False
    missing = next((step for step in steps if step.stem > present), None)
    if missing is None:
        return False
    _run(connection, missing.read_text("utf-8"))
    connection.execute(update(versions).where(versions.c.part == _PART).values(version=missing.stem))
    return True


def _run(connection: Connection, script: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(script)
