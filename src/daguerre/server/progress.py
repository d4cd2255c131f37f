"""Progress as Server-Sent Events."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from daguerre.jobs.records import Event
from daguerre.server.auth import Owner
from daguerre.server.jobs import VisibleJob
from daguerre.server.problems import Problem, documented
from daguerre.server.service import Service, ServiceOf, threaded

router = APIRouter(prefix="/api/v1", tags=["jobs"])

_FOLLOWED = 500
_NUMBER = re.compile(r"[0-9]{1,18}")
_STAY_AWAY_MS = 24 * 3600 * 1000


@router.get("/jobs/{job_id}/progress", response_class=EventSourceResponse, responses=documented(401, 404))
async def job_progress(
    service: ServiceOf,
    job: VisibleJob,
    events: Annotated[
        Literal["named", "unnamed"], Query(description="`unnamed` leaves the event's name out")
    ] = "named",
    last_event_id: Annotated[str | None, Header(description="Go on after this event")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """The job's state now, then every change until it has ended.

    A comment every 15 seconds keeps the connection open. The stream of a job that has ended is its
    last state.
    """
    named = events == "named"
    # Listening comes first: nothing that happens between the two is missed.
    with service.broadcast.subscribe(job.id) as live:
        told = 0
        for event in await threaded(_backlog, service, job.id, last_event_id):
            yield _frame(event, named)
            told = event.number
            if event.last:
                return
        async for event in live:
            if event.number > told:
                yield _frame(event, named)
                if event.last:
                    return


async def visible_jobs(
    service: ServiceOf,
    owner: Owner,
    job_ids: Annotated[list[str], Query(alias="jobId", min_length=1, max_length=_FOLLOWED)],
) -> frozenset[str]:
    """Those of the ids that are jobs of the caller. Raises a 404 where none is: a stream that has begun cannot."""
    found = await threaded(_visible, service, owner, job_ids)
    if not found:
        raise Problem("NO_JOB")
    return found


@router.get("/progress", response_class=EventSourceResponse, responses=documented(400, 401, 404))
async def many_progress(
    service: ServiceOf, followed: Annotated[frozenset[str], Depends(visible_jobs)]
) -> AsyncIterator[ServerSentEvent]:
    """The same for several jobs in one stream, which ends when all have ended. Unknown jobs are left out."""
    with service.broadcast.subscribe(*followed) as live:
        told: dict[str, int] = {}
        for job in followed:
            for event in await threaded(_backlog, service, job, None):
                told[job] = event.number
                if event.last:
                    followed = followed - {job}
                yield _frame(event, named=True, stay_away=not followed)
        if not followed:
            return
        async for event in live:
            if event.number > told.get(event.job, 0):
                if event.last:
                    followed = followed - {event.job}
                yield _frame(event, named=True, stay_away=not followed)
                if not followed:
                    return


def _visible(service: Service, owner: str | None, ids: list[str]) -> frozenset[str]:
    found = (service.queue.get(id.lower()) for id in ids)
    return frozenset(job.id for job in found if job is not None and (job.owner == owner or service.open))


def _backlog(service: Service, job: str, last_event_id: str | None) -> list[Event]:
    """What a returning listener has missed; for a new one, and after the end, the present state."""
    latest = service.queue.latest(job)
    if latest is None:
        return []
    told = int(last_event_id) if last_event_id and _NUMBER.fullmatch(last_event_id) else 0
    if told == 0 or told > latest.number or (latest.last and told == latest.number):
        return [latest]
    return service.queue.events(told, job=job)


def _frame(event: Event, named: bool, stay_away: bool | None = None) -> ServerSentEvent:
    return ServerSentEvent(
        raw_data=event.data,
        event="progress" if named else None,
        id=str(event.number),
        # An EventSource whose page forgets to close it comes again: not every three seconds, for the same frame.
        retry=_STAY_AWAY_MS if (event.last if stay_away is None else stay_away) else None,
    )
