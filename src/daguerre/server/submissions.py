"""From an upload to a job: what the parts say is checked before anything is promised."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from starlette.concurrency import run_in_threadpool

from daguerre import tracing
from daguerre.errors import InvalidSettings
from daguerre.jobs import filenames
from daguerre.jobs.errors import FileMissing
from daguerre.jobs.inspection import Answer
from daguerre.jobs.inspection import Request as Inspection
from daguerre.jobs.inspectors import InspectionTimeout
from daguerre.jobs.records import Job, JobClass, Submission, need_of
from daguerre.jobs.storage import Storage, Upload, input_key, mask_key
from daguerre.recipes import NAME, load_recipe
from daguerre.server.auth import Caller
from daguerre.server.multipart import Form, ReceivedFile
from daguerre.server.problems import Problem
from daguerre.server.service import Service
from daguerre.settings import Settings

JOB_ID = re.compile(r"(?!\.$)(?!.*\.\.)[A-Za-z0-9._-]{1,128}")
"""Ids that a client may choose: harmless in addresses and file systems."""

_NAMED_AT_MOST = 20
_SETTINGS_BYTES = 64 << 10
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """The fields beside the files: the job's id, what is wanted, and what has to be said about it."""

    id: str
    client_named: bool
    settings: Settings
    notes: tuple[str, ...]
    job_class: JobClass | None = None

    @property
    def stored(self) -> dict[str, Any]:
        """The settings that were given, as they are stored."""
        return self.settings.given


def upload_options(form: Form, service: Service) -> UploadOptions:
    """Read the texts of ``form``. Raises Problem and InvalidSettings."""
    fields = _settings_object(form.texts.get("settings", ""))
    settings, ignored = Settings.from_wire(fields)
    if recipe := form.texts.get("recipe", ""):
        settings = _recipe(recipe, service).updated(**settings.given)
    if settings.models == "full":
        _require_bundle(service)
    listed = [f"The setting {_printable(name)} is not known and was ignored." for name in ignored[:_NAMED_AT_MOST]]
    if len(ignored) > _NAMED_AT_MOST:
        listed.append(f"{len(ignored) - _NAMED_AT_MOST} further settings are not known and were ignored.")
    chosen = form.texts.get("clientJobId", "")
    return UploadOptions(_job_id(chosen), bool(chosen), settings, tuple(listed), _job_class(form))


@asynccontextmanager
async def upload_of(service: Service, job: str, caller: Caller) -> AsyncIterator[ReceivedFile]:
    """A copy of the upload of an earlier job of the caller. Raises Problem."""
    source = await run_in_threadpool(service.queue.get, job)
    if source is None or source.kind != "single" or not caller.sees(source):
        raise Problem("NO_JOB")
    try:
        copy = await run_in_threadpool(_copied, service.storage, source)
    except FileMissing:
        raise Problem("NOT_KEPT") from None
    try:
        yield ReceivedFile("file", source.filename, source.input_bytes, copy)
    finally:
        await run_in_threadpool(copy.discard)


def _copied(storage: Storage, source: Job) -> Upload:
    with storage.local(input_key(source.folder)) as path, path.open("rb") as file:
        copy = storage.upload(source.input_bytes)
        try:
            while data := file.read(_CHUNK_BYTES):
                copy.write(data)
        except BaseException:
            copy.discard()
            raise
        return copy


async def inspect(service: Service, photo: ReceivedFile, settings: Settings, mask: ReceivedFile | None = None) -> None:
    """Raise Problem unless the file can be a photo, and the mask its mask; InvalidSettings for the format."""
    if photo.upload is None:
        raise Problem("INVALID_IMAGE", "The file is empty.")
    with ExitStack() as stack:
        path = stack.enter_context(photo.upload.local())
        mask_path = None
        if mask is not None:
            if mask.upload is None:
                raise Problem("INVALID_IMAGE", "The mask cannot be read: The file is empty.")
            mask_path = str(stack.enter_context(mask.upload.local()))
        inspection = Inspection(
            photo=str(path), mask=mask_path, output_format=settings.output_format,
            max_pixels=service.config.max_pixels, recover=settings.recover,
            whole=photo.upload.whole, upscale=settings.upscale, rotate=settings.rotate,
        )  # fmt: skip
        answer = await _answer(service, inspection)
    if answer.settings_problems:
        raise InvalidSettings(*((field, message) for field, message in answer.settings_problems))
    if answer.image_error is not None:
        raise Problem("INVALID_IMAGE", answer.image_error)


