"""What a queue of jobs must be able to do, wherever it keeps them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from daguerre.jobs.records import Claim, Event, Job, StoredFile, Submission

Reason = Literal["lost", "drained", "returned", "retried", "timeout"]

LEASE_S = 4.0
"""How long a job stays with a worker of which nothing is heard."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished job leaves: its result, by Python names and without addresses, and its files by name."""

    result: dict[str, Any]
    files: Mapping[str, StoredFile]


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A process that works, as it announced itself. Times are seconds since 1970."""

    id: str
    host: str
    pid: int
    device: str
    started_at: float = 0.0
    seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to do, and how many bytes all jobs' files take. ``waiting`` is by class and need."""

    queued: int = 0
    processing: int = 0
    complete: int = 0
    failed: int = 0
    oldest_wait_s: float = 0.0
    stored_bytes: int = 0
    workers: list[WorkerInfo] = field(default_factory=list)
    waiting: dict[tuple[str, str], int] = field(default_factory=dict)


class JobQueue(Protocol):
    """Keeps jobs, hands each to one worker at a time, and remembers what became of it. Thread-safe.

    What a method did is on the disk when it returns, except for :meth:`progress`. Every method may raise
    :class:`~daguerre.database.errors.DatabaseError`. Leases and the life of workers are measured with a clock of the
    queue's own that does not leap when somebody sets the time.
    """

    # For doors.

    def submit(self, job: Submission, photos: Sequence[Submission] = ()) -> None:
        """Store a single job, or a batch with its ``photos``, in one transaction. Raises JobExists and QueueFull."""

    def cancel(self, job: str) -> bool:
        """End the job, and a batch's photos, as ``Canceled``; false where it had ended."""

    def remove(self, job: str) -> list[Job]:
        """Forget the job and its photos' jobs, and give those that were there."""

    def get(self, job: str) -> Job | None:
        """The job, or ``None``."""

    def photos(self, batch: str) -> list[Job]:
        """The jobs of a batch's photos, in their order."""

    def failures(self, batches: Iterable[str], *, most: int) -> dict[str, list[tuple[str, str]]]:
        """For each batch with failures the names of its failed photos and why, ``most`` of them."""

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

        A batch's photos are listed with ``batch`` alone.
        """

    def latest(self, job: str) -> Event | None:
        """The job's current state as an event."""

    def events(self, job: str, after: int) -> list[Event]:
        """The job's events with larger numbers than ``after``, in order."""

    def newest(self) -> int:
        """The largest number of an event so far."""

    def news(self, after: int, *, within_s: float, limit: int = 1000) -> list[Event]:
        """Events of all jobs with larger numbers than ``after``, in order; waits for the first ``within_s`` at most."""

    # For workers and who watches them.

    def consume(self, worker: WorkerInfo, handle: Callable[[Claim], object], draining: threading.Event) -> None:
        """Announce ``worker``, and hand it one job after the other until ``draining`` is set.

        A job whose lease has run out is handed on, until it was tried MAX_ATTEMPTS times. ``handle`` does not raise.
        """

    def heartbeat(self, workers: Iterable[str], lease_s: float) -> list[Claim]:
        """Prolong the leases of living ``workers``, and give the jobs that they hold."""

    def holds(self, claim: Claim) -> bool:
        """Whether the job is still in the claimant's hands."""

    def progress(self, claim: Claim, stage: str, percent: int) -> None:
        """Tell the listeners. A lower percentage than before is raised to it. Raises LeaseLost."""

    def finish(self, claim: Claim, outcome: Outcome) -> None:
        """The job is complete; may be said again. Raises LeaseLost."""

    def fail(self, claim: Claim, error: str, code: str) -> None:
        """The job has failed for good. Raises LeaseLost."""

    def abandon(self, worker: str, reason: Reason) -> int:
        """Take away what ``worker`` holds, and give the number of jobs.

        ``lost``: back to the queue until the tries are used up. ``drained``: back, without counting
        the try. ``returned``: the same, and the worker goes on.
        ``retried``: back, and the worker goes on. ``timeout``: failed.
        """

    def begin(self, job: Submission, worker: str, lease_s: float) -> Claim:
        """Store an installation that ``worker`` is at already. It is no photo: it waits in no queue and in no list.

        Raises JobExists.
        """

    # For housekeeping.

    def expired(self, before: float, *, over_bytes: int) -> list[str]:
        """Jobs to remove, oldest first: ended before the time ``before``, or in the way of so many bytes."""

    def known(self, jobs: Iterable[str]) -> set[str]:
        """Those of ``jobs`` that exist."""

    def known_folders(self, folders: Iterable[str]) -> set[str]:
        """Those of ``folders`` that belong to a job."""

    def offering(self, before: float) -> dict[str, str]:
        """The jobs that offer files since before that time, by their folders."""

    def stored_bytes(self) -> int:
        """What all jobs' files take."""

    def load(self) -> Load:
        """Counts over all jobs, and the workers that are alive."""

    def maintain(self) -> None:
        """What the queue has to do for itself, more often than every LEASE_S: see to leases that have run out.

        Jobs are handed on; installations have failed, as nobody else goes on with them.
        """

    def check(self) -> None:
        """Raise an exception unless jobs can be stored now."""
