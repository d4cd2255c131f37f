"""The tool: one photo, or many."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from daguerre.jobs import filenames
from daguerre.jobs.errors import JobExists
from daguerre.jobs.records import Submission
from daguerre.server import problems, submissions, zip_stream
from daguerre.server.auth import Caller, User
from daguerre.server.broadcast import Subscription
from daguerre.server.download import archive_response
from daguerre.server.multipart import Form, ReceivedFile, received
from daguerre.server.problems import Problem, documented
from daguerre.server.service import Service, ServiceOf
from daguerre.server.submissions import JOB_ID
from daguerre.server.wire import MOST_ERRORS
from daguerre.settings import Settings

router = APIRouter(prefix="/api/v1/tools", tags=["restore"])

Kept = tuple[Submission, ReceivedFile, ReceivedFile | None]
"""A job, its photo and its mask."""

_REFUSALS = documented(400, 401, 403, 404, 409, 413, 429, 501, 503, 507)
_LOOK_S = 5.0
_CLASS = "Where many machines work, batch waits for interactive jobs; photos of a batch always do"
_MASK_BESIDE_MANY = "The mask was not used: it is for one photo."


class Accepted(BaseModel):
    """The job is stored; its progress is at ``/api/v1/jobs/{jobId}/progress``."""

    model_config = ConfigDict(populate_by_name=True)

    job_id: str = Field(alias="jobId")
    asynchronous: bool = Field(default=True, alias="async")
    progress_job_id: str | None = Field(
        default=None, alias="progressJobId", description="The same, where a `clientJobId` came"
    )
    artifact_job_id: str | None = Field(
        default=None, alias="artifactJobId", description="The same, where a `clientJobId` came"
    )


def _form(*texts: str, **files: dict[str, Any]) -> dict[str, Any]:
    """The multipart body for the OpenAPI document; it is read by hand, as it comes."""
    settings = Settings.model_json_schema(by_alias=True)
    hints = settings.pop("$defs")["ColorHint"]
    settings["properties"]["colorHints"]["anyOf"][0]["items"] = hints
    settings |= {"additionalProperties": True, "description": "Fields that are not known are ignored, with a warning."}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            **files,
            "settings": settings,
            "recipe": {"type": "string", "description": "The name of a recipe, which `settings` change"},
            **{name: {"type": "string", "pattern": f"^{JOB_ID.pattern}$"} for name in ("clientJobId", *texts)},
            "jobClass": {"type": "string", "enum": ["interactive", "batch"], "description": _CLASS},
        },
    }
    if texts:
        schema["anyOf"] = [{"required": [name]} for name in ("file", *texts)]
    else:
        schema["required"] = [*files]
    encoding = {"settings": {"contentType": "application/json"}}
    content = {"multipart/form-data": {"schema": schema, "encoding": encoding}}
    return {"requestBody": {"required": True, "content": content}}


_FILE = {"type": "string", "format": "binary", "description": "A photo"}
_FILES = {"type": "array", "items": _FILE, "minItems": 1}
_MASK = {"type": "string", "format": "binary", "description": "Of the photo's size, white where it is damaged"}
_HEADERS = {"Location": {"description": "The job's address", "schema": {"type": "string"}}}
_ACCEPTED: dict[int | str, dict[str, Any]] = {202: {"headers": _HEADERS}, **_REFUSALS}
_ONE = _form("sourceJobId", file=_FILE, mask=_MASK)
_MANY = _form(file=_FILES)
_ZIPPED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "With `Accept: application/zip`, when all photos are done: the restored ones",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "X-Job-Id": {"description": "The batch", "schema": {"type": "string"}},
            "X-File-Results": {
                "description": "JSON, percent-encoded where it is not ASCII: the name in the ZIP by the photo's index",
                "schema": {"type": "string"},
            },
        },
    },
    **_ACCEPTED,
    **documented(422),
}


_ROUTE: dict[str, Any] = {"status_code": 202, "response_model": Accepted, "response_model_exclude_none": True}


@router.post("/restore-photo", responses=_ACCEPTED, openapi_extra=_ONE, **_ROUTE)
@router.post("/image/restore-photo", responses=_ACCEPTED, openapi_extra=_ONE, **_ROUTE)
async def restore_photo(request: Request, response: Response, service: ServiceOf, caller: User) -> Accepted:
    """Restore one photo: ``file``, or once more the one of the job ``sourceJobId``."""
    _limit(service, caller)

    async def on_head(file: ReceivedFile) -> None:
        await submissions.refuse_giants(service, file)

    async with received(
        request, service.storage, file_fields=("file", "mask"), max_file_bytes=service.config.max_upload_bytes,
        max_files=2, on_head=on_head,
    ) as form:  # fmt: skip
        photo = _photo_of(form)
        if photo is None and "sourceJobId" in form.texts:
            async with submissions.upload_of(service, form.texts["sourceJobId"], caller) as photo:
                return await _restore(response, service, caller, form, photo)
        if photo is None or photo.size_bytes == 0:
            raise Problem("NO_FILE")
        return await _restore(response, service, caller, form, photo)


def _photo_of(form: Form) -> ReceivedFile | None:
    """The part called ``file``, else the only one that is a file."""
    named = form.named("file")
    others = [file for file in form.files if file.field != "mask"]
    return named[0] if named else others[0] if len(others) == 1 else None


async def _restore(response: Response, service: Service, caller: Caller, form: Form, photo: ReceivedFile) -> Accepted:
    mask = next(iter(form.named("mask")), None)
    options = submissions.upload_options(form, service)
    await submissions.inspect(service, photo, options.settings, mask)
    job = submissions.submission(options, photo, caller, options.id, mask=mask)
    await _submit(service, job, [(job, photo, mask)])
    return _accepted(response, service, options)


@router.post("/restore-photo/batch", responses=_ZIPPED, openapi_extra=_MANY, **_ROUTE)
@router.post("/image/restore-photo/batch", responses=_ZIPPED, openapi_extra=_MANY, **_ROUTE)
async def restore_photos(request: Request, response: Response, service: ServiceOf, caller: User) -> Accepted | Response:
    """Restore many photos; one bad photo fails alone. With ``Accept: application/zip`` the answer is the archive."""
    _limit(service, caller)
    async with received(
        request, service.storage, file_fields=("file", "files", "files[]", "mask"),
        max_file_bytes=service.config.max_upload_bytes, max_files=service.config.max_batch_files,
    ) as form:  # fmt: skip
        photos = form.named("file", "files", "files[]")
        if not photos:
            raise Problem("NO_FILE")
        options = submissions.upload_options(form, service)
        parts = await _photos(service, form, photos, options, caller)
        batch = Submission(
            id=options.id, filename=_title(photos), owner=caller.owner, client_named=options.client_named,
            settings=options.stored,
        )  # fmt: skip
        kept = [(job, photo, None) for job, photo in parts if job.error is None]
        with service.broadcast.subscribe(batch.id) as live:
            await _submit(service, batch, kept, [job for job, _ in parts])
            if _wants_zip(request):
                return await _zipped(request, service, batch.id, live)
    return _accepted(response, service, options)


async def _photos(
    service: Service, form: Form, photos: list[ReceivedFile], options: submissions.UploadOptions, caller: Caller
) -> list[tuple[Submission, ReceivedFile]]:
    """A submission for each photo; those that are refused have an error."""
    if form.named("mask"):
        options = submissions.noted(options, _MASK_BESIDE_MANY)
    parts = []
    for photo in photos:
        job = submissions.submission(options, photo, caller, str(uuid.uuid4()), job_class="batch")
        try:
            await submissions.inspect(service, photo, options.settings)
        except Problem as problem:
            job = submissions.refused(job, problem)
        parts.append((job, photo))
    return parts


async def _submit(service: Service, job: Submission, kept: Sequence[Kept], photos: Sequence[Submission] = ()) -> None:
    """Keep the files, then store the job; what cannot be stored leaves no files."""
    # Who comes second of two requests of one id is told so before anything is stored.
    if job.id in service.submitting:
        raise JobExists("A job with this id exists.")
    service.submitting.add(job.id)

    def store() -> None:
        if service.queue.get(job.id) is not None:
            raise JobExists("A job with this id exists.")
        service.housekeeping.make_room(sum(photo.size_bytes for _, photo, _ in kept))
        try:
            for part in kept:
                submissions.keep(*part)
            service.queue.submit(job, photos)
        except BaseException:
            for each, _, _ in kept:
                service.storage.remove(each.folder)
            raise

    try:
        await run_in_threadpool(store)
    finally:
        service.submitting.discard(job.id)


def _wants_zip(request: Request) -> bool:
    kinds = (part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(","))
    return "application/zip" in kinds


async def _zipped(request: Request, service: Service, id: str, live: Subscription) -> Response:
    """The archive of a batch, when it is done. Where the client goes, the batch goes on."""
    while True:
        batch = await run_in_threadpool(service.queue.get, id)
        if batch is None:
            raise Problem("NO_JOB")
        if batch.ended:
            break
        if live.closed or await request.is_disconnected():
            return Response(status_code=202)
        await live.next(_LOOK_S)
    photos = await run_in_threadpool(service.queue.photos, id)
    files = zip_stream.entries(photos)
    headers = {"X-Job-Id": id}
    if not files:
        errors = [{"filename": photo.filename, "error": photo.error} for photo in photos[:MOST_ERRORS]]
        raise Problem("NONE_RESTORED", headers=headers, jobId=id, errors=errors)
    names = {file.job: file.name for file in files}
    headers["X-File-Results"] = _header_json(
        {str(index): names[photo.id] for index, photo in enumerate(photos) if photo.id in names}
    )
    return archive_response(service, files, headers)


def _header_json(value: object) -> str:
    """JSON as it is where a header can hold it, so that clients that do not decode it understand it as well."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if text.isascii() and "%" not in text else quote(text, safe="")


def _limit(service: Service, caller: Caller) -> None:
    if wait := service.submissions.take(caller.name):
        raise problems.rate_limited(wait)


def _accepted(response: Response, service: Service, options: submissions.UploadOptions) -> Accepted:
    response.headers["Location"] = service.wire.job_url(options.id)
    own = options.id if options.client_named else None
    return Accepted(jobId=options.id, progressJobId=own, artifactJobId=own)


def _title(photos: list[ReceivedFile]) -> str:
    first = filenames.safe(photos[0].filename)
    return first if len(photos) == 1 else f"{first} and {len(photos) - 1} more"
