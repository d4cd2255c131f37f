"""The queries behind the queue: every change of a job's row writes the event that tells of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, literal, select, update

from daguerre.database.schema import events, jobs
from daguerre.failures import FAILURES
from daguerre.jobs.queue import Outcome
from daguerre.jobs.records import TERMINAL, Claim, Event, Job, Kind, Phase, StoredFile, Submission

_TOLD = ("phase", "stage", "percent", "completed", "failed", "current")


def insert_jobs(
    connection: Connection,
    submitted: Iterable[Submission],
    *,
    now: float,
    kind: Kind,
    batch: str | None = None,
    photos: int = 0,
) -> None:
    """New rows, waiting or, for photos that were refused, failed; with their first events."""
    rows: list[dict[str, Any]] = [
        {
            "id": job.id, "kind": kind, "batch": batch, "owner": job.owner, "client_named": job.client_named,
            "filename": job.filename, "settings": dict(job.settings), "notes": list(job.notes), "folder": job.folder,
            "input_bytes": job.input_bytes, "has_mask": job.has_mask, "photos": photos, "completed": 0, "failed": 0,
            "job_class": job.job_class, "need": job.need, "trace": job.trace,
            "percent": 0, "files": {}, "attempts": 0, "created_at": now, "error": job.error, "code": job.code,
            "stored_bytes": 0 if job.error else job.input_bytes, "phase": "failed" if job.error else "queued",
            "stage": "Failed" if job.error else "Waiting...", "finished_at": now if job.error else None,
        }
        for job in submitted
    ]  # fmt: skip
    connection.execute(insert(jobs), rows)
    if kind != "batch":
        tell(connection, [row["id"] for row in rows])


def change(connection: Connection, job: str, **columns: Any) -> None:
    """Change a job's row, and tell of it."""
    connection.execute(update(jobs).where(jobs.c.id == job).values(**columns))
    tell(connection, [job])


def tell(connection: Connection, changed: Collection[str]) -> None:
    """The events of the present states of these jobs."""
    columns = [jobs.c[name] for name in _TOLD]
    state = select(jobs.c.id, *columns).where(jobs.c.id.in_(changed)).order_by(jobs.c.number)
    connection.execute(insert(events).from_select(["job", *_TOLD], state))


def end(connection: Connection, row: Row[Any], *, now: float, outcome: Outcome | None = None, code: str = "",
        error: str = "") -> None:  # fmt: skip
    """The last change of a job, and what follows for the batch that it belongs to."""
    columns: dict[str, Any] = {"lease_until": None, "finished_at": now}
    if outcome is not None:
        files = {name: asdict(file) for name, file in outcome.files.items()}
        added = sum(file.size_bytes for file in outcome.files.values())
        columns |= {"phase": "complete", "percent": 100, "stage": "Done", "result": outcome.result, "files": files}
        columns["stored_bytes"] = jobs.c.stored_bytes + added
    else:
        columns |= _failed(error or FAILURES[code].say(), code)
    change(connection, row.id, **columns)
    if row.batch is not None:
        phase: Phase = "failed" if outcome is None else "complete"
        roll_up(connection, row.batch, now=now, ended=phase)


def cancel(connection: Connection, row: Row[Any], *, now: float) -> None:
    """End a job, and a batch with all of its photos."""
    columns = {"lease_until": None, "finished_at": now} | _failed(FAILURES["CANCELED"].say(), "CANCELED")
    if row.kind == "batch":
        open_photos = (jobs.c.batch == row.id) & jobs.c.phase.not_in(TERMINAL)
        ids = list(connection.execute(select(jobs.c.id).where(open_photos)).scalars())
        connection.execute(update(jobs).where(open_photos).values(**columns))
        tell(connection, ids)
        connection.execute(
            update(jobs).where(jobs.c.id == row.id).values(failed=jobs.c.failed + len(ids), current=None)
        )
    change(connection, row.id, **columns)
    if row.batch is not None:
        roll_up(connection, row.batch, now=now, ended="failed")


def roll_up(connection: Connection, batch: str, *, now: float, ended: Phase | None = None) -> None:
    """Bring a batch's row up to its photos, one of which may have ``ended``, and tell of it."""
    own = found(connection, batch, lock=True)
    if own is None or own.phase in TERMINAL:
        return
    at_work = (jobs.c.batch == batch) & (jobs.c.phase == "processing")
    working, current = connection.execute(
        select(func.coalesce(func.sum(jobs.c.percent), 0), func.min(jobs.c.filename)).where(at_work)
    ).one()
    completed, failed = own.completed + (ended == "complete"), own.failed + (ended == "failed")
    done = completed + failed
    percent = int((100 * done + working) / own.photos) if own.photos else 100
    columns: dict[str, Any] = {
        "completed": completed, "failed": failed, "current": current, "percent": max(own.percent, min(percent, 99)),
        "stage": f"{done} of {own.photos} photos done",
    }  # fmt: skip
    if current is not None or done:
        columns["phase"] = "processing"
    if done >= own.photos:
        columns["finished_at"] = now
        columns |= (
            {"phase": "complete", "percent": 100}
            if completed
            else _failed(FAILURES["BATCH_FAILED"].say(), "BATCH_FAILED")
        )
    change(connection, batch, **columns)


