"""What every route works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, ParamSpec, TypeVar

from anyio import to_thread
from fastapi import Depends, Request

from daguerre.config import Config
from daguerre.jobs.housekeeping import Housekeeping
from daguerre.jobs.inspectors import Inspectors
from daguerre.jobs.queue import JobQueue
from daguerre.jobs.storage import Storage
from daguerre.jobs.supervisor import Supervisor
from daguerre.server.broadcast import Broadcast
from daguerre.server.features import Features
from daguerre.server.installs import Installs
from daguerre.server.keys import Keys
from daguerre.server.metrics import Metrics
from daguerre.server.rate_limiter import RateLimiter

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running server.

    ``open`` means that nobody is asked for a key; ``submitting`` are ids that are about to be stored.
    """

    config: Config
    queue: JobQueue
    storage: Storage
    keys: Keys
    inspectors: Inspectors
    broadcast: Broadcast
    housekeeping: Housekeeping
    features: Features
    installs: Installs
    metrics: Metrics
    submissions: RateLimiter
    attempts: RateLimiter
    supervisor: Supervisor | None
    open: bool
    submitting: set[str] = field(default_factory=set)


async def service_of(request: Request) -> Service:
    """The service behind a request; a coroutine, or each call would take a thread."""
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(service_of)]


async def threaded(call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Run what waits for a disk in a thread."""
    return await to_thread.run_sync(partial(call, *arguments, **named))
