"""The queue on one SQLite file: leases are rows, and any process of the machine may hold the file open."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, or_, select, update
from sqlalchemy import delete as delete_from

from daguerre.database.errors import DatabaseError
from daguerre.database.interface import Database
from daguerre.database.schema import events, jobs, workers
from daguerre.jobs import queries
from daguerre.jobs.database_queue import WORKER_SEEN_S, DatabaseQueue
from daguerre.jobs.queries import event_of, job_of
from daguerre.jobs.queue import LEASE_S, Reason, WorkerInfo
from daguerre.jobs.records import Claim, Event

_POLL_S = 0.05
_LONGEST_LEASE_S = 60.0
_HELD_UP_S = 1.0
"""Who waited so long for the database was not the only one: leases were not kept alive meanwhile."""


class SqliteQueue(DatabaseQueue):
    """First come, first served.

    ``clock``, for leases, is one that all processes of the machine share and that nobody sets; it begins anew with the
    machine, so a lease far ahead of it is from before.
    """

    def __init__(
        self,
        database: Database,
        *,
        max_queued: int = 2000,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(database, max_queued=max_queued, wall=wall)
        self._clock = clock
        self._held_up_at = -math.inf
        self._maintained_at: float | None = None

    def consume(self, worker: WorkerInfo, handle: Callable[[Claim], object], draining: threading.Event) -> None:
        announced = False
        while not draining.is_set():
            try:
                if not announced:
                    self.announce(worker)
                    announced = True
                claim = self.claim(worker.id, LEASE_S)
            except DatabaseError:
                draining.wait(_HELD_UP_S)
                continue
            if claim is None:
                draining.wait(_POLL_S)
            else:
                handle(claim)

    def claim(self, worker: str, lease_s: float) -> Claim | None:
        """Hand the oldest waiting job to ``worker``; ``None`` where none waits."""
        waiting = (jobs.c.phase == "queued") & (jobs.c.kind == "single")
        with self._database.reading() as connection:
            if connection.execute(select(jobs.c.id).where(or_(waiting, self._overdue())).limit(1)).first() is None:
                return None
        asked = self._clock()
        with self._database.writing() as connection:
            if not self._held_up(asked):
                self._take_back(connection)
            found = connection.execute(select(jobs).where(waiting).order_by(jobs.c.number).limit(1)).first()
            if found is None:
                return None
            claim = self._lease(connection, found.id, worker, lease_s, attempts=found.attempts + 1)
            if found.batch is not None:
                queries.roll_up(connection, found.batch, now=self._wall())
            return claim

    def heartbeat(self, workers_alive: Iterable[str], lease_s: float) -> list[Claim]:
        ids = list(workers_alive)
        mine = jobs.c.worker.in_(ids) & (jobs.c.phase == "processing")
        with self._database.writing(durable=False) as connection:
            clock = self._clock()  # after the wait for the database, however long it was
            beat = {"seen_at": self._wall(), "alive_until": clock + WORKER_SEEN_S}
            connection.execute(update(workers).where(workers.c.id.in_(ids)).values(**beat))
            connection.execute(update(jobs).where(mine).values(lease_until=clock + lease_s))
            return [Claim(job_of(row), row.worker, row.token) for row in connection.execute(select(jobs).where(mine))]

    def abandon(self, worker: str, reason: Reason) -> int:
        mine = (jobs.c.worker == worker) & (jobs.c.phase == "processing")
        with self._database.writing() as connection:
            rows = connection.execute(select(jobs).where(mine)).all()
            for row in rows:
                self._take_away(connection, row, reason)
            if reason in ("lost", "drained"):
                connection.execute(delete_from(workers).where(workers.c.id == worker))
        return len(rows)

    def news(self, after: int, *, within_s: float, limit: int = 1000) -> list[Event]:
        query = select(events).where(events.c.number > after).order_by(events.c.number).limit(limit)
        until = self._clock() + within_s
        while True:
            with self._database.reading() as connection:
                found = [event_of(row) for row in connection.execute(query)]
            if found or self._clock() >= until:
                return found
            time.sleep(_POLL_S)

    def announce(self, worker: WorkerInfo) -> None:
        """Note that a worker has started."""
        now, clock = self._wall(), self._clock()
        with self._database.writing(durable=False) as connection:
            connection.execute(delete_from(workers).where(self._gone(workers.c.alive_until)))
            connection.execute(
                insert(workers).values(
                    id=worker.id, host=worker.host, pid=worker.pid, device=worker.device, started_at=now, seen_at=now,
                    alive_until=clock + WORKER_SEEN_S,
                )
            )  # fmt: skip

    def maintain(self) -> None:
        self._database.maintain()
        now = self._clock()
        if self._maintained_at is not None and now - self._maintained_at > LEASE_S:
            # The machine slept or had too much to do, and those who keep leases alive did not get their turn either.
            self._held_up_at = now
        self._maintained_at = now
        with self._database.reading() as connection:
            if connection.execute(select(jobs.c.id).where(self._overdue()).limit(1)).first() is None:
                return
        asked = self._clock()
        with self._database.writing() as connection:
            if not self._held_up(asked):
                self._take_back(connection)

    def _held_up(self, asked: float) -> bool:
        """Whether the database kept this process waiting since ``asked``, or did within a lease's time: those who
        keep leases alive may not have had their turn yet.
        """
        now = self._clock()
        if now - asked >= _HELD_UP_S:
            self._held_up_at = now
        return now - self._held_up_at < LEASE_S

    def _from_now(self, seconds: float) -> float:
        return self._clock() + seconds

    def _gone(self, until: ColumnElement[float]) -> ColumnElement[bool]:
        """Whether a time on the queue's clock is past, or from before the machine started."""
        clock = self._clock()
        return (until < clock) | (until > clock + _LONGEST_LEASE_S)

    def _hand_out(self, connection: Connection, waiting: Collection[str]) -> None:
        """Rows are the queue: there is nothing else to change."""

    def _hand_out_again(self, connection: Connection, row: Row[Any]) -> None:
        """The same."""

    def _withdraw(self, connection: Connection, rows: Iterable[Row[Any]]) -> None:
        """The same."""

    def _overdue(self) -> ColumnElement[bool]:
        return (jobs.c.phase == "processing") & self._gone(jobs.c.lease_until)

    def _take_back(self, connection: Connection) -> None:
        for row in connection.execute(select(jobs).where(self._overdue())).all():
            self._take_away(connection, row, "lost")