async def refuse_giants(service: Service, file: ReceivedFile) -> None:
    """Raise Problem where the beginning of a file already tells of too many pixels."""
    assert file.upload is not None
    with file.upload.local() as path:
        answer = await _answer(service, Inspection(str(path), None, None, service.config.max_pixels, head=True))
    if answer.image_error is not None:
        raise Problem("INVALID_IMAGE", answer.image_error)


async def _answer(service: Service, inspection: Inspection) -> Answer:
    try:
        return await service.inspectors.inspect(inspection)
    except InspectionTimeout:
        return Answer(image_error="The file could not be read within the limits of time and memory.")


def submission(
    options: UploadOptions,
    photo: ReceivedFile,
    caller: Caller,
    id: str,
    *,
    mask: ReceivedFile | None = None,
    job_class: JobClass | None = None,
) -> Submission:
    """What is submitted for one photo, by default of the class that the form or the key asks for."""
    return Submission(
        id=id, filename=filenames.safe(photo.filename), owner=caller.owner, client_named=options.client_named,
        settings=options.stored, notes=options.notes, input_bytes=photo.size_bytes, has_mask=mask is not None,
        job_class=job_class or ("batch" if caller.job_class == "batch" else options.job_class or "interactive"),
        need=need_of(options.settings.models, photo.size_bytes), trace=tracing.traceparent(),
    )  # fmt: skip


def noted(options: UploadOptions, sentence: str) -> UploadOptions:
    """The same options with one warning more."""
    return replace(options, notes=(*options.notes, sentence))


def refused(job: Submission, problem: Problem) -> Submission:
    """The same, for a photo of a batch that is refused: it fails alone."""
    return replace(job, error=problem.body["error"], code=problem.failure.code)


def keep(job: Submission, photo: ReceivedFile, mask: ReceivedFile | None) -> None:
    """Put the files of a job where the workers find them. Raises StorageFull."""
    for file, key in ((photo, input_key(job.folder)), (mask, mask_key(job.folder))):
        if file is not None and file.upload is not None:
            file.upload.keep(key)


def _settings_object(text: str) -> dict[str, Any]:
    if len(text) > _SETTINGS_BYTES:
        raise InvalidSettings(("settings", f"must be at most {_SETTINGS_BYTES} bytes"))
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


def _job_class(form: Form) -> JobClass | None:
    match form.texts.get("jobClass", ""):
        case "":
            return None
        case "interactive" | "batch" as named:
            return named
        case _:
            raise InvalidSettings(("job_class", "must be interactive or batch"))


def _job_id(text: str) -> str:
    if not text:
        return str(uuid.uuid4())
    if not JOB_ID.fullmatch(text):
        raise InvalidSettings(("client_job_id", "must be a UUID, or 1-128 letters, digits, dots, _ and -"))
    return text


def _recipe(name: str, service: Service) -> Settings:
    """By its name alone: a client reaches no other files."""
    if not NAME.fullmatch(name):
        raise InvalidSettings(("recipe", "is no name of a recipe"))
    try:
        return load_recipe(service.config.recipes / f"{name}.toml", service.config.recipes)
    except InvalidSettings as error:
        if any(field == "recipe" for field, _ in error.problems):
            raise InvalidSettings(("recipe", "is not known")) from None
        raise


def _printable(name: str) -> str:
    return "".join(letter for letter in name[:80] if letter.isprintable()).encode("utf-8", "ignore").decode() or "?"


def _require_bundle(service: Service) -> None:
    bundle = service.features.bundles[0]
    if not service.features.installed(bundle):
        raise Problem(
            "FEATURE_NOT_INSTALLED", feature=bundle.id, featureName=bundle.name, estimatedSize=bundle.estimated_size
        )
