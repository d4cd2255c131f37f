"""Whether the service works, and its metrics."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal

import structlog
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from daguerre.server.auth import identify
from daguerre.server.problems import documented
from daguerre.server.service import Service, ServiceOf, threaded

router = APIRouter(prefix="/api/v1", tags=["health"])
metrics = APIRouter(tags=["health"])

VERSION = version("daguerre")

_log = structlog.get_logger()


class Health(BaseModel):
    """``unavailable`` where jobs cannot be stored now."""

    status: Literal["ok", "unavailable"]
    version: str


@router.get("/health", responses={503: {"model": Health, "description": "Jobs cannot be stored now"}})
async def health(service: ServiceOf, response: Response) -> Health:
    """Whether the database and the disk are there; asks for no key."""
    if await threaded(faults, service):
        response.status_code = 503
        return Health(status="unavailable", version=VERSION)
    return Health(status="ok", version=VERSION)


@metrics.get("/metrics", responses=documented(401), dependencies=[Depends(identify)], response_class=Response)
async def prometheus(service: ServiceOf) -> Response:
    """For Prometheus."""
    return Response(await threaded(service.metrics.text), media_type="text/plain; version=0.0.4; charset=utf-8")


def faults(service: Service) -> list[str]:
    """What is out of order, tried out and not remembered."""
    found = []
    for name, check in (("database", service.queue.check), ("storage", service.storage.check)):
        try:
            check()
        except Exception as error:
            _log.error("out of order", part=name, error=str(error))
            found.append(name)
    if service.supervisor is not None and service.supervisor.alive == 0:
        found.append("workers")
    return found
