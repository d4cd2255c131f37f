"""The queue on one SQLite file: leases and events are rows, and any process may hold the file open."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update
from sqlalchemy import delete as delete_from
from sqlalchemy.exc import IntegrityError

from daguerre.database.connection import Database
from daguerre.database.schema import events, jobs, workers
from daguerre.failures import FAILURES
from daguerre.jobs import queries
from daguerre.jobs.errors import JobExists, LeaseLost, QueueFull
from daguerre.jobs.queries import job_of
from daguerre.jobs.queue import Load, Outcome, Reason, WorkerInfo
from daguerre.jobs.records import MAX_ATTEMPTS, TERMINAL, Claim, Event, Job, Submission

_WORKER_SEEN_S = 15


class SqliteQueue:
    """A :class:`~daguerre.jobs.queue.JobQueue` on ``database``; at most ``max_queued`` jobs wait."""

    def __init__(self, database: Database, *, max_queued: int = 2000) -> None:
        self._database = database
        self._max_queued = max_queued

    def submit(self, job: Submission, photos: Sequence[Submission] = ()) -> None:
        with self._database.writing() as connection:
            queued = queries.count(connection, jobs.c.phase == "queued", jobs.c.kind == "single")
            if queued + max(1, len(photos)) > self._max_queued:
                raise QueueFull("Too many photos are waiting. Try again later.")
            try:
                queries.enter(connection, job, kind="batch" if photos else "single")
                for photo in photos:
                    queries.enter(connection, photo, kind="single", batch=job.id)
            except IntegrityError as error:
                raise JobExists("A job with this id exists.") from error
            for photo in photos:
                if photo.error is not None:
                    queries.end(connection, photo.id, "failed", error=photo.error, code=photo.code)

    def begin(self, job: Submission, worker: str, lease_s: float) -> Claim:
        now, token = time.time(), str(uuid.uuid4())
        with self._database.writing() as connection:
            try:
                queries.enter(connection, job, kind="install")
            except IntegrityError as error:
                raise JobExists("A job with this id exists.") from error
            queries.change(
                connection, job.id, phase="processing", stage="Starting...", attempts=1, worker=worker, token=token,
                lease_until=now + lease_s, claimed_at=now,
            )  # fmt: skip
            return Claim(job_of(queries.row(connection, job.id)), worker, token)

    def claim(self, worker: str, lease_s: float) -> Claim | None:
        now = time.time()
        overdue = (jobs.c.phase == "processing") & (jobs.c.kind == "single") & (jobs.c.lease_until < now)
        waiting = (jobs.c.phase == "queued") & (jobs.c.kind == "single")
        with self._database.reading() as connection:
            if connection.execute(select(jobs.c.id).where(or_(waiting, overdue)).limit(1)).first() is None:
                return None
        with self._database.writing() as connection:
            for row in connection.execute(select(jobs).where(overdue)).all():
                _take_away(connection, row, "lost")
            found = connection.execute(select(jobs).where(waiting).order_by(jobs.c.number).limit(1)).first()
            if found is None:
                return None
            token = str(uuid.uuid4())
            queries.change(
                connection, found.id, phase="processing", stage="Starting...", attempts=found.attempts + 1,
                worker=worker, token=token, lease_until=now + lease_s, claimed_at=now,
            )  # fmt: skip
            if found.batch is not None:
                queries.roll_up(connection, found.batch)
            return Claim(job_of(queries.row(connection, found.id)), worker, token)

    def heartbeat(self, workers_alive: Iterable[str], lease_s: float) -> list[Claim]:
        now, ids = time.time(), list(workers_alive)
        mine = jobs.c.worker.in_(ids) & (jobs.c.phase == "processing")
        with self._database.writing(durable=False) as connection:
            connection.execute(update(workers).where(workers.c.id.in_(ids)).values(seen_at=now))
            connection.execute(update(jobs).where(mine).values(lease_until=now + lease_s))
            return [Claim(job_of(row), row.worker, row.token) for row in connection.execute(select(jobs).where(mine))]

    def holds(self, claim: Claim) -> bool:
        with self._database.reading() as connection:
            return queries.held(connection, claim) is not None

    def progress(self, claim: Claim, stage: str, percent: int) -> None:
        with self._database.writing(durable=False) as connection:
            row = _held(connection, claim)
            queries.change(connection, row.id, stage=stage, percent=max(row.percent, min(percent, 99)))

    def finish(self, claim: Claim, outcome: Outcome) -> None:
        with self._database.writing() as connection:
            queries.end(connection, _held(connection, claim).id, "complete", outcome=outcome)

    def fail(self, claim: Claim, error: str, code: str) -> None:
        with self._database.writing() as connection:
            queries.end(connection, _held(connection, claim).id, "failed", error=error, code=code)

    def abandon(self, worker: str, reason: Reason) -> int:
        mine = (jobs.c.worker == worker) & (jobs.c.phase == "processing")
        with self._database.writing() as connection:
            rows = connection.execute(select(jobs).where(mine)).all()
            for row in rows:
                _take_away(connection, row, reason)
            if reason != "timeout":
                connection.execute(delete_from(workers).where(workers.c.id == worker))
        return len(rows)

    def cancel(self, job: str) -> bool:
        error, code = FAILURES["CANCELED"].say(), "CANCELED"
        with self._database.writing() as connection:
            found = queries.found(connection, job)
            if found is None or found.phase in TERMINAL:
                return False
            if found.kind == "batch":
                for photo in queries.photos(connection, job):
                    if not photo.ended:
                        queries.end(connection, photo.id, "failed", error=error, code=code, alone=True)
            queries.end(connection, job, "failed", error=error, code=code)
            return True

    def get(self, job: str) -> Job | None:
        with self._database.reading() as connection:
            found = queries.found(connection, job)
            return None if found is None else job_of(found)

    def photos(self, batch: str) -> list[Job]:
        with self._database.reading() as connection:
            return queries.photos(connection, batch)

    def page(self, owner: str | None, *, limit: int, before: int | None = None, batch: str | None = None) -> list[Job]:
        query = select(jobs).where(jobs.c.owner.is_(owner) if owner is None else jobs.c.owner == owner)
        query = query.where(jobs.c.kind != "install")
        query = query.where(jobs.c.batch.is_(None) if batch is None else jobs.c.batch == batch)
        if before is not None:
            query = query.where(jobs.c.number < before)
        with self._database.reading() as connection:
            return [job_of(row) for row in connection.execute(query.order_by(jobs.c.number.desc()).limit(limit))]

    def remove(self, job: str) -> list[str]:
        with self._database.writing() as connection:
            found = queries.found(connection, job)
            if found is None:
                return []
            ids = [job, *(photo.id for photo in queries.photos(connection, job))]
            connection.execute(delete_from(jobs).where(jobs.c.id.in_(ids)))
            if found.batch is not None:
                queries.roll_up(connection, found.batch)
            return ids

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
                for job in (job for job in order if job not in set(old)):
                    if excess <= 0:
                        break
                    chosen.append(job)
                    excess -= sizes.get(job, 0)
            return chosen

    def known(self, ids: Iterable[str]) -> set[str]:
        with self._database.reading() as connection:
            return set(connection.execute(select(jobs.c.id).where(jobs.c.id.in_(list(ids)))).scalars())

    def latest(self, job: str) -> Event | None:
        query = select(events).where(events.c.job == job).order_by(events.c.number.desc()).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(query).first()
            return None if found is None else _event(found)

    def events(self, after: int, *, job: str | None = None, limit: int = 1000) -> list[Event]:
        query = select(events).where(events.c.number > after).order_by(events.c.number).limit(limit)
        if job is not None:
            query = query.where(events.c.job == job)
        with self._database.reading() as connection:
            return [_event(row) for row in connection.execute(query)]

    def newest(self) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.max(events.c.number))).scalar_one() or 0

    def announce(self, worker: WorkerInfo) -> None:
        now = time.time()
        with self._database.writing(durable=False) as connection:
            connection.execute(delete_from(workers).where(workers.c.seen_at < now - 60 * _WORKER_SEEN_S))
            connection.execute(
                insert(workers).values(
                    id=worker.id, host=worker.host, pid=worker.pid, device=worker.device, started_at=now, seen_at=now
                )
            )

    def load(self) -> Load:
        single = jobs.c.kind == "single"
        with self._database.reading() as connection:
            counts = select(jobs.c.phase, func.count()).where(single).group_by(jobs.c.phase)
            oldest = select(func.min(jobs.c.created_at)).where(single & (jobs.c.phase == "queued"))
            alive = select(workers).where(workers.c.seen_at > time.time() - _WORKER_SEEN_S)
            return Load(
                **dict(connection.execute(counts).all()),
                oldest_queued_at=connection.execute(oldest).scalar_one(),
                stored_bytes=queries.stored_bytes(connection),
                workers=[WorkerInfo(**row._mapping) for row in connection.execute(alive)],
            )

    def check(self) -> None:
        self._database.check()


def _take_away(connection: Connection, row: Row[Any], reason: Reason) -> None:
    if reason == "timeout":
        _give_up(connection, row.id, "TIMED_OUT")
    elif reason == "lost" and row.attempts >= MAX_ATTEMPTS:
        _give_up(connection, row.id, "WORKER_LOST")
    else:
        tried = row.attempts - (reason == "drained")
        stage = f"Waiting to try again ({tried + 1} of {MAX_ATTEMPTS})..." if reason == "lost" else "Waiting..."
        queries.change(
            connection, row.id, phase="queued", stage=stage, attempts=tried, worker=None, token=None, lease_until=None
        )
        if row.batch is not None:
            queries.roll_up(connection, row.batch)


def _give_up(connection: Connection, job: str, code: str) -> None:
    queries.end(connection, job, "failed", error=FAILURES[code].say(), code=code)


def _held(connection: Connection, claim: Claim) -> Row[Any]:
    row = queries.held(connection, claim)
    if row is None:
        raise LeaseLost("The job was canceled, removed or handed to another worker.")
    return row


def _event(row: Row[Any]) -> Event:
    return Event(row.number, row.job, row.data, row.last)
