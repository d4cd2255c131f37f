"""What a queue of jobs must be able to do, wherever it keeps them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from daguerre.jobs.records import Claim, Event, Job, StoredFile, Submission

Reason = Literal["lost", "drained", "timeout"]

LEASE_S = 4.0
"""How long a job stays with a worker of which nothing is heard."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished job leaves: the result as clients see it, and its files by name."""

    result: dict[str, Any]
    files: Mapping[str, StoredFile]


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A process that works, as it announced itself."""

    id: str
    host: str
    pid: int
    device: str
    started_at: float = 0.0
    seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to do, and how many bytes all jobs' files take."""

    queued: int = 0
    processing: int = 0
    complete: int = 0
    failed: int = 0
    oldest_queued_at: float | None = None
    stored_bytes: int = 0
    workers: list[WorkerInfo] = field(default_factory=list)

    @property
    def oldest_wait_s(self) -> float:
        """How long the oldest has waited."""
        return 0.0 if self.oldest_queued_at is None else max(0.0, time.time() - self.oldest_queued_at)


class JobQueue(Protocol):
    """Keeps jobs, hands each to one worker at a time, and remembers what became of it. Thread-safe.

    What a method did is on the disk when it returns, except for :meth:`progress`.
    """

    def submit(self, job: Submission, photos: Sequence[Submission] = ()) -> None:
        """Store a single job, or a batch with its ``photos``. Raises JobExists and QueueFull."""

    def begin(self, job: Submission, worker: str, lease_s: float) -> Claim:
        """Store an installation that ``worker`` is at already. It is no photo: it waits in no queue and in no list.

        Raises JobExists.
        """

    def claim(self, worker: str, lease_s: float) -> Claim | None:
        """Hand the oldest waiting job to ``worker``; ``None`` where none waits.

        A job whose lease has run out waits again, until it was tried MAX_ATTEMPTS times.
        """

    def heartbeat(self, workers: Iterable[str], lease_s: float) -> list[Claim]:
        """Prolong the leases of living ``workers``, and give the jobs that they hold."""

    def holds(self, claim: Claim) -> bool:
        """Whether the job is still in the claimant's hands."""

    def progress(self, claim: Claim, stage: str, percent: int) -> None:
        """Tell the listeners. A lower percentage than before is raised to it. Raises LeaseLost."""

    def finish(self, claim: Claim, outcome: Outcome) -> None:
        """The job is complete. Raises LeaseLost."""

    def fail(self, claim: Claim, error: str, code: str) -> None:
        """The job has failed for good. Raises LeaseLost."""

    def abandon(self, worker: str, reason: Reason) -> int:
        """Take away what ``worker`` holds, and give the number of jobs.

        ``lost``: back to the queue until the tries are used up. ``drained``: back, without counting
        the try. ``timeout``: failed.
        """

    def cancel(self, job: str) -> bool:
        """End the job, and a batch's photos, as ``Canceled``; false where it had ended."""

    def get(self, job: str) -> Job | None:
        """The job, or ``None``."""

    def photos(self, batch: str) -> list[Job]:
        """The jobs of a batch's photos, in their order."""

    def page(self, owner: str | None, *, limit: int, before: int | None = None, batch: str | None = None) -> list[Job]:
        """The jobs of ``owner`` with smaller numbers than ``before``, newest first; a batch's photos with ``batch``."""

    def remove(self, job: str) -> list[str]:
        """Forget the job and its photos' jobs, and give the ids of those that were there."""

    def expired(self, before: float, *, over_bytes: int) -> list[str]:
        """Jobs to remove, oldest first: ended before the time ``before``, or in the way of so many bytes."""

    def known(self, jobs: Iterable[str]) -> set[str]:
        """Those of ``jobs`` that exist."""

    def latest(self, job: str) -> Event | None:
        """The job's current state as an event."""

    def events(self, after: int, *, job: str | None = None, limit: int = 1000) -> list[Event]:
        """Events with larger numbers than ``after``, in order: of one job, or of all."""

    def newest(self) -> int:
        """The largest number of an event so far."""

    def announce(self, worker: WorkerInfo) -> None:
        """Note that a worker has started."""

    def load(self) -> Load:
        """Counts over all jobs, and the workers that are alive."""

    def check(self) -> None:
        """Raise an exception unless jobs can be stored now."""
