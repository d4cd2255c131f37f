"""From an upload to a job: what the parts say is checked before anything is promised."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from daguerre.errors import InvalidSettings
from daguerre.jobs import filenames
from daguerre.jobs.errors import FileMissing
from daguerre.jobs.inspection import Request as Inspection
from daguerre.jobs.records import Submission
from daguerre.jobs.storage import full_disk, input_key, mask_key
from daguerre.server.multipart import Form, SpooledFile
from daguerre.server.problems import Problem
from daguerre.server.service import Service, threaded
from daguerre.settings import Settings

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NAMED_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """The fields beside the files: the job's id, what is wanted, and what has to be said about it."""

    id: str
    settings: Settings
    notes: tuple[str, ...]

    @property
    def wire(self) -> dict[str, Any]:
        """The settings that were given, as they are stored."""
        return self.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)


def upload_options(form: Form, service: Service) -> UploadOptions:
    """Read the texts of ``form``. Raises Problem and InvalidSettings."""
    fields = _settings_object(form.texts.get("settings", ""))
    settings, ignored = Settings.from_wire(fields)
    if settings.models == "full":
        _require_bundle(service)
    listed = [f"The setting {_printable(name)} is not known and was ignored." for name in ignored[:_NAMED_AT_MOST]]
    if len(ignored) > _NAMED_AT_MOST:
        listed.append(f"{len(ignored) - _NAMED_AT_MOST} further settings are not known and were ignored.")
    return UploadOptions(_job_id(form.texts.get("clientJobId", "")), settings, tuple(listed))


@asynccontextmanager
async def upload_of(service: Service, job: str, owner: str | None) -> AsyncIterator[SpooledFile]:
    """A copy of the upload of an earlier job of the caller. Raises Problem."""
    source = await threaded(service.queue.get, job.lower())
    if source is None or source.kind != "single" or (source.owner != owner and not service.open):
        raise Problem("NO_JOB")
    path = None
    try:
        path = await threaded(_copied, service, source.id)
        yield SpooledFile("file", source.filename, path, source.input_bytes)
    except FileMissing:
        raise Problem("NOT_KEPT") from None
    finally:
        if path is not None:
            path.unlink(missing_ok=True)


def _copied(service: Service, job: str) -> Path:
    with service.storage.local(input_key(job)) as source, service.storage.spool() as file:
        copy = Path(file.name)
        try:
            with full_disk():
                shutil.copyfile(source, copy)
        except BaseException:
            copy.unlink(missing_ok=True)
            raise
        return copy


async def inspect(service: Service, photo: SpooledFile, settings: Settings, mask: SpooledFile | None = None) -> None:
    """Raise Problem unless the file can be a photo, and the mask its mask; InvalidSettings for the format."""
    if photo.size_bytes == 0:
        raise Problem("INVALID_IMAGE", "The file is empty.")
    if mask is not None and mask.size_bytes == 0:
        raise Problem("INVALID_IMAGE", "The mask cannot be read: The file is empty.")
    answer = await service.inspectors.inspect(
        Inspection(
            photo=str(photo.path), mask=None if mask is None else str(mask.path), output_format=settings.output_format,
            max_pixels=service.config.max_pixels, recover=settings.recover,
        )
    )  # fmt: skip
    if answer.settings_problems:
        raise InvalidSettings(*((field, message) for field, message in answer.settings_problems))
    if answer.image_error is not None:
        raise Problem("INVALID_IMAGE", answer.image_error)


async def refuse_giants(service: Service, file: SpooledFile) -> None:
    """Raise Problem where the beginning of a file already tells of too many pixels."""
    answer = await service.inspectors.inspect(
        Inspection(photo=str(file.path), mask=None, output_format=None, max_pixels=service.config.max_pixels, head=True)
    )
    if answer.image_error is not None:
        raise Problem("INVALID_IMAGE", answer.image_error)


def submission(
    wanted: UploadOptions, photo: SpooledFile, owner: str | None, id: str, *, mask: SpooledFile | None = None
) -> Submission:
    """What is submitted for one photo."""
    return Submission(
        id=id, filename=filenames.safe(photo.filename), owner=owner, settings=wanted.wire, notes=wanted.notes,
        input_bytes=photo.size_bytes, has_mask=mask is not None,
    )  # fmt: skip


def noted(wanted: UploadOptions, sentence: str) -> UploadOptions:
    """The same wishes with one warning more."""
    return replace(wanted, notes=(*wanted.notes, sentence))


def refused(job: Submission, problem: Problem) -> Submission:
    """The same, for a photo of a batch that is refused: it fails alone."""
    return replace(job, error=problem.body["error"], code=problem.failure.code)


async def keep(service: Service, job: str, photo: SpooledFile, mask: SpooledFile | None = None) -> None:
    """Move the files of a job to where the workers find them. Raises StorageFull."""
    await threaded(service.storage.adopt, photo.path, input_key(job))
    if mask is not None:
        await threaded(service.storage.adopt, mask.path, mask_key(job))


def _settings_object(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        fields = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Problem("SETTINGS_NOT_JSON") from None
    if not isinstance(fields, dict):
        raise InvalidSettings(("settings", "must be an object"))
    return fields


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _job_id(text: str) -> str:
    if not text:
        return str(uuid.uuid4())
    if not _UUID.fullmatch(text):
        raise InvalidSettings(("client_job_id", "must be a UUID"))
    return text.lower()


def _printable(name: str) -> str:
    return "".join(letter for letter in name[:80] if letter.isprintable()).encode("utf-8", "ignore").decode() or "?"


def _require_bundle(service: Service) -> None:
    bundle = service.features.bundles[0]
    if not service.features.installed(bundle):
        raise Problem(
            "FEATURE_NOT_INSTALLED", feature=bundle.id, featureName=bundle.name, estimatedSize=bundle.estimated_size
        )