def recount(connection: Connection, batch: str, *, now: float) -> None:
    """Count a batch's photos anew, after one was removed."""
    own = found(connection, batch, lock=True)
    if own is None:
        return
    counted = select(jobs.c.phase, func.count()).where(jobs.c.batch == batch).group_by(jobs.c.phase)
    counts: dict[str, int] = dict(connection.execute(counted).all())
    columns = {
        "photos": sum(counts.values()),
        "completed": counts.get("complete", 0),
        "failed": counts.get("failed", 0),
    }
    connection.execute(update(jobs).where(jobs.c.id == batch).values(**columns))
    roll_up(connection, batch, now=now)


def found(connection: Connection, job: str, *, lock: bool = False) -> Row[Any] | None:
    """The job's row, or ``None``; with ``lock`` nobody else changes it before the transaction ends."""
    query = select(jobs).where(jobs.c.id == job)
    return connection.execute(query.with_for_update(key_share=True) if lock else query).first()


def found_family(connection: Connection, job: str) -> tuple[Row[Any] | None, list[Row[Any]]]:
    """The job's row and those of its photos, locked. Photos always come first, or two could wait for each other."""
    query = select(jobs).where(jobs.c.batch == job).order_by(jobs.c.number).with_for_update(key_share=True)
    members = list(connection.execute(query).all())
    return found(connection, job, lock=True), members


def held(connection: Connection, claim: Claim, *, lock: bool = False) -> Row[Any] | None:
    """The job's row while ``claim`` holds it."""
    mine = (jobs.c.id == claim.job.id) & (jobs.c.token == claim.token) & (jobs.c.phase == "processing")
    query = select(jobs).where(mine)
    return connection.execute(query.with_for_update(key_share=True) if lock else query).first()


def finished(connection: Connection, claim: Claim) -> bool:
    """Whether the job was completed under ``claim``: the answer to that may have been lost."""
    done = (jobs.c.id == claim.job.id) & (jobs.c.token == claim.token) & (jobs.c.phase == "complete")
    return connection.execute(select(jobs.c.id).where(done)).first() is not None


def photos(connection: Connection, batch: str) -> list[Job]:
    """The jobs of a batch's photos, in their order."""
    query = select(jobs).where(jobs.c.batch == batch).order_by(jobs.c.number)
    return [job_of(photo) for photo in connection.execute(query)]


def failures(connection: Connection, batches: Collection[str], most: int) -> dict[str, list[tuple[str, str]]]:
    """For each batch the names of its failed photos and why, ``most`` of them, in the order of the photos."""
    rank = func.row_number().over(partition_by=jobs.c.batch, order_by=jobs.c.number).label("rank")
    columns = (jobs.c.batch, jobs.c.filename, jobs.c.error, jobs.c.number, rank)
    ranked = select(*columns).where(jobs.c.batch.in_(batches) & (jobs.c.phase == "failed")).subquery()
    query = select(ranked).where(ranked.c.rank <= literal(most)).order_by(ranked.c.number)
    told: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(query):
        told.setdefault(row.batch, []).append((row.filename, row.error))
    return told


def count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    """How many rows meet the conditions."""
    return connection.execute(select(func.count()).select_from(jobs).where(*conditions)).scalar_one()


def stored_bytes(connection: Connection) -> int:
    """The bytes of all jobs' files."""
    return int(connection.execute(select(func.coalesce(func.sum(jobs.c.stored_bytes), 0))).scalar_one())


def job_of(row: Row[Any]) -> Job:
    """A row as a record."""
    columns = {name: getattr(row, name) for name in Job.__dataclass_fields__}
    columns["notes"] = tuple(row.notes)
    columns["files"] = {name: StoredFile(**file) for name, file in row.files.items()}
    return Job(**columns)


def event_of(row: Row[Any]) -> Event:
    """A row of the events as a record."""
    return Event(**row._mapping)


def _failed(error: str, code: str) -> dict[str, Any]:
    return {"phase": "failed", "stage": "Failed", "error": error, "code": code, "current": None}
