"""A job as data. What clients see of it is made elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

Kind = Literal["single", "batch", "install"]
Phase = Literal["queued", "processing", "complete", "failed"]
JobClass = Literal["interactive", "batch"]
Need = Literal["default", "gpu", "large"]
FileRole = Literal["photo", "preview", "mask"]
TERMINAL: tuple[Phase, Phase] = ("complete", "failed")

PREVIEW = "preview.webp"
MASK = "mask.png"
"""Names of two files that a job may offer."""

NEEDS: tuple[Need, ...] = ("default", "gpu", "large")
"""What a job may need of a worker."""

LARGE_BYTES = 64_000_000
"""Photos from this size on need workers with much memory."""

MAX_ATTEMPTS = 3
"""How often a job is tried before it is given up."""


def need_of(models: str, size_bytes: int) -> Need:
    """What a worker needs for a photo of this size and the chosen ``models``."""
    if size_bytes >= LARGE_BYTES:
        return "large"
    return "gpu" if models == "full" else "default"


@dataclass(frozen=True, slots=True)
class Submission:
    """A job to be. ``settings`` has only the given ones, by their Python names; ``notes`` become warnings.

    ``folder`` is where its files lie; ``client_named`` says that the client chose the ``id``. On many machines
    ``job_class`` decides who comes first, and ``need`` which workers may take the job; ``trace`` is the request's
    ``traceparent``. ``error`` and ``code`` belong to a photo of a batch that the server has refused.
    """

    id: str
    filename: str
    owner: str | None = None
    client_named: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    folder: str = field(default_factory=lambda: uuid.uuid4().hex)
    input_bytes: int = 0
    has_mask: bool = False
    job_class: JobClass = "interactive"
    need: Need = "default"
    trace: str | None = None
    error: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that a job offers for download, stored under ``key``."""

    key: str
    role: FileRole
    size_bytes: int
    media_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Event:
    """The state of a job at one time. ``number`` grows across all jobs; the counts are of a batch's photos."""

    number: int
    job: str
    phase: Phase
    stage: str
    percent: int
    completed: int
    failed: int
    current: str | None

    @property
    def last(self) -> bool:
        """Whether the job has ended with it."""
        return self.phase in TERMINAL


@dataclass(frozen=True, slots=True)
class Job:
    """One row. ``percent`` is 0-100 and never falls; times are seconds since 1970.

    ``photos``, ``completed`` and ``failed`` count the photos of a batch, and ``current`` names one of those at work.
    ``worker`` is the id of the last worker that took the job. ``result`` is the restoration's report, with Python's
    names and no addresses.
    """

    number: int
    id: str
    kind: Kind
    batch: str | None
    owner: str | None
    client_named: bool
    filename: str
    settings: dict[str, Any]
    notes: tuple[str, ...]
    folder: str
    input_bytes: int
    has_mask: bool
    phase: Phase
    stage: str
    percent: int
    photos: int
    completed: int
    failed: int
    current: str | None
    result: dict[str, Any] | None
    error: str | None
    code: str | None
    files: dict[str, StoredFile]
    attempts: int
    job_class: JobClass
    need: Need
    trace: str | None
    worker: str | None
    created_at: float
    claimed_at: float | None
    finished_at: float | None

    @property
    def ended(self) -> bool:
        """Whether it is complete or has failed."""
        return self.phase in TERMINAL

    def file_of(self, role: FileRole) -> tuple[str, StoredFile] | None:
        """The name and the file of ``role``, or ``None``."""
        return next(((name, file) for name, file in self.files.items() if file.role == role), None)

    def at(self, event: Event) -> Self:
        """The job as it was when ``event`` happened."""
        then = replace(
            self, phase=event.phase, stage=event.stage, percent=event.percent, completed=event.completed,
            failed=event.failed, current=event.current,
        )  # fmt: skip
        return then if event.last else replace(then, result=None, error=None, code=None)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in the hands of ``worker``, under the lease ``token``."""

    job: Job
    worker: str
    token: str
