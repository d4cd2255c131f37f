"""Whether the service works, and its metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

import structlog
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from daguerre.server.auth import meter
from daguerre.server.problems import documented
from daguerre.server.service import Service, ServiceOf

router = APIRouter(prefix="/api/v1", tags=["health"])
metrics = APIRouter(tags=["health"])

VERSION = version("daguerre")

_NAMED = 5

_log = structlog.get_logger()


class Health(BaseModel):
    """``unavailable`` where jobs cannot be stored or worked on now."""

    status: Literal["healthy", "unavailable"]
    version: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A part that is out of order, and why. With ``fatal`` ones the service is of no use."""

    part: str
    reason: str
    fatal: bool = True


@router.get("/health", responses={503: {"model": Health, "description": "Jobs cannot be stored now"}})
async def health(service: ServiceOf, response: Response) -> Health:
    """Whether the database, the disk and the workers are there; asks for no key."""
    if any(fault.fatal for fault in await run_in_threadpool(faults, service)):
        response.status_code = 503
        return Health(status="unavailable", version=VERSION)
    return Health(status="healthy", version=VERSION)


@metrics.get("/metrics", responses=documented(401, 403), dependencies=[Depends(meter)], response_class=Response)
async def prometheus(service: ServiceOf) -> Response:
    """For Prometheus."""
    text = await run_in_threadpool(service.metrics.text)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def faults(service: Service) -> list[Fault]:
    """What is out of order, tried out and not remembered."""
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("database", service.queue.check), ("storage", service.storage.check),
    )  # fmt: skip
    found = []
    for part, check in checks:
        try:
            check()
        except Exception as error:
            _log.error("out of order", part=part, error=str(error))
            found.append(Fault(part, str(error)))
    if lost := sorted(service.housekeeping.lost):
        some = ", ".join(lost[:_NAMED]) + (" ..." if len(lost) > _NAMED else "")
        found.append(Fault("files", f"those of {len(lost)} jobs are gone ({some})", fatal=False))
    supervisor = service.supervisor
    if supervisor is not None and supervisor.alive < supervisor.count:
        missing = f"{supervisor.alive} of {supervisor.count} run"
        found.append(Fault("workers", supervisor.problem or missing, fatal=supervisor.alive == 0))
    return found
