"""What every route works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

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
from daguerre.server.wire import Wire


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running server.

    ``archives`` takes models' archives, which have to lie on this machine whole, wherever photos go.
    ``viewers`` are inspectors that make views and keep no upload waiting. ``open`` means that nobody is asked for a
    key; ``submitting`` are ids that are about to be stored, ``early`` counts each caller's streams of jobs to come.
    """

    config: Config
    queue: JobQueue
    storage: Storage
    archives: Storage
    keys: Keys
    wire: Wire
    inspectors: Inspectors
    viewers: Inspectors
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
    early: dict[str, int] = field(default_factory=dict)


async def service_of(request: Request) -> Service:
    """The service behind a request; a coroutine, or each call would take a thread."""
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(service_of)]
