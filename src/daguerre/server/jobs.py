"""Jobs: their state, and their end."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from daguerre.jobs.records import Job
from daguerre.server.auth import User
from daguerre.server.problems import CODES, Problem, documented
from daguerre.server.service import ServiceOf
from daguerre.server.wire import MOST_ERRORS

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

_PAGE = 50


class JobState(BaseModel):
    """A job as its progress tells of it; a batch's has the counts of its photos too."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    job_id: str = Field(alias="jobId")
    type: Literal["single", "batch", "install"]
    phase: Literal["queued", "processing", "complete", "failed"]
    stage: str
    percent: int = Field(ge=0, le=100)
    result: dict[str, Any] | None = None
    error: str | None = None
    code: str | None = Field(default=None, json_schema_extra={"enum": [*CODES, None]})


class ListedJob(JobState):
    """A job in a list. Times are seconds since 1970; ``settings`` are those that were given."""

    filename: str
    settings: dict[str, Any]
    has_mask: bool = Field(alias="hasMask", description="Whether a mask came with the photo")
    input_bytes: int = Field(alias="inputBytes", description="Bytes of the upload")
    created_at: float = Field(alias="createdAt")
    finished_at: float | None = Field(alias="finishedAt")


class JobPage(BaseModel):
    """Newest first; ``nextCursor`` leads to what is older, ``null`` where nothing is."""

    model_config = ConfigDict(populate_by_name=True)

    jobs: list[ListedJob]
    next_cursor: str | None = Field(alias="nextCursor")


class Canceled(BaseModel):
    """Whether the job was still to be stopped."""

    canceled: bool


class Done(BaseModel):
    """It is done."""

    ok: Literal[True] = True


async def visible_job(
    service: ServiceOf, caller: User, job_id: Annotated[str, Path(description="The job's id")]
) -> Job:
    """The job of a path, where the caller may see it. Raises a 404."""
    job = await run_in_threadpool(service.queue.get, job_id)
    if job is None or not caller.sees(job):
        raise Problem("NO_JOB")
    return job


VisibleJob = Annotated[Job, Depends(visible_job)]


@router.get("", responses=documented(400, 401, 403))
async def list_jobs(
    service: ServiceOf,
    caller: User,
    limit: Annotated[int, Query(ge=1, le=200)] = _PAGE,
    cursor: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,18}$", description="`nextCursor` of the page before")
    ] = None,
    batch: Annotated[str | None, Query(alias="batchId", description="List the photos of this batch")] = None,
) -> JobPage:
    """The caller's jobs, newest first; photos of batches are listed under their batch."""
    before = None if cursor is None else int(cursor)

    def read() -> tuple[list[Job], dict[str, list[tuple[str, str]]]]:
        jobs = service.queue.page(
            caller.owner, everyone=caller.open, limit=limit + 1, before=before, batch=batch
        )  # fmt: skip
        failed = [job.id for job in jobs if job.kind == "batch" and job.failed]
        return jobs, service.queue.failures(failed, most=MOST_ERRORS) if failed else {}

    page, failures = await run_in_threadpool(read)
    shown = page[:limit]
    return JobPage(
        jobs=[ListedJob(**service.wire.listed(job, failures.get(job.id, ()))) for job in shown],
        nextCursor=str(shown[-1].number) if len(page) > limit else None,
    )


@router.get("/{job_id}", responses=documented(401, 403, 404), response_model=JobState)
async def get_job(service: ServiceOf, job: VisibleJob) -> JSONResponse:
    """What the progress of the job says now."""
    return JSONResponse(await run_in_threadpool(service.wire.present, service.queue, job))


@router.post("/{job_id}/cancel", responses=documented(401, 403, 404, 503))
async def cancel_job(service: ServiceOf, job: VisibleJob) -> Canceled:
    """Stop the job; a batch with all its photos."""
    return Canceled(canceled=await run_in_threadpool(service.queue.cancel, job.id))


@router.delete("/{job_id}", responses=documented(401, 403, 404, 503))
async def delete_job(service: ServiceOf, job: VisibleJob) -> Done:
    """Remove the job and its files, whatever it does."""
    removed = await run_in_threadpool(service.housekeeping.remove, job.id)
    if not removed:
        raise Problem("NO_JOB")
    for each in removed:
        service.broadcast.drop(each.id)
    return Done()
