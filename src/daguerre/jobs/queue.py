"""What a queue of jobs must be able to do, wherever it keeps them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from daguerre.jobs.records import Claim, Event, Job, StoredFile, Submission

Reason = Literal["lost", "drained", "returned", "retried", "timeout"]

LEASE_S = 4.0
"""How long a silent worker keeps its job."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished job leaves: its result, with Python's names and no addresses, and its files by name."""

    result: dict[str, Any]
    files: Mapping[str, StoredFile]


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker process as it announced itself. Times are seconds since 1970."""

    id: str
    host: str
    pid: int
    device: str
    started_at: float = 0.0
    seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """Counts of photos by phase, and the bytes of all jobs' files. ``waiting`` counts by job class and need."""

    queued: int = 0
    processing: int = 0
    complete: int = 0
    failed: int = 0
    oldest_wait_s: float = 0.0
    stored_bytes: int = 0
    workers: list[WorkerInfo] = field(default_factory=list)
    waiting: dict[tuple[str, str], int] = field(default_factory=dict)


class JobQueue(Protocol):
    """Keeps jobs, hands each to one worker at a time, and remembers its outcome. Thread-safe.

    Changes are on the disk when a method returns, except for those of :meth:`progress`. Every method may raise
    :class:`~daguerre.database.errors.DatabaseError`. Leases and the life of workers are measured with the queue's own
    clock, which does not leap when somebody sets the time.
    """

    # For doors.

    def submit(self, job: Submission, photos: Sequence[Submission] = ()) -> None:
        """Store a single job, or a batch with its ``photos``, in one transaction. Raises JobExists and QueueFull."""

    def cancel(self, job: str) -> bool:
        """End the job, and a batch's photos, as ``Canceled``; false where it had ended."""

    def remove(self, job: str) -> list[Job]:
        """Forget the job and its photos' jobs, and give them."""

    def get(self, job: str) -> Job | None:
        """The job, or ``None``."""

    def photos(self, batch: str) -> list[Job]:
        """The jobs of a batch's photos, in their order."""

    def failures(self, batches: Iterable[str], *, most: int) -> dict[str, list[tuple[str, str]]]:
        """The first ``most`` failed photos of each batch that has any: pairs of name and reason."""

    def page(
        self,
        owner: str | None,
        *,
        everyone: bool = False,
        limit: int,
        before: int | None = None,
        batch: str | None = None,
    ) -> list[Job]:
        """The jobs of ``owner``, or of everyone, with smaller numbers than ``before``, newest first.

        A batch's photos are listed only where ``batch`` names it.
        """

    def latest(self, job: str) -> Event | None:
        """The job's current state as an event."""

    def events(self, job: str, after: int) -> list[Event]:
        """The job's events with larger numbers than ``after``, in order."""

    def newest(self) -> int:
        """The largest number of an event so far."""

    def news(self, after: int, *, within_s: float, limit: int = 1000) -> list[Event]:
        """Events of all jobs with larger numbers than ``after``, in order; waits up to ``within_s`` for the first."""

    # For workers and their supervisors.

    def consume(self, worker: WorkerInfo, handle: Callable[[Claim], object], draining: threading.Event) -> None:
        """Announce ``worker``, and hand it one job after the other until ``draining`` is set.

        A job whose lease has run out goes to another worker, up to MAX_ATTEMPTS times. ``handle`` must not raise.
        """

    def heartbeat(self, workers: Iterable[str], lease_s: float) -> list[Claim]:
        """Extend the leases of ``workers``, which are alive, and give the jobs that they hold."""

    def holds(self, claim: Claim) -> bool:
        """Whether the claim is still good."""

    def progress(self, claim: Claim, stage: str, percent: int) -> None:
        """Tell the listeners. ``percent`` never falls: a lower one counts as the last. Raises LeaseLost."""

    def finish(self, claim: Claim, outcome: Outcome) -> None:
        """Complete the job. May be called again. Raises LeaseLost."""

    def fail(self, claim: Claim, error: str, code: str) -> None:
        """End the job as failed, without another try. Raises LeaseLost."""

    def abandon(self, worker: str, reason: Reason) -> int:
        """Take away the jobs that ``worker`` holds, and give their number. They wait again; installations fail.

        ``lost`` jobs fail once their tries are used up, and those that took too long (``timeout``) at once. A try that
        was ``drained`` or ``returned`` does not count. After ``lost`` and ``drained`` the worker is forgotten.
        """

    def begin(self, job: Submission, worker: str, lease_s: float) -> Claim:
        """Store an installation, which ``worker`` has begun. It never waits, and is in no list. Raises JobExists."""

    # For housekeeping.

    def expired(self, before: float, *, over_bytes: int) -> list[str]:
        """Ended jobs to remove, oldest first: those from before ``before``, and those beyond ``over_bytes`` in all."""

    def known(self, jobs: Iterable[str]) -> set[str]:
        """Those of ``jobs`` that exist."""

    def known_folders(self, folders: Iterable[str]) -> set[str]:
        """Those of ``folders`` that belong to a job."""

    def offering(self, before: float) -> dict[str, str]:
        """The complete photos that ended before ``before``: the ids of their jobs, by folder."""

    def stored_bytes(self) -> int:
        """The bytes of all jobs' files."""

    def load(self) -> Load:
        """Counts over all jobs, and the workers that are alive."""

    def maintain(self) -> None:
        """What the queue has to do for itself, more often than every LEASE_S: see to leases that have run out.

        Jobs are handed on; installations have failed, as nobody else goes on with them.
        """

    def check(self) -> None:
        """Raise an exception unless jobs can be stored now."""
