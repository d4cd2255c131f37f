"""Bundles, and the state of the whole installation."""

from __future__ import annotations

import shutil
from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from daguerre.server.features import Bundle
from daguerre.server.health import faults
from daguerre.server.identity import identify
from daguerre.server.problems import Problem, documented
from daguerre.server.service import ServiceOf, threaded

router = APIRouter(prefix="/api/v1", tags=["features"], dependencies=[Depends(identify)])


class BundleState(BaseModel):
    """A bundle of networks."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    name: str
    description: str
    status: Literal["not_installed", "installing", "installed", "error"]
    installed_version: str | None = Field(alias="installedVersion")
    estimated_size: str = Field(alias="estimatedSize")
    licences: list[str]
    enables_tools: list[str] = Field(alias="enablesTools")
    progress: dict[str, Any] | None
    error: str | None


class Bundles(BaseModel):
    """Every bundle that there is."""

    bundles: list[BundleState]


class DiskUsage(BaseModel):
    """What the installed networks take."""

    model_config = ConfigDict(populate_by_name=True)

    total_bytes: int = Field(alias="totalBytes")


@router.get("/features", responses=documented(401))
async def list_features(service: ServiceOf) -> Bundles:
    """What can be installed, and what is."""
    described = [await threaded(service.features.describe, bundle) for bundle in service.features.bundles]
    return Bundles(bundles=[BundleState(**one) for one in described])


@router.post("/admin/features/{id}/install", responses=documented(401, 404, 409, 501))
async def install_feature(service: ServiceOf, id: str) -> None:
    """Install a bundle. Not possible in this version."""
    bundle = _bundle(service, id)
    if await threaded(service.features.installed, bundle):
        raise Problem(409, "The feature is installed already", code="FEATURE_INSTALLED")
    raise _no_installer()


@router.post("/admin/features/{id}/import", responses=documented(401, 404, 501))
async def import_feature(service: ServiceOf, id: str) -> None:
    """Install a bundle from an archive. Not possible in this version."""
    _bundle(service, id)
    raise _no_installer()


@router.post("/admin/features/{id}/uninstall", responses=documented(401, 404, 409, 501))
async def uninstall_feature(service: ServiceOf, id: str) -> None:
    """Remove a bundle. Not possible in this version."""
    bundle = _bundle(service, id)
    if not await threaded(service.features.installed, bundle):
        raise Problem(409, "The feature is not installed", code="FEATURE_NOT_INSTALLED")
    raise _no_installer()


@router.get("/admin/features/disk-usage", responses=documented(401))
async def disk_usage(service: ServiceOf) -> DiskUsage:
    """The bytes of the installed networks."""
    return DiskUsage(totalBytes=await threaded(service.features.installed_bytes))


@router.get("/admin/health", tags=["health"], responses=documented(401))
async def admin_health(service: ServiceOf) -> dict[str, Any]:
    """The queue, the workers and their device, the storage, the networks."""
    problems = await threaded(faults, service)
    load = await threaded(service.engine.load)
    disk = shutil.disk_usage(service.config.data)
    return {
        "status": "ok" if not problems else "unavailable",
        "problems": problems,
        "queue": {
            "queued": load.queued,
            "processing": load.processing,
            "complete": load.complete,
            "failed": load.failed,
            "oldestWaitSeconds": round(load.oldest_wait_s, 1),
        },
        "workers": [
            {
                "id": worker.id,
                "host": worker.host,
                "pid": worker.pid,
                "device": worker.device,
                "startedAt": worker.started_at,
                "seenAt": worker.seen_at,
            }
            for worker in load.workers
        ],
        "storage": {
            "jobsBytes": load.stored_bytes,
            "limitBytes": service.config.storage_limit_bytes,
            "diskFreeBytes": disk.free,
        },
        "listeners": service.broadcast.listeners,
        "models": await threaded(service.features.networks),
    }


def _bundle(service: ServiceOf, id: str) -> Bundle:
    bundle = service.features.bundle(id)
    if bundle is None:
        raise Problem(404, "Feature not found")
    return bundle


def _no_installer() -> Problem:
    details = "The networks of the bundle are not published for this version."
    return Problem(501, "Bundles cannot be installed by this version", code="INSTALLER_MISSING", details=details)
