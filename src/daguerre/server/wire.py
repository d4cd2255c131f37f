"""Jobs as clients see them: frames, addresses and camelCase are made here, when somebody is answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic.alias_generators import to_camel

from daguerre.jobs.queue import JobQueue
from daguerre.jobs.records import Event, Job

ARCHIVE = "restored.zip"
"""The name of a batch's archive."""

MOST_ERRORS = 20
"""So many failed photos of a batch are named in its frames; ``failedFiles`` counts them all."""

Failures = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of a job as its listeners get it; ``data`` is JSON."""

    number: int
    job: str
    data: str
    last: bool


class Wire:
    """Makes what is sent. ``root_path`` is where a proxy has put the service, without a slash at its end."""

    def __init__(self, root_path: str = "") -> None:
        self.root_path = root_path

    def job_url(self, job: str) -> str:
        """Where a job is asked for."""
        return f"{self.root_path}/api/v1/jobs/{quote(job)}"

    def download_url(self, job: str, name: str) -> str:
        """Where a file of a job is handed out."""
        return f"{self.root_path}/api/v1/download/{quote(job)}/{quote(name)}"

    def state(self, job: Job, *, failures: Failures = (), photos: Iterable[Job] | None = None) -> dict[str, Any]:
        """The state of a job. A batch's tells of its failed photos, and after its end of its ``photos``."""
        seen: dict[str, Any] = {
            "jobId": job.id, "type": job.kind, "phase": job.phase, "stage": job.stage, "percent": job.percent,
        }  # fmt: skip
        if job.kind == "batch":
            seen |= _counts(job, failures)
        result = self._result(job, photos)
        if result is not None:
            seen["result"] = result
        if job.error is not None:
            seen["error"] = job.error
        if job.code is not None:
            seen["code"] = job.code
        return seen

    def listed(self, job: Job, failures: Failures) -> dict[str, Any]:
        """A job in a list: its state, and what it was made of. The photos of a batch are listed on their own."""
        return self.state(job, failures=failures) | {
            "filename": job.filename, "settings": {to_camel(name): value for name, value in job.settings.items()},
            "hasMask": job.has_mask, "inputBytes": job.input_bytes, "createdAt": job.created_at,
            "finishedAt": job.finished_at,
        }  # fmt: skip

    def present(self, queue: JobQueue, job: Job) -> dict[str, Any]:
        """The state of one job, with all that belongs to it."""
        if job.kind != "batch":
            return self.state(job)
        photos = queue.photos(job.id) if job.ended else None
        return self.state(job, failures=_failures(queue, job), photos=photos)

    def frames(self, queue: JobQueue, events: Iterable[Event]) -> list[Frame]:
        """What the listeners of these events get; those of jobs that were removed meanwhile are left out."""
        jobs: dict[str, Job | None] = {}
        made = []
        for event in events:
            if event.job not in jobs:
                jobs[event.job] = queue.get(event.job)
            job = jobs[event.job]
            if job is not None:
                state = self.present(queue, job.at(event))
                data = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
                made.append(Frame(event.number, event.job, data, event.last))
        return made

    def _result(self, job: Job, photos: Iterable[Job] | None) -> dict[str, Any] | None:
        match job.kind:
            case "single" if job.result is not None:
                return self._single(job, job.result)
            case "batch" if job.ended:
                return self._batch(job, photos)
            case "install" if job.result is not None:
                return {"jobId": job.id, **_camel(job.result)}
            case _:
                return None

    def _single(self, job: Job, result: Mapping[str, Any]) -> dict[str, Any]:
        seen = {"jobId": job.id}
        for role, name in (("photo", "downloadUrl"), ("preview", "previewUrl"), ("mask", "maskUrl")):
            found = next((file for file, stored in job.files.items() if stored.role == role), None)
            if found is not None:
                seen[name] = self.download_url(job.id, found)
        warning = " ".join(result["warnings"])
        return seen | _camel(result) | ({"warning": warning} if warning else {})

    def _batch(self, batch: Job, photos: Iterable[Job] | None) -> dict[str, Any]:
        seen: dict[str, Any] = {"jobId": batch.id}
        if batch.completed:
            seen["downloadUrl"] = self.download_url(batch.id, ARCHIVE)
        if photos is not None:
            seen["files"] = [self._member(photo) for photo in photos]
        return seen

    def _member(self, photo: Job) -> dict[str, Any]:
        entry: dict[str, Any] = {"jobId": photo.id, "filename": photo.filename, "phase": photo.phase}
        if photo.result is not None:
            result = self._single(photo, photo.result)
            entry |= {name: result[name] for name in ("downloadUrl", "previewUrl")}
        if photo.error is not None:
            entry["error"] = photo.error
        return entry


def _counts(batch: Job, failures: Failures) -> dict[str, Any]:
    seen: dict[str, Any] = {
        "status": "completed" if batch.phase == "complete" else batch.phase, "totalFiles": batch.photos,
        "completedFiles": batch.completed, "failedFiles": batch.failed,
        "errors": [{"filename": name, "error": error} for name, error in failures[: batch.failed]],
    }  # fmt: skip
    if batch.current is not None:
        seen["currentFile"] = batch.current
    return seen


def _failures(queue: JobQueue, batch: Job) -> Failures:
    return queue.failures([batch.id], most=MOST_ERRORS).get(batch.id, ()) if batch.failed else ()


def _camel(result: Mapping[str, Any]) -> dict[str, Any]:
    return {to_camel(name): value for name, value in result.items()}
