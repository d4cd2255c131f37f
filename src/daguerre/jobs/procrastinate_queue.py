"""The queue on PostgreSQL, for any number of machines: Procrastinate hands the jobs out.

A job's row and its task in Procrastinate's queue change in one transaction. Rows are always locked before tasks, and
photos before their batch, so that no two transactions wait for each other.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import psycopg
from procrastinate.manager import get_channel_for_queues
from sqlalchemy import ColumnElement, Connection, Float, Row, cast, func, select, text, update
from sqlalchemy import delete as delete_from
from sqlalchemy.dialects.postgresql import insert

from daguerre.database.errors import DatabaseError
from daguerre.database.postgres import PostgresDatabase
from daguerre.database.schema import events, jobs, workers
from daguerre.jobs import fairness, queries
from daguerre.jobs.database_queue import WORKER_SEEN_S, DatabaseQueue
from daguerre.jobs.queries import event_of, job_of
from daguerre.jobs.queue import LEASE_S, Reason, WorkerInfo
from daguerre.jobs.records import NEEDS, Claim, Event
from daguerre.jobs.tasks import Task, Tasks

EVENTS = "daguerre_events"
"""The channel on which a trigger tells of each event."""

_RESCUING = 0xDA6E_0002
"""The advisory lock of who takes jobs away from workers that are gone."""

_POLL_S = 1.0
_PAUSE_S = 1.0
_STEADY_S = LEASE_S + 2.0
_FORGOTTEN_S = 600.0
_REMEMBERED = 10_000


class ProcrastinateQueue(DatabaseQueue):
    """Interactive jobs come before batches, and within a class the owners take turns.

    ``queues`` are the needs that this process's workers can meet; ``limit`` is how many jobs of one owner are at work
    at a time, unless its key says something else (0: no limit).
    """

    def __init__(
        self,
        database: PostgresDatabase,
        *,
        max_queued: int = 2000,
        limit: int = 0,
        queues: Collection[str] = NEEDS,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(database, max_queued=max_queued, wall=wall)
        self._postgres = database
        self._limit = limit
        self._queues = [*queues]
        self._announced: dict[str, WorkerInfo] = {}
        self._news = _News(self)
        self._clock = clock
        self._answered_at = self._steady_since = clock()

    def consume(self, worker: WorkerInfo, handle: Callable[[Claim], object], draining: threading.Event) -> None:
        while not draining.is_set():
            try:
                self.announce(worker)
                # Listening comes first: what is queued between the two is not missed.
                with self._postgres.listening(*get_channel_for_queues(self._queues)) as connection:
                    while not draining.is_set():
                        claim = self.claim(worker.id, LEASE_S)
                        if claim is None:
                            deque(connection.notifies(timeout=_POLL_S, stop_after=1), maxlen=0)
                        else:
                            handle(claim)
            except DatabaseError:
                draining.wait(_PAUSE_S)

    def announce(self, worker: WorkerInfo) -> None:
        """Note that a worker has started, or that it is still there."""
        self._announced[worker.id] = worker
        now = self._wall()
        with self._database.writing(durable=False) as connection:
            if self._number(connection, worker.id) is None:
                row = {
                    "id": worker.id, "host": worker.host, "pid": worker.pid, "device": worker.device,
                    "started_at": now, "seen_at": now, "alive_until": self._from_now(WORKER_SEEN_S),
                    "number": Tasks(connection).register(),
                }  # fmt: skip
                connection.execute(insert(workers).values(row).on_conflict_do_update(index_elements=["id"], set_=row))

    def claim(self, worker: str, lease_s: float) -> Claim | None:
        """Hand the first waiting job to ``worker``; ``None`` where none waits."""
        while True:
            with self._database.writing(durable=False) as connection:
                number = self._number(connection, worker)
                task = None if number is None else Tasks(connection).fetch(number, self._queues)
            if number is None:
                unknown = WorkerInfo(worker, socket.gethostname(), os.getpid(), "")
                self.announce(self._announced.get(worker, unknown))
                continue
            if task is None:
                return None
            with self._database.writing() as connection:
                claim = self._begin_task(connection, task, worker, lease_s)
            if claim is not None:
                return claim

    def heartbeat(self, workers_alive: Iterable[str], lease_s: float) -> list[Claim]:
        ids = list(workers_alive)
        mine = jobs.c.worker.in_(ids) & (jobs.c.phase == "processing")
        with self._database.writing(durable=False) as connection:
            beat = {"seen_at": self._wall(), "alive_until": self._from_now(WORKER_SEEN_S)}
            known = workers.c.id.in_(ids) & workers.c.number.is_not(None)
            changed = update(workers).where(known).values(**beat).returning(workers.c.number)
            for number in connection.execute(changed).scalars().all():
                Tasks(connection).beat(number)
            held = [Claim(job_of(row), row.worker, row.token) for row in connection.execute(select(jobs).where(mine))]
            # Procrastinate knows nothing of installations: their leases are in their rows.
            if any(claim.job.kind == "install" for claim in held):
                until = self._from_now(lease_s)
                connection.execute(update(jobs).where(mine & (jobs.c.kind == "install")).values(lease_until=until))
        self._rescue()
        return held

    def abandon(self, worker: str, reason: Reason) -> int:
        mine = (jobs.c.worker == worker) & (jobs.c.phase == "processing")
        query = select(jobs).where(mine).order_by(jobs.c.number).with_for_update(key_share=True)
        with self._database.writing() as connection:
            rows = connection.execute(query).all()
            for row in rows:
                self._take_away(connection, row, reason)
            number = self._number(connection, worker)
            if number is not None:
                for task in Tasks(connection).fetched_by(number):
                    self._settle(connection, task, reason)
                if reason in ("lost", "drained"):
                    Tasks(connection).unregister(number)
            if reason in ("lost", "drained"):
                connection.execute(delete_from(workers).where(workers.c.id == worker))
        return len(rows)

    def newest(self) -> int:
        self._news.open()
        return super().newest()

    def news(self, after: int, *, within_s: float, limit: int = 1000) -> list[Event]:
        return self._news.wait(after, within_s, limit)

    def maintain(self) -> None:
        self._rescue()
        with self._database.writing(durable=False) as connection:
            Tasks(connection).prune(_FORGOTTEN_S)
            connection.execute(delete_from(workers).where(workers.c.alive_until < self._from_now(-_FORGOTTEN_S)))
        # A limit may have been raised.
        held_back = (jobs.c.phase == "queued") & (jobs.c.kind == "single") & jobs.c.task.is_(None)
        with self._database.reading() as connection:
            owners = connection.execute(select(jobs.c.owner).where(held_back).distinct()).scalars().all()
        for owner in owners:
            with self._database.writing() as connection:
                fairness.admit(connection, owner, self._limit)

    def close(self) -> None:
        """Listen no more."""
        self._news.close()

    def read_events(self, after: int, limit: int) -> list[Event]:
        """Events with larger numbers than ``after``, as far as they are committed."""
        query = select(events).where(events.c.number > after).order_by(events.c.number).limit(limit)
        with self._database.reading() as connection:
            return [event_of(row) for row in connection.execute(query)]

    def _hand_out(self, connection: Connection, waiting: Collection[str]) -> None:
        fairness.enter(connection, waiting, self._limit)

    def _hand_out_again(self, connection: Connection, row: Row[Any]) -> None:
        task = None if row.task is None else Tasks(connection).get(row.task)
        if task is not None and task.fetched:
            Tasks(connection).put_back(task)
        elif task is None:
            fairness.queue(connection, [row])

    def _withdraw(self, connection: Connection, rows: Iterable[Row[Any]]) -> None:
        owners = set()
        for row in rows:
            task = None if row.task is None else Tasks(connection).get(row.task)
            if task is not None:
                Tasks(connection).end(task)
                owners.add(row.owner)
        for owner in sorted(owners, key=str):
            fairness.admit(connection, owner, self._limit)

    def _begin_task(self, connection: Connection, task: Task, worker: str, lease_s: float) -> Claim | None:
        """The job of a task that was fetched, unless it is no longer to be done."""
        row = queries.found(connection, task.job, lock=True)
        now = Tasks(connection).get(task.number)
        if now is None or now.worker != task.worker or not now.fetched:
            return None  # Whoever took this worker for dead has seen to it.
        if row is None or row.phase != "queued" or row.task != task.number:
            Tasks(connection).end(task)
            return None
        claim = self._lease(connection, row.id, worker, lease_s, attempts=row.attempts + 1)
        if row.batch is not None:
            queries.roll_up(connection, row.batch, now=self._wall())
        return claim

    def _settle(self, connection: Connection, task: Task, reason: Reason) -> None:
        """What a worker has fetched and will not end."""
        row = queries.found(connection, task.job, lock=True)
        now = Tasks(connection).get(task.number)
        if now is None or not now.fetched or now.worker != task.worker:
            return
        if row is None or row.task != task.number or row.phase not in ("queued", "processing"):
            Tasks(connection).end(task)
        elif row.phase == "processing":
            self._take_away(connection, row, reason)
        else:
            Tasks(connection).put_back(task)

    def _rescue(self) -> None:
        """Take jobs away from workers of which nothing is heard, one process at a time.

        Who was cut off from the database was perhaps not the only one: heartbeats were missing meanwhile.
        """
        now = self._clock()
        if now - self._answered_at > LEASE_S:
            self._steady_since = now
        self._answered_at = now
        if now - self._steady_since < _STEADY_S:
            return
        with self._database.writing() as connection:
            mine = connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _RESCUING})
            if mine.scalar_one():
                for task in Tasks(connection).stalled(LEASE_S):
                    self._settle(connection, task, "lost")
                installing = (jobs.c.phase == "processing") & (jobs.c.kind == "install")
                overdue = select(jobs).where(installing & self._gone(jobs.c.lease_until))
                for row in connection.execute(overdue.with_for_update(key_share=True)).all():
                    self._take_away(connection, row, "lost")

    def _number(self, connection: Connection, worker: str) -> int | None:
        """What Procrastinate calls a worker that it knows."""
        query = text(
            "SELECT known.id FROM workers JOIN procrastinate_workers AS known ON known.id = workers.number"
            " WHERE workers.id = :worker"
        )
        number: int | None = connection.execute(query, {"worker": worker}).scalar_one_or_none()
        return number

    def _from_now(self, seconds: float) -> ColumnElement[float]:
        return cast(func.extract("epoch", func.clock_timestamp()), Float) + seconds

    def _gone(self, until: ColumnElement[float]) -> ColumnElement[bool]:
        return until < self._from_now(0)


class _News:
    """Events as the database tells of them; after a lost connection those that were missed come first.

    For one thread at a time.
    """

    def __init__(self, queue: ProcrastinateQueue) -> None:
        self._queue = queue
        self._stack = ExitStack()
        self._connection: psycopg.Connection | None = None
        self._told: deque[int] = deque(maxlen=_REMEMBERED)
        self._missed: list[Event] = []

    def open(self) -> None:
        """Listen from now on."""
        if self._connection is None:
            self._connection = self._stack.enter_context(self._queue._postgres.listening(EVENTS))

    def wait(self, after: int, within_s: float, limit: int) -> list[Event]:
        """What is new; waits for the first ``within_s`` at most."""
        if self._connection is None:
            self.open()
            # Transactions may end in another order than they began.
            known = set(self._told)
            since = min(known, default=after)
            found = self._queue.read_events(min(since, after), _REMEMBERED)
            self._missed = [event for event in found if event.number not in known]
        if not self._missed:
            try:
                self._missed = list(self._notified(within_s, limit))
            except BaseException:
                self.close()
                raise
        some, self._missed = self._missed[:limit], self._missed[limit:]
        self._told.extend(event.number for event in some)
        return some

    def close(self) -> None:
        """Listen no more."""
        self._connection = None
        with suppress(DatabaseError, psycopg.Error):
            self._stack.close()

    def _notified(self, within_s: float, limit: int) -> Iterator[Event]:
        assert self._connection is not None
        with self._queue._postgres.told():
            for notice in self._connection.notifies(timeout=within_s, stop_after=1):
                yield Event(**json.loads(notice.payload))
            for notice in self._connection.notifies(timeout=0, stop_after=limit):
                yield Event(**json.loads(notice.payload))
