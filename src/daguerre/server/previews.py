"""Photos as every browser can show them, whatever their format is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import FileResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from daguerre.jobs.errors import FileMissing
from daguerre.jobs.inspection import Answer
from daguerre.jobs.inspection import Request as Inspection
from daguerre.jobs.records import Job
from daguerre.jobs.storage import input_key, output_key, view_key
from daguerre.server.jobs import VisibleJob
from daguerre.server.problems import Problem, documented
from daguerre.server.service import Service, ServiceOf, threaded

router = APIRouter(prefix="/api/v1/jobs", tags=["files"])

PREVIEW_PIXELS = 1600
"""The longest side of a small view."""

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The picture"},
    304: {"description": "The picture is still the one of If-None-Match"},
    **documented(400, 401, 404),
}


@router.get("/{job_id}/views/{side}", responses=_ANSWERS, response_class=Response)
async def view(
    service: ServiceOf,
    job: VisibleJob,
    side: Literal["original", "restored"],
    size: Annotated[Literal["preview", "full"], Query(description="At most 1600 pixels, or all")] = "preview",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The upload or the restored photo: the file itself, or a WebP, JPEG or PNG of it."""
    key, length = _source(job, side)
    etag = f'"{job.id}-{side}-{size}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=3600", "Content-Disposition": "inline"}
    if if_none_match is not None and etag in if_none_match:
        return Response(status_code=304, headers=headers)
    try:
        if size == "full":
            return await _whole(service, key, length, headers)
        return Response(await _preview(service, job, side, key), headers=headers, media_type="image/webp")
    except FileMissing:
        raise Problem("NO_SUCH_FILE") from None


def _source(job: Job, side: str) -> tuple[str, int]:
    """The key and the bytes of what is to be seen."""
    if side == "original":
        if job.kind != "single" or job.input_bytes == 0:
            raise Problem("NO_SUCH_FILE")
        return input_key(job.id), job.input_bytes
    for name, file in job.files.items():
        if "_restored." in name:
            return output_key(job.id, name), file.size_bytes
    raise Problem("NO_SUCH_FILE")


async def _preview(service: Service, job: Job, side: str, key: str) -> bytes:
    """A WebP; that of an upload is made once and kept."""
    if side == "original":
        try:
            return await threaded(_stored, service, view_key(job.id))
        except FileMissing:
            pass
    async with _made(service, key, PREVIEW_PIXELS) as (path, _):
        data = await threaded(path.read_bytes)
    # A job that was removed meanwhile leaves nothing behind.
    if side == "original" and await threaded(service.queue.get, job.id) is not None:
        await threaded(service.storage.put, view_key(job.id), data)
    return data


async def _whole(service: Service, key: str, length: int, headers: dict[str, str]) -> Response:
    async with _made(service, key, 0, keep=True) as (path, answer):
        if answer.view_is_file:
            path.unlink(missing_ok=True)
            headers = headers | {"Content-Length": str(length)}
            return StreamingResponse(service.storage.stream(key, 0, length), 200, headers, answer.view_type)
        background = BackgroundTask(path.unlink, missing_ok=True)
        # The file's own ETag would be another each time.
        return FileResponse(path, headers=headers, media_type=answer.view_type, background=background)


@asynccontextmanager
async def _made(service: Service, key: str, pixels: int, *, keep: bool = False) -> AsyncIterator[tuple[Path, Answer]]:
    """The view in a file of its own, which goes at the end or, with ``keep``, when something fails."""
    path = await threaded(_spooled, service)
    try:
        with service.storage.local(key) as source:
            answer = await service.inspectors.inspect(
                Inspection(
                    photo=str(source), mask=None, output_format=None, max_pixels=service.config.max_pixels,
                    view=str(path), view_pixels=pixels,
                )
            )  # fmt: skip
        if answer.image_error is not None:
            raise Problem("INVALID_IMAGE", answer.image_error)
        yield path, answer
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if not keep:
        path.unlink(missing_ok=True)


def _spooled(service: Service) -> Path:
    with service.storage.spool() as file:
        return Path(file.name)


def _stored(service: Service, key: str) -> bytes:
    with service.storage.local(key) as path:
        return path.read_bytes()
