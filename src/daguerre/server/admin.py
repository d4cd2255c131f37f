"""Bundles, and the state of the whole installation."""

from __future__ import annotations

import shutil
from typing import Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from daguerre.errors import InstallFailed
from daguerre.models.catalog import Catalog, Model
from daguerre.models.catalog.published import Bundle
from daguerre.models.install import archive
from daguerre.models.install.installer import Installer
from daguerre.server.auth import CallerOf, User, administrator
from daguerre.server.health import faults
from daguerre.server.jobs import Done
from daguerre.server.multipart import ReceivedFile, received
from daguerre.server.problems import Problem, documented
from daguerre.server.service import Service, ServiceOf

router = APIRouter(prefix="/api/v1", tags=["features"])
administration = APIRouter(prefix="/api/v1/admin", tags=["features"], dependencies=[Depends(administrator)])


class BundleState(BaseModel):
    """A bundle of models."""

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
    job_id: str | None = Field(alias="jobId", description="The job that installs it now")
    models: list[dict[str, Any]]


class Bundles(BaseModel):
    """Every bundle that there is, and single models that can be installed beside them."""

    bundles: list[BundleState]
    optional: list[BundleState]


class InstallWish(BaseModel):
    """Consent to licences that forbid commercial use, by their names as ``models`` tells them."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    accept_licences: list[str] = Field(default=[], alias="acceptLicences", max_length=20)


class DiskUsage(BaseModel):
    """What the installed models take."""

    model_config = ConfigDict(populate_by_name=True)

    total_bytes: int = Field(alias="totalBytes")


@router.get("/features", responses=documented(401, 403))
async def list_features(service: ServiceOf, caller: User) -> Bundles:
    """What can be installed, and what is."""
    features = service.features
    every = [
        BundleState(**await run_in_threadpool(features.describe, one))
        for one in (*features.bundles, *features.optional)
    ]
    return Bundles(bundles=every[: len(features.bundles)], optional=every[len(features.bundles) :])


class Installing(BaseModel):
    """The job that installs; its progress is at ``/api/v1/jobs/{jobId}/progress``."""

    model_config = ConfigDict(populate_by_name=True)

    job_id: str = Field(alias="jobId")


class Imported(BaseModel):
    """What was installed."""

    ok: Literal[True] = True
    models: list[str]


_ARCHIVE = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary", "description": "A tar or zip with models' files"}},
    "required": ["file"],
}
_FORM = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _ARCHIVE}}}}


@administration.post("/features/{id}/install", status_code=202, responses=documented(400, 401, 403, 404, 409))
async def install_feature(service: ServiceOf, caller: CallerOf, id: str, wish: InstallWish | None = None) -> Installing:
    """Install a bundle; goes on where an earlier installation stopped.

    A model whose licence forbids commercial use needs consent to it.
    """
    bundle = _bundle(service, id)
    accepted = wish.accept_licences if wish is not None else []
    for model in service.features.members(bundle):
        if not model.commercial_use and model.licence not in accepted:
            raise Problem("LICENCE_NOT_ACCEPTED", licence=model.licence, licenceUrl=model.licence_url)
    if await run_in_threadpool(service.features.installed, bundle):
        raise Problem("FEATURE_INSTALLED")
    if service.config.offline:
        details = "DAGUERRE_OFFLINE is set, so nothing is fetched. Import an archive instead."
        raise Problem("OFFLINE", details)
    job = await run_in_threadpool(service.installs.start, bundle, caller.owner)
    if job is None:
        raise Problem("FEATURE_INSTALLING")
    return Installing(jobId=job)


@administration.post(
    "/features/{id}/import", responses=documented(400, 401, 403, 404, 409, 413, 507), openapi_extra=_FORM
)  # fmt: skip
async def import_feature(request: Request, service: ServiceOf, id: str) -> Imported:
    """Install models from an archive that ``daguerre models export`` wrote."""
    bundle = _bundle(service, id)
    most = 2 * sum(model.expected_bytes for model in service.features.members(bundle))
    async with received(
        request, service.archives, file_fields=("file",), max_file_bytes=most, max_files=1
    ) as form:  # fmt: skip
        if not form.files or form.files[0].size_bytes == 0:
            raise Problem("NO_ARCHIVE")
        file = form.files[0]
        try:
            models = await run_in_threadpool(_load, file, service)
        except InstallFailed as error:
            raise Problem("BROKEN_ARCHIVE", error) from None
    return Imported(models=[model.id for model in models])


def _load(file: ReceivedFile, service: Service) -> list[Model]:
    members = Catalog(*(model for model in service.features.catalog if model.commercial_use))
    assert file.upload is not None
    with file.upload.local() as path:
        return archive.load(path, members, service.features.store, name=file.filename or "The archive")


@administration.post("/features/{id}/uninstall", responses=documented(401, 403, 404, 409))
async def uninstall_feature(service: ServiceOf, id: str) -> Done:
    """Remove a bundle's models."""
    bundle = _bundle(service, id)
    models = service.features.members(bundle)
    if not any([await run_in_threadpool(service.features.store.installed, model) for model in models]):
        raise Problem("FEATURE_ABSENT")
    try:
        await run_in_threadpool(Installer(service.features.store, service.config).remove, models)
    except InstallFailed as error:
        raise Problem("FEATURE_INSTALLING", error) from None
    return Done()


@administration.get("/features/disk-usage", responses=documented(401, 403))
async def disk_usage(service: ServiceOf) -> DiskUsage:
    """The bytes of the installed models."""
    return DiskUsage(totalBytes=await run_in_threadpool(service.features.installed_bytes))


@administration.get("/health", tags=["health"], responses=documented(401, 403))
async def admin_health(service: ServiceOf) -> dict[str, Any]:
    """The queue, the workers and their device, the storage, the models."""
    problems = await run_in_threadpool(faults, service)
    load = await run_in_threadpool(service.queue.load)
    free = shutil.disk_usage(service.config.data).free if service.config.data.is_dir() else 0
    return {
        "status": "unavailable" if any(problem.fatal for problem in problems) else "healthy",
        "problems": [f"{problem.part}: {problem.reason}" for problem in problems],
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
            "diskFreeBytes": free,
        },
        "listeners": service.broadcast.listeners,
        "models": await run_in_threadpool(service.features.models),
    }


def _bundle(service: ServiceOf, id: str) -> Bundle:
    bundle = service.features.bundle(id)
    if bundle is None:
        raise Problem("NO_FEATURE")
    return bundle
