"""A job as data. How clients see it is their doors' business."""

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
"""Names of files that every job may have."""

NEEDS: tuple[Need, ...] = ("default", "gpu", "large")
"""What a job may need of a worker."""

LARGE_BYTES = 64_000_000
"""Files of so many bytes are for workers with the memory for them."""

MAX_ATTEMPTS = 3
"""How often a job is tried before it is given up."""


def need_of(models: str, size_bytes: int) -> Need:
    """What a photo of so many bytes needs, for the models that were chosen."""
    if size_bytes >= LARGE_BYTES:
        return "large"
    return "gpu" if models == "full" else "default"


@dataclass(frozen=True, slots=True)
class Submission:
    """What is wanted. ``settings`` are those that were given, by their Python names; ``notes`` become warnings.

    ``folder`` is where the job's files lie, ``client_named`` tells that the client chose the ``id``. Where many
    machines work, ``job_class`` says who comes first, ``need`` which workers may take the job, and ``trace`` is the
    ``traceparent`` of the request. ``error`` and ``code`` are given for a photo of a batch that was refused at the
    door.
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
    """One file that a job offers for download, stored under ``key``."""

    key: str
    role: FileRole
    size_bytes: int
    media_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Event:
    """The state of a job at one time: ``number`` grows over all jobs. A batch counts its photos."""

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
        """Whether nothing more will happen to the job."""
        return self.phase in TERMINAL


@dataclass(frozen=True, slots=True)
class Job:
    """One row. ``percent`` is 0-100 and never falls; times are seconds since 1970.

    ``photos``, ``completed`` and ``failed`` count the photos of a batch, ``current`` names one that is at work.
    ``worker`` is, or was, at work on it.
    ``result`` has what the restoration reports, by its Python names; addresses are not in it.
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
        """Whether nothing more will happen to it."""
        return self.phase in TERMINAL

    def file_of(self, role: FileRole) -> tuple[str, StoredFile] | None:
        """The name and the file of that role, where there is one."""
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
