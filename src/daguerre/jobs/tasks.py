"""Procrastinate's queue, within a transaction of ours: its functions on our connection, so that both end as one."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from procrastinate.connector import BaseAsyncConnector
from procrastinate.exceptions import NoResult
from procrastinate.jobs import Job as ProcrastinateJob
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from psycopg import Cursor
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from sqlalchemy import Connection

T = TypeVar("T")

TASK = "daguerre.restore"
"""What the queue's own tools call our tasks."""

_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""Not now: the clocks of the database and of this machine may differ."""


@dataclass(frozen=True, slots=True)
class Task:
    """A job's place in the queue: its number, the job's id, and the worker that has fetched it."""

    number: int
    job: str
    worker: int | None
    fetched: bool


class Tasks:
    """What is done to the queue is part of the transaction of ``connection``."""

    def __init__(self, connection: Connection) -> None:
        self._manager = JobManager(_Borrowed(connection))

    def defer(self, jobs: Sequence[tuple[str, str, int]]) -> list[int]:
        """Queue jobs, each by its id, queue and priority; those of a higher priority come first. Gives the numbers."""
        deferred = self._manager.batch_defer_jobs(
            [
                ProcrastinateJob(
                    queue=queue, priority=priority, lock=None, queueing_lock=None, task_name=TASK,
                    task_kwargs={"job": job},
                )
                for job, queue, priority in jobs
            ]
        )  # fmt: skip
        return [job.id for job in deferred if job.id is not None]

    def fetch(self, worker: int, queues: Iterable[str]) -> Task | None:
        """Take the first that waits in one of ``queues``."""
        found = _result(self._manager.fetch_job([*queues], worker))
        return None if found is None else _task(found)

    def get(self, number: int) -> Task | None:
        """The task, where it waits or is fetched."""
        return next((_task(job) for job in self._manager.list_jobs(id=number) if job.status in _OPEN), None)

    def fetched_by(self, worker: int) -> list[Task]:
        """What a worker has fetched and not ended."""
        return [_task(job) for job in self._manager.list_jobs(worker_id=worker, status=Status.DOING.value)]

    def stalled(self, silent_s: float) -> list[Task]:
        """What workers have fetched of which nothing was heard for so long."""
        return [_task(job) for job in _result(self._manager.get_stalled_jobs(seconds_since_heartbeat=silent_s))]

    def put_back(self, task: Task) -> None:
        """Let a fetched task wait again, where it was."""
        _result(self._manager.retry_job_by_id_async(task.number, retry_at=_AT_ONCE))

    def end(self, task: Task) -> None:
        """Take a task out of the queue."""
        _result(self._manager.finish_job_by_id_async(task.number, status=Status.SUCCEEDED, delete_job=True))

    def register(self) -> int:
        """A new worker's number."""
        return _result(self._manager.register_worker())

    def unregister(self, worker: int) -> None:
        """A worker has ended."""
        _result(self._manager.unregister_worker(worker))

    def beat(self, worker: int) -> None:
        """A worker lives."""
        _result(self._manager.update_heartbeat(worker))

    def prune(self, silent_s: float) -> None:
        """Forget workers of which nothing was heard for so long."""
        _result(self._manager.prune_stalled_workers(silent_s))


_OPEN = (Status.TODO.value, Status.DOING.value)


class _Borrowed(BaseAsyncConnector):
    """Procrastinate's way to the database: a connection that somebody else has opened and will commit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get_sync_connector(self) -> _Borrowed:
        return self

    def execute_query(self, query: str, **arguments: Any) -> None:
        self._execute(query, arguments)

    def execute_query_one(self, query: str, **arguments: Any) -> dict[str, Any]:
        found = self._execute(query, arguments).fetchone()
        if found is None:
            raise NoResult
        return found

    def execute_query_all(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        return self._execute(query, arguments).fetchall()

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        self.execute_query(query, **arguments)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:
        return self.execute_query_one(query, **arguments)

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        return self.execute_query_all(query, **arguments)

    def _execute(self, query: str, arguments: dict[str, Any]) -> Cursor[DictRow]:
        driver: Any = self._connection.connection.driver_connection
        cursor: Cursor[DictRow] = driver.cursor(row_factory=dict_row)
        return cursor.execute(query, {name: _adapted(value) for name, value in arguments.items()})


def _adapted(value: Any) -> Any:
    if isinstance(value, dict):
        return Jsonb(value)
    if isinstance(value, tuple):
        return tuple(_adapted(item) for item in value)
    return [_adapted(item) for item in value] if isinstance(value, list) else value


def _result(call: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never waits: the connector above does not."""
    try:
        call.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("Procrastinate waited for something else than the database.")


def _task(job: ProcrastinateJob) -> Task:
    assert job.id is not None
    return Task(job.id, str(job.task_kwargs["job"]), job.worker_id, job.status == Status.DOING.value)
