"""The queue on one SQLite file: leases and events are rows, and any process may hold the file open."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy.exc import IntegrityError

from daguerre.database.connection import Database
from daguerre.database.errors import DatabaseError
from daguerre.database.schema import events, jobs, workers
from daguerre.jobs import queries
from daguerre.jobs.errors import JobExists, LeaseLost, QueueFull
from daguerre.jobs.queries import event_of, job_of
from daguerre.jobs.queue import LEASE_S, Load, Outcome, Reason, WorkerInfo
from daguerre.jobs.records import MAX_ATTEMPTS, TERMINAL, Claim, Event, Job, Kind, Submission

_WORKER_SEEN_S = 15.0
_POLL_S = 0.05
_LONGEST_LEASE_S = 60.0
_HELD_UP_S = 1.0
"""Who waited so long for the database was not the only one: leases were not kept alive meanwhile."""


class SqliteQueue:
    """A :class:`~daguerre.jobs.queue.JobQueue` on ``database``; at most ``max_queued`` jobs wait.

    ``wall`` gives the time that people see. ``clock``, for leases, is one that all processes of the machine share and
    that nobody sets; it begins anew with the machine, so a lease far ahead of it is from before.
    """

    def __init__(
        self, database: Database, *, max_queued: int = 2000, wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._database = database
        self._max_queued = max_queued
        self._wall = wall
        self._clock = clock

    def submit(self, job: Submission, photos: Sequence[Submission] = ()) -> None:
        now = self._wall()
        with self._database.writing() as connection:
            queued = queries.count(connection, jobs.c.phase == "queued", jobs.c.kind == "single")
            if queued + max(1, len(photos)) > self._max_queued:
                raise QueueFull("Too many photos are waiting.")
            try:
                kind: Kind = "batch" if photos else "single"
                queries.insert_jobs(connection, [job], now=now, kind=kind, photos=len(photos))
                if photos:
                    queries.insert_jobs(connection, photos, now=now, kind="single", batch=job.id)
            except IntegrityError as error:
                raise JobExists("A job with this id exists.") from error
            if photos:
                queries.recount(connection, job.id, now=now)

    def begin(self, job: Submission, worker: str, lease_s: float) -> Claim:
        now = self._wall()
        with self._database.writing() as connection:
            try:
                queries.insert_jobs(connection, [job], now=now, kind="install")
            except IntegrityError as error:
                raise JobExists("A job with this id exists.") from error
            return self._lease(connection, job.id, worker, lease_s, attempts=1)

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
            if self._clock() - asked < _HELD_UP_S:
                self._take_back(connection)
            found = connection.execute(select(jobs).where(waiting).order_by(jobs.c.number).limit(1)).first()
            if found is None:
                return None
            claim = self._lease(connection, found.id, worker, lease_s, attempts=found.attempts + 1)
            if found.batch is not None:
                queries.roll_up(connection, found.batch, now=self._wall())
            return claim

    def heartbeat(self, workers_alive: Iterable[str], lease_s: float) -> list[Claim]:
        ids, clock = list(workers_alive), self._clock()
        mine = jobs.c.worker.in_(ids) & (jobs.c.phase == "processing")
        beat = {"seen_at": self._wall(), "alive_until": clock + _WORKER_SEEN_S}
        with self._database.writing(durable=False) as connection:
            connection.execute(update(workers).where(workers.c.id.in_(ids)).values(**beat))
            connection.execute(update(jobs).where(mine).values(lease_until=clock + lease_s))
            return [Claim(job_of(row), row.worker, row.token) for row in connection.execute(select(jobs).where(mine))]

    def holds(self, claim: Claim) -> bool:
        with self._database.reading() as connection:
            return queries.held(connection, claim) is not None

    def progress(self, claim: Claim, stage: str, percent: int) -> None:
        with self._database.writing(durable=False) as connection:
            row = _held(connection, claim)
            queries.change(connection, row.id, stage=stage, percent=max(row.percent, min(percent, 99)))
            if row.batch is not None:
                queries.roll_up(connection, row.batch, now=self._wall())

    def finish(self, claim: Claim, outcome: Outcome) -> None:
        with self._database.writing() as connection:
            if not queries.finished(connection, claim):
                queries.end(connection, _held(connection, claim), now=self._wall(), outcome=outcome)

    def fail(self, claim: Claim, error: str, code: str) -> None:
        with self._database.writing() as connection:
            queries.end(connection, _held(connection, claim), now=self._wall(), error=error, code=code)

    def abandon(self, worker: str, reason: Reason) -> int:
        mine = (jobs.c.worker == worker) & (jobs.c.phase == "processing")
        with self._database.writing() as connection:
            rows = connection.execute(select(jobs).where(mine)).all()
            for row in rows:
                self._take_away(connection, row, reason)
            if reason != "timeout":
                connection.execute(delete_from(workers).where(workers.c.id == worker))
        return len(rows)

    def cancel(self, job: str) -> bool:
        with self._database.writing() as connection:
            found = queries.found(connection, job)
            if found is None or found.phase in TERMINAL:
                return False
            queries.cancel(connection, found, now=self._wall())
            return True

    def get(self, job: str) -> Job | None:
        with self._database.reading() as connection:
            found = queries.found(connection, job)
            return None if found is None else job_of(found)

    def photos(self, batch: str) -> list[Job]:
        with self._database.reading() as connection:
            return queries.photos(connection, batch)

    def failures(self, batches: Iterable[str], *, most: int) -> dict[str, list[tuple[str, str]]]:
        with self._database.reading() as connection:
            return queries.failures(connection, list(batches), most)

    def page(
        self, owner: str | None, *, everyone: bool = False, limit: int, before: int | None = None,
        batch: str | None = None,
    ) -> list[Job]:  # fmt: skip
        query = select(jobs).where(jobs.c.kind != "install")
        if not everyone:
            query = query.where(jobs.c.owner.is_(owner) if owner is None else jobs.c.owner == owner)
        query = query.where(jobs.c.batch.is_(None) if batch is None else jobs.c.batch == batch)
        if before is not None:
            query = query.where(jobs.c.number < before)
        with self._database.reading() as connection:
            return [job_of(row) for row in connection.execute(query.order_by(jobs.c.number.desc()).limit(limit))]

    def remove(self, job: str) -> list[Job]:
        with self._database.writing() as connection:
            found = queries.found(connection, job)
            if found is None:
                return []
            removed = [job_of(found), *queries.photos(connection, job)]
            connection.execute(delete_from(jobs).where(jobs.c.id.in_([each.id for each in removed])))
            if found.batch is not None:
                queries.recount(connection, found.batch, now=self._wall())
            return removed

    def expired(self, before: float, *, over_bytes: int) -> list[str]:
        ended = jobs.c.phase.in_(TERMINAL) & jobs.c.batch.is_(None)
        with self._database.reading() as connection:
            old = connection.execute(select(jobs.c.id).where(ended & (jobs.c.finished_at < before))).scalars().all()
            chosen, excess = list(old), -over_bytes
            if queries.stored_bytes(connection) > over_bytes:
                family = func.coalesce(jobs.c.batch, jobs.c.id)
                sizes = dict(connection.execute(select(family, func.sum(jobs.c.stored_bytes)).group_by(family)).all())
                excess += sum(sizes.values()) - sum(sizes.get(job, 0) for job in old)
                order = connection.execute(select(jobs.c.id).where(ended).order_by(jobs.c.finished_at)).scalars()
                gone = set(old)
                for job in (job for job in order if job not in gone):
                    if excess <= 0:
                        break
                    chosen.append(job)
                    excess -= sizes.get(job, 0)
            return chosen

    def known(self, ids: Iterable[str]) -> set[str]:
        with self._database.reading() as connection:
            return set(connection.execute(select(jobs.c.id).where(jobs.c.id.in_(list(ids)))).scalars())

    def known_folders(self, folders: Iterable[str]) -> set[str]:
        with self._database.reading() as connection:
            return set(connection.execute(select(jobs.c.folder).where(jobs.c.folder.in_(list(folders)))).scalars())

    def latest(self, job: str) -> Event | None:
        query = select(events).where(events.c.job == job).order_by(events.c.number.desc()).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(query).first()
            return None if found is None else event_of(found)

    def events(self, job: str, after: int) -> list[Event]:
        query = select(events).where((events.c.job == job) & (events.c.number > after)).order_by(events.c.number)
        with self._database.reading() as connection:
            return [event_of(row) for row in connection.execute(query)]

    def news(self, after: int, *, within_s: float, limit: int = 1000) -> list[Event]:
        query = select(events).where(events.c.number > after).order_by(events.c.number).limit(limit)
        until = self._clock() + within_s
        while True:
            with self._database.reading() as connection:
                found = [event_of(row) for row in connection.execute(query)]
            if found or self._clock() >= until:
                return found
            time.sleep(_POLL_S)

    def newest(self) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.max(events.c.number))).scalar_one() or 0

    def announce(self, worker: WorkerInfo) -> None:
        """Note that a worker has started."""
        now, clock = self._wall(), self._clock()
        with self._database.writing(durable=False) as connection:
            connection.execute(delete_from(workers).where(self._gone(workers.c.alive_until)))
            connection.execute(
                insert(workers).values(
                    id=worker.id, host=worker.host, pid=worker.pid, device=worker.device, started_at=now, seen_at=now,
                    alive_until=clock + _WORKER_SEEN_S,
                )
            )  # fmt: skip

    def load(self) -> Load:
        single = jobs.c.kind == "single"
        with self._database.reading() as connection:
            counts = select(jobs.c.phase, func.count()).where(single).group_by(jobs.c.phase)
            oldest = select(func.min(jobs.c.created_at)).where(single & (jobs.c.phase == "queued"))
            since = connection.execute(oldest).scalar_one()
            shown = [workers.c[name] for name in WorkerInfo.__dataclass_fields__]
            alive = select(*shown).where(~self._gone(workers.c.alive_until))
            return Load(
                **dict(connection.execute(counts).all()),
                oldest_wait_s=0.0 if since is None else max(0.0, self._wall() - since),
                stored_bytes=queries.stored_bytes(connection),
                workers=[WorkerInfo(**row._mapping) for row in connection.execute(alive)],
            )

    def maintain(self) -> None:
        self._database.refill_ballast()
        with self._database.reading() as connection:
            if connection.execute(select(jobs.c.id).where(self._overdue()).limit(1)).first() is None:
                return
        asked = self._clock()
        with self._database.writing() as connection:
            if self._clock() - asked < _HELD_UP_S:
                self._take_back(connection)

    def check(self) -> None:
        self._database.check()

    def _gone(self, until: ColumnElement[float]) -> ColumnElement[bool]:
        """Whether a time on the queue's clock is past, or from before the machine started."""
        clock = self._clock()
        return (until < clock) | (until > clock + _LONGEST_LEASE_S)

    def _overdue(self) -> ColumnElement[bool]:
        return (jobs.c.phase == "processing") & (jobs.c.kind == "single") & self._gone(jobs.c.lease_until)

    def _lease(self, connection: Connection, job: str, worker: str, lease_s: float, *, attempts: int) -> Claim:
        token = str(uuid.uuid4())
        queries.change(
            connection, job, phase="processing", stage="Starting...", attempts=attempts, worker=worker, token=token,
            lease_until=self._clock() + lease_s, claimed_at=self._wall(),
        )  # fmt: skip
        row = queries.found(connection, job)
        assert row is not None
        return Claim(job_of(row), worker, token)

    def _take_back(self, connection: Connection) -> None:
        for row in connection.execute(select(jobs).where(self._overdue())).all():
            self._take_away(connection, row, "lost")

    def _take_away(self, connection: Connection, row: Row[Any], reason: Reason) -> None:
        now = self._wall()
        if reason == "timeout":
            queries.end(connection, row, now=now, code="TIMED_OUT")
        elif reason == "lost" and row.attempts >= MAX_ATTEMPTS:
            queries.end(connection, row, now=now, code="WORKER_LOST")
        else:
            tried = row.attempts - (reason == "drained")
            stage = f"Waiting to try again ({tried + 1} of {MAX_ATTEMPTS})..." if reason == "lost" else "Waiting..."
            queries.change(
                connection, row.id, phase="queued", stage=stage, attempts=tried, worker=None, token=None,
                lease_until=None,
            )  # fmt: skip
            if row.batch is not None:
                queries.roll_up(connection, row.batch, now=now)


def _held(connection: Connection, claim: Claim) -> Row[Any]:
    row = queries.held(connection, claim)
    if row is None:
        raise LeaseLost("The job was canceled, removed or handed to another worker.")
    return row
