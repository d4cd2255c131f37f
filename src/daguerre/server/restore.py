"""The tool: one photo, or many."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from daguerre.jobs import filenames
from daguerre.jobs.errors import JobExists
from daguerre.jobs.records import Submission
from daguerre.server import problems, submissions
from daguerre.server.auth import Owner, address
from daguerre.server.multipart import Form, SpooledFile, received
from daguerre.server.problems import Problem, documented
from daguerre.server.service import Service, ServiceOf, threaded
from daguerre.settings import Settings

router = APIRouter(prefix="/api/v1/tools", tags=["restore"])

Kept = dict[str, tuple[SpooledFile, SpooledFile | None]]
"""The photo and the mask of each job."""

_REFUSALS = documented(400, 401, 404, 409, 413, 429, 501, 507)
_MASK_BESIDE_MANY = "The mask was not used: it is for one photo."


class Accepted(BaseModel):
    """The job is stored; its progress is at ``/api/v1/jobs/{jobId}/progress``."""

    model_config = ConfigDict(populate_by_name=True)

    job_id: str = Field(alias="jobId")
    asynchronous: bool = Field(default=True, alias="async")


def _form(*texts: str, **files: dict[str, Any]) -> dict[str, Any]:
    """The multipart body for the OpenAPI document; it is read by hand, as it comes."""
    settings = Settings.model_json_schema(by_alias=True)
    hints = settings.pop("$defs")["ColorHint"]
    for field in settings["properties"].values():
        kinds = [kind.get("type") for kind in field.get("anyOf", ())]
        if kinds == ["integer", "number"]:
            field |= {"type": "number", "minimum": field.pop("ge", None), "maximum": field.pop("le", None)}
            del field["anyOf"]
    settings["properties"]["colorHints"]["anyOf"][0]["items"] = hints
    settings |= {"additionalProperties": True, "description": "Fields that are not known are ignored, with a warning."}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            **files,
            "settings": settings,
            **{name: {"type": "string", "format": "uuid"} for name in ("clientJobId", *texts)},
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


@router.post(
    "/restore-photo", status_code=202, responses=_ACCEPTED, openapi_extra=_form("sourceJobId", file=_FILE, mask=_MASK)
)  # fmt: skip
@router.post("/image/restore-photo", status_code=202, include_in_schema=False)
async def restore_photo(request: Request, response: Response, service: ServiceOf, owner: Owner) -> Accepted:
    """Restore one photo: ``file``, or once more the one of the job ``sourceJobId``."""
    _limit(service, request, owner)

    async def on_head(file: SpooledFile) -> None:
        await submissions.refuse_giants(service, file)

    async with received(
        request, service.storage, file_fields=("file", "mask"), max_file_bytes=service.config.max_upload_bytes,
        max_files=2, on_head=on_head,
    ) as form:  # fmt: skip
        photo = next(iter(form.named("file")), None)
        mask = next(iter(form.named("mask")), None)
        if photo is None and "sourceJobId" in form.texts:
            async with submissions.upload_of(service, form.texts["sourceJobId"], owner) as photo:
                return await _restore(response, service, owner, form, photo, mask)
        if photo is None or photo.size_bytes == 0:
            raise Problem("NO_FILE")
        return await _restore(response, service, owner, form, photo, mask)


async def _restore(
    response: Response, service: Service, owner: str | None, form: Form, photo: SpooledFile, mask: SpooledFile | None
) -> Accepted:
    wanted = submissions.upload_options(form, service)
    await submissions.inspect(service, photo, wanted.settings, mask)
    job = submissions.submission(wanted, photo, owner, wanted.id, mask=mask)
    await _submit(service, job, {job.id: (photo, mask)})
    return _accepted(response, job.id)


@router.post("/restore-photo/batch", status_code=202, responses=_ACCEPTED, openapi_extra=_form(file=_FILES))
@router.post("/image/restore-photo/batch", status_code=202, include_in_schema=False)
async def restore_photos(request: Request, response: Response, service: ServiceOf, owner: Owner) -> Accepted:
    """Restore many photos; one bad photo fails alone."""
    _limit(service, request, owner)
    async with received(
        request, service.storage, file_fields=("file", "files", "files[]", "mask"),
        max_file_bytes=service.config.max_upload_bytes, max_files=service.config.max_batch_files,
    ) as form:  # fmt: skip
        photos = form.named("file", "files", "files[]")
        if not photos:
            raise Problem("NO_FILE")
        wanted = submissions.upload_options(form, service)
        jobs, kept = await _photos(service, form, photos, wanted, owner)
        batch = Submission(id=wanted.id, filename=_title(photos), owner=owner, settings=wanted.wire)
        await _submit(service, batch, kept, jobs)
    return _accepted(response, batch.id)


async def _photos(
    service: Service, form: Form, photos: list[SpooledFile], wanted: submissions.UploadOptions, owner: str | None
) -> tuple[list[Submission], Kept]:
    """A submission for each photo, and the files of those that were not refused."""
    if form.named("mask"):
        wanted = submissions.noted(wanted, _MASK_BESIDE_MANY)
    jobs: list[Submission] = []
    kept: Kept = {}
    for photo in photos:
        job = submissions.submission(wanted, photo, owner, str(uuid.uuid4()))
        try:
            await submissions.inspect(service, photo, wanted.settings)
            kept[job.id] = (photo, None)
        except Problem as problem:
            job = submissions.refused(job, problem)
        jobs.append(job)
    return jobs, kept


async def _submit(service: Service, job: Submission, kept: Kept, photos: Sequence[Submission] = ()) -> None:
    """Move the files to their place, then store the job; what cannot be stored leaves no files."""
    # Two requests of one id must not share a folder: the loser would take the winner's files away.
    if job.id in service.submitting:
        raise JobExists("A job with this id exists.")
    service.submitting.add(job.id)
    try:
        if await threaded(service.queue.get, job.id) is not None:
            raise JobExists("A job with this id exists.")
        await _store(service, job, kept, photos)
    finally:
        service.submitting.discard(job.id)


async def _store(service: Service, job: Submission, kept: Kept, photos: Sequence[Submission]) -> None:
    await threaded(service.housekeeping.make_room, sum(photo.size_bytes for photo, _ in kept.values()))
    try:
        for id, (photo, mask) in kept.items():
            await submissions.keep(service, id, photo, mask)
        await threaded(service.queue.submit, job, photos)
    except Exception:
        for id in kept:
            await threaded(service.storage.remove, id)
        raise


def _limit(service: Service, request: Request, owner: str | None) -> None:
    if wait := service.submissions.take(owner or address(request)):
        raise problems.rate_limited(wait)


def _accepted(response: Response, job: str) -> Accepted:
    response.headers["Location"] = f"/api/v1/jobs/{job}"
    return Accepted(jobId=job)


def _title(photos: list[SpooledFile]) -> str:
    first = filenames.safe(photos[0].filename)
    return first if len(photos) == 1 else f"{first} and {len(photos) - 1} more"
