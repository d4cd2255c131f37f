"""Jobs: their state, and their end."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from daguerre.jobs.records import Job, batch_frame, frame
from daguerre.server.auth import Owner
from daguerre.server.problems import Problem, documented
from daguerre.server.service import Service, ServiceOf, threaded

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
    code: str | None = None


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
    service: ServiceOf, owner: Owner, job_id: Annotated[str, Path(description="The job's id")]
) -> Job:
    """The job of a path, where it is the caller's. Raises a 404."""
    job = await threaded(service.queue.get, job_id.lower())
    if job is None or (job.owner != owner and not service.open):
        raise Problem("NO_JOB")
    return job


VisibleJob = Annotated[Job, Depends(visible_job)]


@router.get("", responses=documented(400, 401))
async def list_jobs(
    service: ServiceOf,
    owner: Owner,
    limit: Annotated[int, Query(ge=1, le=200)] = _PAGE,
    cursor: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,18}$", description="`nextCursor` of the page before")
    ] = None,
    batch: Annotated[str | None, Query(alias="batchId", description="List the photos of this batch")] = None,
) -> JobPage:
    """The caller's jobs, newest first; photos of batches are listed under their batch."""
    before = None if cursor is None else int(cursor)
    page = await threaded(service.queue.page, owner, limit=limit + 1, before=before, batch=batch)
    shown = page[:limit]
    states = await threaded(_states, service, shown)
    return JobPage(
        jobs=[
            ListedJob(
                **state,
                filename=job.filename,
                createdAt=job.created_at,
                finishedAt=job.finished_at,
                settings=job.settings,
                hasMask=job.has_mask,
                inputBytes=job.input_bytes,
            )
            for job, state in zip(shown, states, strict=True)
        ],
        nextCursor=str(shown[-1].number) if len(page) > limit else None,
    )


def _states(service: Service, jobs: list[Job]) -> list[dict[str, Any]]:
    return [batch_frame(job, service.queue.photos(job.id)) if job.kind == "batch" else frame(job) for job in jobs]


@router.get("/{job_id}", responses=documented(401, 404), response_model=JobState)
async def get_job(service: ServiceOf, job: VisibleJob) -> JSONResponse:
    """What the progress of the job says now."""
    (state,) = await threaded(_states, service, [job]) if job.kind == "batch" else [frame(job)]
    return JSONResponse(state)


@router.post("/{job_id}/cancel", responses=documented(401, 404))
async def cancel_job(service: ServiceOf, job: VisibleJob) -> Canceled:
    """Stop the job; a batch with all its photos."""
    return Canceled(canceled=await threaded(service.queue.cancel, job.id))


@router.delete("/{job_id}", responses=documented(401, 404))
async def delete_job(service: ServiceOf, job: VisibleJob) -> Done:
    """Remove the job and its files, whatever it does."""
    if not await threaded(service.housekeeping.remove, job.id):
        raise Problem("NO_JOB")
    service.broadcast.drop(job.id)
    return Done()
