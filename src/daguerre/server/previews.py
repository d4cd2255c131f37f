"""Photos as every browser can show them, whatever their format is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from daguerre.jobs.errors import FileMissing
from daguerre.jobs.inspection import Request as Inspection
from daguerre.jobs.inspectors import InspectionTimeout
from daguerre.jobs.records import Job
from daguerre.jobs.storage import input_key, view_key
from daguerre.server.jobs import VisibleJob
from daguerre.server.problems import Problem, documented
from daguerre.server.service import Service, ServiceOf

router = APIRouter(prefix="/api/v1/jobs", tags=["files"])

Side = Literal["original", "restored"]
Size = Literal["preview", "full"]

PREVIEW_PIXELS = 1600
"""The longest side of a small view."""

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The picture"},
    304: {"description": "The picture is still the one of If-None-Match"},
    **documented(400, 401, 403, 404, 503),
}


@router.get("/{job_id}/views/{side}", responses=_ANSWERS, response_class=Response)
async def view(
    service: ServiceOf,
    job: VisibleJob,
    side: Side,
    size: Annotated[Size, Query(description="At most 1600 pixels, or all")] = "preview",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The upload, turned as the job's ``rotate`` asks, or the restored photo: the file itself, or a WebP, JPEG or PNG
    of it, which is made once and kept."""
    source = _source(job, side)
    etag = f'"{job.folder}-{side}-{size}"'
    # Asked for each time: who has signed out sees nothing any more.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Content-Disposition": "inline"}
    if if_none_match is not None and etag in if_none_match:
        return Response(status_code=304, headers=headers)
    try:
        key, media_type = await _kept(service, job, side, size) or await _made(service, job, side, size, source)
        length = await run_in_threadpool(service.storage.size_bytes, key)
    except FileMissing:
        raise Problem("NO_SUCH_FILE") from None
    headers["Content-Length"] = str(length)
    return StreamingResponse(service.storage.stream(key, 0, length), 200, headers, media_type)


def _source(job: Job, side: Side) -> str:
    """The key of what is to be seen."""
    if side == "original" and job.kind == "single" and job.input_bytes:
        return input_key(job.folder)
    found = job.file_of("photo")
    if side == "restored" and found is not None:
        return found[1].key
    raise Problem("NO_SUCH_FILE")


async def _kept(service: Service, job: Job, side: Side, size: Size) -> tuple[str, str] | None:
    """The key and the media type of the view, where it was made before."""
    for media_type in ("image/webp", "image/jpeg", "image/png"):
        key = _key(job, side, size, media_type)
        try:
            await run_in_threadpool(service.storage.size_bytes, key)
        except FileMissing:
            continue
        return key, media_type
    return None


async def _made(service: Service, job: Job, side: Side, size: Size, source: str) -> tuple[str, str]:
    """The same for one that is made now, apart from the inspection of uploads: a large one takes its time."""
    local = contextmanager_in_threadpool(service.storage.local(source))
    async with local as photo, contextmanager_in_threadpool(service.storage.scratch()) as path:
        inspection = Inspection(
            photo=str(photo), mask=None, output_format=None, max_pixels=service.config.max_pixels, view=str(path),
            view_pixels=PREVIEW_PIXELS if size == "preview" else 0,
            rotate=job.settings.get("rotate", 0) if side == "original" else 0,
        )  # fmt: skip
        try:
            answer = await service.viewers.inspect(inspection)
        except InspectionTimeout:
            raise Problem("VIEW_LATE") from None
        if answer.image_error is not None:
            raise Problem("INVALID_IMAGE", answer.image_error)
        assert answer.view_type is not None
        if answer.view_is_file:
            return source, answer.view_type
        # A job that was removed meanwhile leaves nothing behind.
        if await run_in_threadpool(service.queue.get, job.id) is None:
            raise Problem("NO_JOB")
        key = _key(job, side, size, answer.view_type)
        await run_in_threadpool(service.storage.adopt, path, key)
        return key, answer.view_type


def _key(job: Job, side: Side, size: Size, media_type: str) -> str:
    return f"{view_key(job.folder, side, size)}.{media_type.partition('/')[2]}"
