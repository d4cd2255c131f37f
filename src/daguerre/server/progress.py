"""Progress as Server-Sent Events."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from daguerre.jobs.records import Job
from daguerre.server import problems
from daguerre.server.auth import Caller, User
from daguerre.server.broadcast import Subscription
from daguerre.server.problems import Problem, documented
from daguerre.server.service import Service, ServiceOf
from daguerre.server.submissions import JOB_ID
from daguerre.server.wire import Frame

router = APIRouter(prefix="/api/v1", tags=["jobs"])

EARLY_STREAMS = 50
"""How many of a caller's streams may wait for jobs that are still to come."""

_FOLLOWED = 500
_NUMBER = re.compile(r"[0-9]{1,18}")
_STAY_AWAY_MS = 24 * 3600 * 1000
_HEARTBEAT_S = 20.0
_RECHECK_S = 5.0
_HEARTBEAT = json.dumps({"type": "heartbeat"}, separators=(",", ":"))

Events = Annotated[
    Literal["named", "unnamed"] | None,
    Query(
        description="`unnamed` leaves the events' name out, for `onmessage`, and sends a heartbeat every 20 seconds. "
        "By default it is left out for jobs that came with a `clientJobId`, and on streams that were opened before."
    ),
]


@dataclass(frozen=True, slots=True)
class Followed:
    """What a stream follows: an id, and its job where that is there already."""

    id: str
    job: Job | None


async def followed(
    service: ServiceOf, caller: User, job_id: Annotated[str, Path(description="The job's id, perhaps of one to come")]
) -> AsyncIterator[Followed]:
    """The job of a path, or the place of one that is still to come. Raises a 404 and a 429."""
    job = await run_in_threadpool(service.queue.get, job_id)
    if job is not None and caller.sees(job):
        yield Followed(job_id, job)
        return
    if job is not None or not JOB_ID.fullmatch(job_id):
        raise Problem("NO_JOB")
    waiting = service.early.get(caller.name, 0)
    if waiting >= EARLY_STREAMS:
        raise problems.rate_limited(service.config.early_stream_s)
    service.early[caller.name] = waiting + 1
    try:
        yield Followed(job_id, None)
    finally:
        service.early[caller.name] -= 1
        if not service.early[caller.name]:
            del service.early[caller.name]


@router.get("/jobs/{job_id}/progress", response_class=EventSourceResponse, responses=documented(401, 403, 404, 429))
async def job_progress(
    service: ServiceOf,
    caller: User,
    follow: Annotated[Followed, Depends(followed)],
    events: Events = None,
    last_event_id: Annotated[str | None, Header(description="Go on after this event")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """The job's state now, then every change until it has ended.

    A comment every 15 seconds keeps the connection open. The stream of a job that has ended is its
    last state. A stream may be opened before its job is submitted: it waits, for ten minutes by default.
    """
    job = follow.job
    named = events == "named" if events is not None else job is not None and not job.client_named
    # Listening comes first: nothing that happens between the two is missed.
    with service.broadcast.subscribe(follow.id) as live:
        told = 0
        for frame in await run_in_threadpool(_backlog, service, caller, follow.id, last_event_id):
            yield _event(frame, named)
            told = frame.number
            if frame.last:
                return
        visible = job is not None
        async for found in _listen(service, caller, live, give_up_s=None if visible else service.config.early_stream_s):
            if found is None:
                if not named:
                    yield ServerSentEvent(raw_data=_HEARTBEAT)
                continue
            if not visible and not await run_in_threadpool(_sees, service, caller, follow.id):
                continue
            visible = True
            if found.number > told:
                yield _event(found, named)
                if found.last:
                    return


async def visible_jobs(
    service: ServiceOf,
    caller: User,
    job_ids: Annotated[list[str], Query(alias="jobId", min_length=1, max_length=_FOLLOWED)],
) -> frozenset[str]:
    """Those of the ids that are jobs of the caller. Raises a 404 where none is: a stream that has begun cannot."""

    def visible() -> frozenset[str]:
        found = (service.queue.get(id) for id in job_ids)
        return frozenset(job.id for job in found if job is not None and caller.sees(job))

    found = await run_in_threadpool(visible)
    if not found:
        raise Problem("NO_JOB")
    return found


@router.get("/progress", response_class=EventSourceResponse, responses=documented(400, 401, 403, 404))
async def many_progress(
    service: ServiceOf, caller: User, followed: Annotated[frozenset[str], Depends(visible_jobs)]
) -> AsyncIterator[ServerSentEvent]:
    """The same for several jobs in one stream, which ends when all have ended. Unknown jobs are left out."""
    with service.broadcast.subscribe(*followed) as live:
        told: dict[str, int] = {}
        for job in followed:
            for frame in await run_in_threadpool(_backlog, service, caller, job, None):
                told[job] = frame.number
                if frame.last:
                    followed = followed - {job}
                yield _event(frame, named=True, stay_away=not followed)
        if not followed:
            return
        async for found in _listen(service, caller, live):
            if found is not None and found.number > told.get(found.job, 0):
                if found.last:
                    followed = followed - {found.job}
                yield _event(found, named=True, stay_away=not followed)
                if not followed:
                    return


async def _listen(
    service: Service, caller: Caller, live: Subscription, give_up_s: float | None = None
) -> AsyncIterator[Frame | None]:
    """The frames as they come, ``None`` after 20 seconds without one; ends with the caller's right to listen.

    With ``give_up_s`` it ends after that time, unless a frame has come.
    """
    began = quiet = checked = time.monotonic()
    while True:
        frame = await live.next(_RECHECK_S if give_up_s is None else min(_RECHECK_S, give_up_s))
        now = time.monotonic()
        if caller.grant is not None and now - checked >= _RECHECK_S:
            checked = now
            if not await service.keys.still_valid(caller.grant):
                return
        if frame is not None:
            give_up_s, quiet = None, now
            yield frame
        elif live.closed or (give_up_s is not None and now - began >= give_up_s):
            return
        elif now - quiet >= _HEARTBEAT_S:
            quiet = now
            yield None


def _sees(service: Service, caller: Caller, id: str) -> bool:
    job = service.queue.get(id)
    return job is not None and caller.sees(job)


def _backlog(service: Service, caller: Caller, job: str, last_event_id: str | None) -> list[Frame]:
    """What a returning listener has missed; for a new one, and after the end, the present state."""
    latest = service.queue.latest(job)
    if latest is None or not _sees(service, caller, job):
        return []
    told = int(last_event_id) if last_event_id and _NUMBER.fullmatch(last_event_id) else 0
    if told == 0 or told > latest.number or (latest.last and told == latest.number):
        return service.wire.frames(service.queue, [latest])
    return service.wire.frames(service.queue, service.queue.events(job, told))


def _event(frame: Frame, named: bool, stay_away: bool | None = None) -> ServerSentEvent:
    return ServerSentEvent(
        raw_data=frame.data,
        event="progress" if named else None,
        id=str(frame.number),
        # An EventSource whose page forgets to close it comes again: not every three seconds, for the same frame.
        retry=_STAY_AWAY_MS if (frame.last if stay_away is None else stay_away) else None,
    )
