"""The tables. A change here needs a migration beside the others in ``migrations/versions``."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

# SQLite counts up in columns of this type alone.
_Number = BigInteger().with_variant(Integer, "sqlite")

_ID = 128
"""Clients may choose the ids of jobs, of so many letters at most."""

jobs = Table(
    "jobs",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("id", String(_ID), nullable=False, unique=True),
    Column("kind", String(8), nullable=False),
    Column("batch", String(_ID), ForeignKey("jobs.id", ondelete="CASCADE")),
    Column("owner", String(36)),
    Column("client_named", Boolean, nullable=False),
    Column("filename", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    # Ids come again once a job is removed, and file systems may not tell a from A.
    Column("folder", String(36), nullable=False),
    Column("input_bytes", BigInteger, nullable=False),
    Column("has_mask", Boolean, nullable=False),
    Column("stored_bytes", BigInteger, nullable=False),
    Column("phase", String(12), nullable=False),
    Column("stage", Text, nullable=False),
    Column("percent", Integer, nullable=False),
    # A batch counts its photos, and names one that is at work.
    Column("photos", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("current", Text),
    Column("result", JSON(none_as_null=True)),
    Column("error", Text),
    Column("code", String(40)),
    Column("files", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("worker", String(36)),
    Column("token", String(36)),
    # On the queue's own clock, which does not leap.
    Column("lease_until", Float),
    # Who waits for what, and in which order, where Procrastinate hands the jobs out.
    Column("job_class", String(12), nullable=False, server_default="interactive"),
    Column("need", String(12), nullable=False, server_default="default"),
    Column("rank", BigInteger, nullable=False, server_default="0"),
    Column("task", BigInteger),
    Column("trace", String(64)),
    Column("created_at", Float, nullable=False),
    Column("claimed_at", Float),
    Column("finished_at", Float),
    # Numbers of removed jobs are not given again: pages of a listing stay in order.
    sqlite_autoincrement=True,
)
Index("jobs_batch", jobs.c.batch, jobs.c.phase, jobs.c.number)
Index("jobs_owner", jobs.c.owner, jobs.c.number)
Index("jobs_phase", jobs.c.phase, jobs.c.kind, jobs.c.number)
Index("jobs_folder", jobs.c.folder)
_waiting = text("phase = 'queued' AND task IS NOT NULL")
Index("jobs_rank", jobs.c.job_class, jobs.c.rank, postgresql_where=_waiting).ddl_if(dialect="postgresql")
Index(
    "jobs_owner_rank", jobs.c.owner, jobs.c.job_class, jobs.c.rank, postgresql_where=_waiting
).ddl_if(dialect="postgresql")  # fmt: skip
Index("jobs_finished", jobs.c.finished_at, sqlite_where=text("batch IS NULL"), postgresql_where=text("batch IS NULL"))

events = Table(
    "events",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("job", String(_ID), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("phase", String(12), nullable=False),
    Column("stage", Text, nullable=False),
    Column("percent", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("current", Text),
    sqlite_autoincrement=True,
)
Index("events_job", events.c.job, events.c.number)

workers = Table(
    "workers",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("device", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    # On the queue's own clock.
    Column("alive_until", Float, nullable=False),
    # What Procrastinate calls it.
    Column("number", BigInteger),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(8), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("revoked_at", Float),
    Column("job_class", String(12), nullable=False, server_default="interactive"),
    # How many of its jobs are at work at a time; all that can be where there is no number.
    Column("job_limit", Integer),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("key", String(36), ForeignKey("keys.id", ondelete="CASCADE"), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("expires_at", Float, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("part", String(20), primary_key=True),
    # Of our tables the oldest step whose code can work with them, of others' the last step that was taken.
    Column("version", String(80), nullable=False),
)
