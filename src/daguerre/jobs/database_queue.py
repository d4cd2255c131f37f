"""What queues on a database have in common: jobs and events are rows. How jobs are handed out is theirs."""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select
from sqlalchemy import delete as delete_from
from sqlalchemy.exc import IntegrityError

from daguerre.database.interface import Database
from daguerre.database.schema import events, jobs, workers
from daguerre.jobs import queries
from daguerre.jobs.errors import JobExists, LeaseLost, QueueFull
from daguerre.jobs.queries import event_of, job_of
from daguerre.jobs.queue import Load, Outcome, Reason, WorkerInfo
from daguerre.jobs.records import MAX_ATTEMPTS, TERMINAL, Claim, Event, Job, Kind, Submission

WORKER_SEEN_S = 15.0
"""A worker of which nothing was heard for so long is not counted."""

_IDS_AT_ONCE = 5000


class DatabaseQueue(ABC):
    """Most of a :class:`~daguerre.jobs.queue.JobQueue` on ``database``; at most ``max_queued`` jobs wait.

    ``wall`` gives the time that people see.
    """

    def __init__(self, database: Database, *, max_queued: int = 2000, wall: Callable[[], float] = time.time) -> None:
        self._database = database
        self._max_queued = max_queued
        self._wall = wall

    @abstractmethod
    def _from_now(self, seconds: float) -> float | ColumnElement[float]:
        """A time on the queue's clock, which does not leap."""

    @abstractmethod
    def _gone(self, until: ColumnElement[float]) -> ColumnElement[bool]:
        """Whether a time on that clock is past."""

    @abstractmethod
    def _hand_out(self, connection: Connection, waiting: Collection[str]) -> None:
        """New jobs wait from now on, if the transaction ends well."""

    @abstractmethod
    def _hand_out_again(self, connection: Connection, row: Row[Any]) -> None:
        """A job that was taken away from its worker waits again."""

    @abstractmethod
    def _withdraw(self, connection: Connection, rows: Iterable[Row[Any]]) -> None:
        """These jobs, which waited or were at work, are handed to nobody any more."""

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
            self._hand_out(connection, [each.id for each in photos or [job] if each.error is None])

    def begin(self, job: Submission, worker: str, lease_s: float) -> Claim:
        now = self._wall()
        with self._database.writing() as connection:
            try:
                queries.insert_jobs(connection, [job], now=now, kind="install")
            except IntegrityError as error:
                raise JobExists("A job with this id exists.") from error
            return self._lease(connection, job.id, worker, lease_s, attempts=1)

    def holds(self, claim: Claim) -> bool:
        with self._database.reading() as connection:
            return queries.held(connection, claim) is not None

    def progress(self, claim: Claim, stage: str, percent: int) -> None:
        with self._database.writing(durable=False) as connection:
            row = self._held(connection, claim)
            queries.change(connection, row.id, stage=stage, percent=max(row.percent, min(percent, 99)))
            if row.batch is not None:
                queries.roll_up(connection, row.batch, now=self._wall())

    def finish(self, claim: Claim, outcome: Outcome) -> None:
        with self._database.writing() as connection:
            if not queries.finished(connection, claim):
                row = self._held(connection, claim)
                queries.end(connection, row, now=self._wall(), outcome=outcome)
                self._withdraw(connection, [row])

    def fail(self, claim: Claim, error: str, code: str) -> None:
        with self._database.writing() as connection:
            row = self._held(connection, claim)
            queries.end(connection, row, now=self._wall(), error=error, code=code)
            self._withdraw(connection, [row])

    def cancel(self, job: str) -> bool:
        with self._database.writing() as connection:
            found, photos = queries.found_family(connection, job)
            if found is None or found.phase in TERMINAL:
                return False
            queries.cancel(connection, found, now=self._wall())
            self._withdraw(connection, [row for row in (*photos, found) if row.phase not in TERMINAL])
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
        self,
        owner: str | None,
        *,
        everyone: bool = False,
        limit: int,
        before: int | None = None,
        batch: str | None = None,
    ) -> list[Job]:
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
            found, photos = queries.found_family(connection, job)
            if found is None:
                return []
            rows = [found, *photos]
            removed = [job_of(row) for row in rows]
            connection.execute(delete_from(jobs).where(jobs.c.id.in_([each.id for each in removed])))
            self._withdraw(connection, [row for row in rows if row.phase not in TERMINAL])
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
        return self._those_in(jobs.c.id, list(ids))

    def known_folders(self, folders: Iterable[str]) -> set[str]:
        return self._those_in(jobs.c.folder, list(folders))

    def offering(self, before: float) -> dict[str, str]:
        complete = (jobs.c.phase == "complete") & (jobs.c.kind == "single") & (jobs.c.finished_at < before)
        with self._database.reading() as connection:
            return dict(connection.execute(select(jobs.c.folder, jobs.c.id).where(complete)).all())

    def latest(self, job: str) -> Event | None:
        query = select(events).where(events.c.job == job).order_by(events.c.number.desc()).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(query).first()
            return None if found is None else event_of(found)

    def events(self, job: str, after: int) -> list[Event]:
        query = select(events).where((events.c.job == job) & (events.c.number > after)).order_by(events.c.number)
        with self._database.reading() as connection:
            return [event_of(row) for row in connection.execute(query)]

    def newest(self) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.max(events.c.number))).scalar_one() or 0

    def stored_bytes(self) -> int:
        with self._database.reading() as connection:
            return queries.stored_bytes(connection)

    def load(self) -> Load:
        single = jobs.c.kind == "single"
        with self._database.reading() as connection:
            counts = select(jobs.c.phase, func.count()).where(single).group_by(jobs.c.phase)
            oldest = select(func.min(jobs.c.created_at)).where(single & (jobs.c.phase == "queued"))
            since = connection.execute(oldest).scalar_one()
            kinds = (jobs.c.job_class, jobs.c.need)
            waits = select(*kinds, func.count()).where(single & (jobs.c.phase == "queued")).group_by(*kinds)
            shown = [workers.c[name] for name in WorkerInfo.__dataclass_fields__]
            alive = select(*shown).where(~self._gone(workers.c.alive_until)).order_by(workers.c.started_at)
            return Load(
                **dict(connection.execute(counts).all()),
                oldest_wait_s=0.0 if since is None else max(0.0, self._wall() - since),
                stored_bytes=queries.stored_bytes(connection),
                waiting={(row[0], row[1]): row[2] for row in connection.execute(waits)},
                workers=[WorkerInfo(**row._mapping) for row in connection.execute(alive)],
            )

    def check(self) -> None:
        self._database.check()

    def _lease(self, connection: Connection, job: str, worker: str, lease_s: float, *, attempts: int) -> Claim:
        token = str(uuid.uuid4())
        queries.change(
            connection, job, phase="processing", stage="Starting...", attempts=attempts, worker=worker, token=token,
            lease_until=self._from_now(lease_s), claimed_at=self._wall(),
        )  # fmt: skip
        row = queries.found(connection, job)
        assert row is not None
        return Claim(job_of(row), worker, token)

    def _take_away(self, connection: Connection, row: Row[Any], reason: Reason) -> None:
        now = self._wall()
        if row.kind == "install":
            queries.end(connection, row, now=now, code="INTERRUPTED")
        elif reason == "timeout":
            queries.end(connection, row, now=now, code="TIMED_OUT")
        elif reason == "lost" and row.attempts >= MAX_ATTEMPTS:
            queries.end(connection, row, now=now, code="WORKER_LOST")
        else:
            tried = row.attempts - (reason in ("drained", "returned"))
            again = f"Waiting to try again ({tried + 1} of {MAX_ATTEMPTS})..."
            stage = {"drained": "Waiting...", "returned": "Waiting for the storage..."}.get(reason, again)
            queries.change(
                connection, row.id, phase="queued", stage=stage, attempts=tried, worker=None, token=None,
                lease_until=None,
            )  # fmt: skip
            if row.batch is not None:
                queries.roll_up(connection, row.batch, now=now)
            self._hand_out_again(connection, row)
            return
        self._withdraw(connection, [row])

    @staticmethod
    def _held(connection: Connection, claim: Claim) -> Row[Any]:
        row = queries.held(connection, claim, lock=True)
        if row is None:
            raise LeaseLost("The job was canceled, removed or handed to another worker.")
        return row

    def _those_in(self, column: ColumnElement[str], values: list[str]) -> set[str]:
        """Those of ``values`` that the column has."""
        found: set[str] = set()
        with self._database.reading() as connection:
            for start in range(0, len(values), _IDS_AT_ONCE):
                some = values[start : start + _IDS_AT_ONCE]
                found.update(connection.execute(select(column).where(column.in_(some))).scalars())
        return found
