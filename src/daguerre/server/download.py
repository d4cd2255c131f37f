"""The files of a job, whole or in part, and the archive of a batch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Annotated, Any
from urllib.parse import quote, unquote_to_bytes

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from daguerre.jobs import filenames
from daguerre.jobs.errors import FileMissing
from daguerre.jobs.records import Job, StoredFile
from daguerre.server import ranges, zip_stream
from daguerre.server.auth import User
from daguerre.server.problems import Problem, documented
from daguerre.server.service import Service, ServiceOf
from daguerre.server.wire import ARCHIVE

router = APIRouter(prefix="/api/v1", tags=["files"])

_ARCHIVED = 1000
_PREFIX = b"/download/"
# Told and not held here: only the path as it came shows what a segment is, and its refusal has words of its own.
Segment = Annotated[
    str,
    Path(
        description="One segment of a path: no `/`, no `\\`, no NUL and no `..`",
        json_schema_extra={"pattern": r"^\.?[^/\\.\x00]+(\.[^/\\.\x00]+)*\.?$"},
    ),
]
_BINARY = {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {**_BINARY, "description": "The file"},
    206: {**_BINARY, "description": "The part that Range asks for"},
    304: {"description": "The file is still the one of If-None-Match"},
    307: {"description": "The file is in the store at `Location` for ten minutes, with DAGUERRE_STORAGE_REDIRECT"},
    **documented(400, 401, 403, 404, 416),
}


@router.head("/download/{job_id}/{filename:path}", include_in_schema=False)
@router.get("/download/{job_id}/{filename:path}", responses=_ANSWERS, response_class=StreamingResponse)
async def download(
    request: Request,
    service: ServiceOf,
    caller: User,
    job_id: Segment,
    filename: Segment,
    range: Annotated[str | None, Header(description="One part of the file, as `bytes=0-99`")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Download a file of a job; a batch's archive is made while it is sent."""
    job_id, filename = _segments(request)
    job = await run_in_threadpool(service.queue.get, job_id)
    if job is None or not caller.sees(job):
        raise Problem("NO_SUCH_FILE")
    if job.kind == "batch" and job.ended and job.completed and filename == ARCHIVE:
        return await _archive(request, service, job)
    file = job.files.get(filename)
    if file is None:
        raise Problem("NO_SUCH_FILE")
    return await _file(request, service, job, filename, file, _Conditions(range, if_range, if_none_match))


@router.get(
    "/archive", responses={200: _ANSWERS[200], **documented(400, 401, 403, 404)}, response_class=StreamingResponse
)
async def download_many(
    service: ServiceOf,
    caller: User,
    job_ids: Annotated[list[str], Query(alias="jobId", min_length=1, max_length=_ARCHIVED)],
) -> Response:
    """A ZIP of the restored photos of several jobs, made while it is sent; what is not complete is left out."""

    def restored() -> list[Job]:
        found = (service.queue.get(id) for id in dict.fromkeys(job_ids))
        mine = (job for job in found if job is not None and caller.sees(job))
        return [job for job in mine if job.kind == "single" and job.phase == "complete"]

    files = zip_stream.entries(await run_in_threadpool(restored))
    if not files:
        raise Problem("NO_JOB")
    return archive_response(service, files)


def archive_response(
    service: Service, files: list[zip_stream.Entry], headers: Mapping[str, str] | None = None
) -> StreamingResponse:
    """An archive that is made while it is sent."""
    headers = attachment(ARCHIVE) | dict(headers or {})
    return StreamingResponse(zip_stream.stream(files, service.storage), headers=headers, media_type="application/zip")


@dataclass(frozen=True, slots=True)
class _Conditions:
    """A part of the file, and only where it is, or is not, the one that the client knows (RFC 9110)."""

    range: str | None
    if_range: str | None
    if_none_match: str | None


async def _file(
    request: Request, service: Service, job: Job, name: str, file: StoredFile, asked: _Conditions
) -> Response:
    etag = f'"{file.sha256[:32]}"'
    modified = formatdate(job.finished_at or job.created_at, usegmt=True)
    headers = attachment(name) | {"ETag": etag, "Last-Modified": modified, "Accept-Ranges": "bytes"}
    known = asked.if_none_match
    if known is not None and (etag in known or known.strip() == "*"):
        return Response(status_code=304, headers=headers)
    if service.config.storage_redirect and request.method == "GET" and not _is_fetched_by_page(request):
        address = await run_in_threadpool(service.storage.address, file.key)
        if address is not None:
            return Response(status_code=307, headers={"Location": address, "Cache-Control": "no-store"})
    try:
        wanted = ranges.part(asked.range if asked.if_range in (None, etag, modified) else None, file.size_bytes)
    except ranges.Unsatisfiable:
        headers = {"Content-Range": f"bytes */{file.size_bytes}"}
        raise Problem("NO_SUCH_RANGE", headers=headers) from None
    start, end = wanted or (0, file.size_bytes)
    headers["Content-Length"] = str(end - start)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size_bytes}"
    status = 200 if wanted is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=file.media_type)
    chunks = service.storage.stream(file.key, start, end)
    try:
        first = await anext(chunks, b"")
    except FileMissing:
        raise Problem("NO_SUCH_FILE") from None
    return StreamingResponse(_after(first, chunks), status, headers, file.media_type)


def _is_fetched_by_page(request: Request) -> bool:
    """Scripts and pictures of a page get nothing from another place; what a browser opens or stores does."""
    return request.headers.get("sec-fetch-mode", "navigate") != "navigate"


async def _archive(request: Request, service: Service, batch: Job) -> Response:
    if request.method == "HEAD":
        return Response(headers=attachment(ARCHIVE), media_type="application/zip")
    return archive_response(service, zip_stream.entries(await run_in_threadpool(service.queue.photos, batch.id)))


def _segments(request: Request) -> tuple[str, str]:
    """The job and the name, from the path as it came: decoded first, a slash could hide in a segment."""
    raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    path = raw.partition(b"?")[0].partition(_PREFIX)[2]
    parts = [unquote_to_bytes(part).decode("utf-8", "replace") for part in path.split(b"/")]
    if len(parts) != 2 or any(".." in part or set(part) & set("/\\\0") for part in parts):
        raise Problem("INVALID_PATH")
    return parts[0], parts[1]


def attachment(name: str) -> dict[str, str]:
    """The headers of a file that is to be stored under ``name``."""
    return {"Content-Disposition": filenames.disposition(name), "Cache-Control": "private, no-cache"}


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
