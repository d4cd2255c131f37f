"""A job as data, and as its clients see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

Kind = Literal["single", "batch", "install"]
Phase = Literal["queued", "processing", "complete", "failed"]
TERMINAL: tuple[Phase, Phase] = ("complete", "failed")

PREVIEW = "preview.webp"
MASK = "mask.png"
ARCHIVE = "restored.zip"

MAX_ATTEMPTS = 3
"""How often a job is tried before it is given up."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is wanted. ``settings`` are the wire's fields, validated; ``notes`` become warnings.

    ``error`` and ``code`` are given for a photo of a batch that was refused at the door.
    """

    id: str
    filename: str
    owner: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    input_bytes: int = 0
    has_mask: bool = False
    error: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file that a job offers for download."""

    size_bytes: int
    media_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Job:
    """One row. ``percent`` is 0-100 and never falls; times are seconds since 1970."""

    number: int
    id: str
    kind: Kind
    batch: str | None
    owner: str | None
    filename: str
    settings: dict[str, Any]
    notes: tuple[str, ...]
    input_bytes: int
    has_mask: bool
    phase: Phase
    stage: str
    percent: int
    result: dict[str, Any] | None
    error: str | None
    code: str | None
    files: dict[str, StoredFile]
    attempts: int
    created_at: float
    claimed_at: float | None
    finished_at: float | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.phase in TERMINAL


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in the hands of ``worker``, under the lease ``token``."""

    job: Job
    worker: str
    token: str


@dataclass(frozen=True, slots=True)
class Event:
    """One frame of a job's progress: ``number`` grows over all jobs, ``data`` is its JSON."""

    number: int
    job: str
    data: str
    last: bool


def frame(job: Job) -> dict[str, Any]:
    """The state of a single job, as its clients see it."""
    seen: dict[str, Any] = {
        "jobId": job.id,
        "type": job.kind,
        "phase": job.phase,
        "stage": job.stage,
        "percent": job.percent,
    }
    if job.result is not None:
        seen["result"] = job.result
    if job.error is not None:
        seen["error"] = job.error
    if job.code is not None:
        seen["code"] = job.code
    return seen


def batch_frame(batch: Job, photos: Iterable[Job]) -> dict[str, Any]:
    """The state of a batch and of its photos, as its clients see it."""
    photos = list(photos)
    failed = [photo for photo in photos if photo.phase == "failed"]
    current = next((photo for photo in photos if photo.phase == "processing"), None)
    status = {"complete": "completed"}.get(batch.phase, batch.phase)
    seen = frame(batch) | {
        "status": status,
        "totalFiles": len(photos),
        "completedFiles": sum(photo.phase == "complete" for photo in photos),
        "failedFiles": len(failed),
        "errors": [{"filename": photo.filename, "error": photo.error} for photo in failed],
    }
    if current is not None:
        seen["currentFile"] = current.filename
    return seen


def batch_result(batch: str, photos: Iterable[Job]) -> dict[str, Any]:
    """What a batch has come to: an archive of what was restored, and every photo's own job."""
    files = []
    for photo in photos:
        entry: dict[str, Any] = {"jobId": photo.id, "filename": photo.filename, "phase": photo.phase}
        if photo.result is not None:
            entry |= {name: photo.result[name] for name in ("downloadUrl", "previewUrl")}
        if photo.error is not None:
            entry["error"] = photo.error
        files.append(entry)
    return {"jobId": batch, "downloadUrl": download_url(batch, ARCHIVE), "files": files}


def download_url(job: str, name: str) -> str:
    """Where the file ``name`` of ``job`` is handed out."""
    return f"/api/v1/download/{job}/{quote(name)}"
