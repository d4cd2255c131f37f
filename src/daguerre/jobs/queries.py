"""The entries of the tables: every change of a job's row writes the event that tells of it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from daguerre.database.schema import events, jobs
from daguerre.failures import FAILURES
from daguerre.jobs.queue import Outcome
from daguerre.jobs.records import (
    TERMINAL,
    Claim,
    Job,
    Kind,
    Phase,
    StoredFile,
    Submission,
    batch_frame,
    batch_result,
    frame,
)


def enter(connection: Connection, job: Submission, *, kind: Kind, batch: str | None = None) -> None:
    """A new row, waiting, with its first event."""
    connection.execute(
        insert(jobs).values(
            id=job.id, kind=kind, batch=batch, owner=job.owner, filename=job.filename,
            settings=dict(job.settings), notes=list(job.notes), input_bytes=job.input_bytes,
            has_mask=job.has_mask, stored_bytes=0 if job.error else job.input_bytes, phase="queued", stage="Waiting...",
            percent=0, files={}, attempts=0, created_at=time.time(),
        )
    )  # fmt: skip
    if kind != "batch":
        tell(connection, row(connection, job.id))
    if batch is None and kind == "batch":
        roll_up(connection, job.id)


def change(connection: Connection, job: str, **columns: Any) -> None:
    """Change a single job's row, and tell of it."""
    connection.execute(update(jobs).where(jobs.c.id == job).values(**columns))
    tell(connection, row(connection, job))


def end(
    connection: Connection, job: str, phase: Phase, *, outcome: Outcome | None = None, error: str | None = None,
    code: str | None = None, alone: bool = False,
) -> None:  # fmt: skip
    """The last change of a job, and unless ``alone`` what follows for the batch that it belongs to."""
    columns: dict[str, Any] = {
        "phase": phase, "error": error, "code": code, "finished_at": time.time(),
        "worker": None, "token": None, "lease_until": None, "stage": "Failed",
    }  # fmt: skip
    if outcome is not None:
        files = {name: asdict(file) for name, file in outcome.files.items()}
        added = sum(file.size_bytes for file in outcome.files.values())
        columns |= {"percent": 100, "stage": "Done", "result": outcome.result, "files": files}
        columns["stored_bytes"] = jobs.c.stored_bytes + added
    change(connection, job, **columns)
    batch = row(connection, job).batch
    if batch is not None and not alone:
        roll_up(connection, batch)


def roll_up(connection: Connection, batch: str) -> None:
    """Bring a batch's own row up to its photos, and tell of it."""
    own = row(connection, batch)
    if own.phase in TERMINAL:
        return
    members = photos(connection, batch)
    ended = sum(photo.ended for photo in members)
    columns: dict[str, Any] = {"stage": f"{ended} of {len(members)} photos done"}
    if members:
        share = sum(100 if photo.ended else photo.percent for photo in members) / len(members)
        columns["percent"] = max(own.percent, min(int(share), 99))
        if any(photo.phase != "queued" for photo in members):
            columns["phase"] = "processing"
        if ended == len(members):
            columns |= {"finished_at": time.time(), "result": batch_result(batch, members)}
            if any(photo.phase == "complete" for photo in members):
                columns |= {"phase": "complete", "percent": 100}
            else:
                failure = FAILURES["BATCH_FAILED"]
                columns |= {"phase": "failed", "error": failure.say(), "code": failure.code}
    change(connection, batch, **columns)


def tell(connection: Connection, changed: Row[Any]) -> None:
    """The event of a row's present state."""
    job = job_of(changed)
    seen = batch_frame(job, photos(connection, job.id)) if job.kind == "batch" else frame(job)
    data = json.dumps(seen, ensure_ascii=False, separators=(",", ":"))
    connection.execute(insert(events).values(job=job.id, data=data, last=job.ended))


def found(connection: Connection, job: str) -> Row[Any] | None:
    """The job's row, or ``None``."""
    return connection.execute(select(jobs).where(jobs.c.id == job)).first()


def row(connection: Connection, job: str) -> Row[Any]:
    """The row of a job that exists."""
    return connection.execute(select(jobs).where(jobs.c.id == job)).one()


def held(connection: Connection, claim: Claim) -> Row[Any] | None:
    """The job's row while ``claim`` holds it."""
    mine = (jobs.c.id == claim.job.id) & (jobs.c.token == claim.token) & (jobs.c.phase == "processing")
    return connection.execute(select(jobs).where(mine)).first()


def photos(connection: Connection, batch: str) -> list[Job]:
    """The jobs of a batch's photos, in their order."""
    query = select(jobs).where(jobs.c.batch == batch).order_by(jobs.c.number)
    return [job_of(photo) for photo in connection.execute(query)]


def count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    """How many rows meet the conditions."""
    return connection.execute(select(func.count()).select_from(jobs).where(*conditions)).scalar_one()


def stored_bytes(connection: Connection) -> int:
    """The bytes of all jobs' files."""
    return int(connection.execute(select(func.coalesce(func.sum(jobs.c.stored_bytes), 0))).scalar_one())


def job_of(row: Row[Any]) -> Job:
    """A row as a record."""
    return Job(
        number=row.number, id=row.id, kind=row.kind, batch=row.batch, owner=row.owner, filename=row.filename,
        settings=row.settings, notes=tuple(row.notes), input_bytes=row.input_bytes, has_mask=row.has_mask,
        phase=row.phase, stage=row.stage, percent=row.percent, result=row.result, error=row.error, code=row.code,
        files={name: StoredFile(**file) for name, file in row.files.items()},
        attempts=row.attempts, created_at=row.created_at, claimed_at=row.claimed_at, finished_at=row.finished_at,
    )  # fmt: skip
