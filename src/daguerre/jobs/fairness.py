"""Who comes first: classes before each other, and within a class the owners take turns.

This is start-time fair queuing (Goyal, Vin and Cheng, 1996) with jobs of equal cost: each waiting job has a rank, that
of the same owner's last waiting job plus one, and never less than the lowest rank that waits. So somebody's one photo
does not wait for another's ten thousand, and who comes later does not overtake for good.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, text, update

from daguerre.database.schema import jobs, keys
from daguerre.jobs.tasks import Tasks

_BASES = {"interactive": 1_000_000_000, "batch": 0}
"""The priority of rank 0; ranks never get near the distance."""

_waiting = (jobs.c.phase == "queued") & jobs.c.task.is_not(None)


def enter(connection: Connection, waiting: Collection[str], limit: int) -> None:
    """Queue new jobs, as far as their owners' limits allow; others wait until one of the owner's jobs has ended."""
    rows = connection.execute(select(jobs).where(jobs.c.id.in_(waiting)).order_by(jobs.c.number)).all()
    by_owner: defaultdict[str | None, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_owner[row.owner].append(row)
    for owner, theirs in by_owner.items():
        free = _free(connection, owner, limit)
        queue(connection, theirs if free is None else theirs[:free])


def admit(connection: Connection, owner: str | None, limit: int) -> None:
    """Queue jobs of ``owner`` that were held back, as far as the limit allows now."""
    held_back = _of(owner) & (jobs.c.phase == "queued") & (jobs.c.kind == "single") & jobs.c.task.is_(None)
    if connection.execute(select(jobs.c.id).where(held_back).limit(1)).first() is None:
        return
    free = _free(connection, owner, limit)
    query = select(jobs).where(held_back).order_by(jobs.c.number).with_for_update(key_share=True, skip_locked=True)
    queue(connection, connection.execute(query if free is None else query.limit(free)).all())


def queue(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """Give jobs of one owner a place among those that wait."""
    by_class: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_class[row.job_class].append(row)
    for job_class, those in by_class.items():
        rank = _next_rank(connection, those[0].owner, job_class)
        places = [(row.id, row.need, _BASES[job_class] - rank - index) for index, row in enumerate(those)]
        for index, (row, task) in enumerate(zip(those, Tasks(connection).defer(places), strict=True)):
            connection.execute(update(jobs).where(jobs.c.id == row.id).values(task=task, rank=rank + index))


def _next_rank(connection: Connection, owner: str | None, job_class: str) -> int:
    of_class = _waiting & (jobs.c.job_class == job_class)
    lowest = connection.execute(select(func.min(jobs.c.rank)).where(of_class)).scalar_one()
    own = connection.execute(select(func.max(jobs.c.rank)).where(of_class & _of(owner))).scalar_one()
    return max(lowest or 0, 0 if own is None else own + 1)


def _free(connection: Connection, owner: str | None, limit: int) -> int | None:
    """How many more jobs of ``owner`` may be queued; ``None`` for any number. Nobody else asks meanwhile."""
    own = connection.execute(select(keys.c.job_limit).where(keys.c.id == owner)).scalar_one_or_none()
    most = limit if own is None else own
    if not most:
        return None
    lock = zlib.crc32((owner or "").encode())
    connection.execute(text("SELECT pg_advisory_xact_lock(:space, :owner)"), {"space": 0xDA6E, "owner": lock - 2**31})
    open_jobs = _of(owner) & jobs.c.phase.in_(("queued", "processing")) & jobs.c.task.is_not(None)
    return max(0, most - connection.execute(select(func.count()).select_from(jobs).where(open_jobs)).scalar_one())


def _of(owner: str | None) -> ColumnElement[bool]:
    return jobs.c.owner.is_(None) if owner is None else jobs.c.owner == owner
