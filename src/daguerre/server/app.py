"""The application: routes, middlewares, and what runs beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.concurrency import run_in_threadpool

from daguerre.config import Config, cores
from daguerre.jobs import backends
from daguerre.jobs.housekeeping import Housekeeping
from daguerre.jobs.inspectors import Inspectors
from daguerre.jobs.local_storage import LocalStorage
from daguerre.jobs.supervisor import Supervisor
from daguerre.server import (
    admin,
    download,
    health,
    jobs,
    openapi,
    page,
    previews,
    problems,
    progress,
    recipes,
    restore,
    session,
)
from daguerre.server.broadcast import Broadcast
from daguerre.server.features import Features
from daguerre.server.installs import Installs
from daguerre.server.keys import Keys
from daguerre.server.metrics import Metrics
from daguerre.server.middleware import BodyGuard, HeadAsGet, OriginCheck, RequestLog, RootPath
from daguerre.server.rate_limiter import RateLimiter
from daguerre.server.service import Service
from daguerre.server.wire import Wire

_VIEW_S = 120.0
"""How long a view may take to be made, of the largest photos."""


def create_service(config: Config, *, workers: int, open: bool = False) -> Service:
    """The parts of a server on ``config``'s folder, which is made and migrated; nothing runs yet.

    Raises DatabaseError and StorageUnusable.
    """
    database = backends.open_database(config)
    queue, storage, features = backends.job_queue(database, config), backends.file_storage(config), Features(config)
    wire, archives = Wire(config.root_path), LocalStorage(config.service / "archives")
    return Service(
        config=config,
        queue=queue,
        storage=storage,
        archives=archives,
        keys=Keys(database),
        wire=wire,
        inspectors=Inspectors(max(2, min(4, cores()))),
        viewers=Inspectors(2, timeout_s=_VIEW_S),
        broadcast=Broadcast(queue, wire),
        housekeeping=Housekeeping(queue, storage, config, spools=[archives]),
        features=features,
        installs=Installs(queue, features, config),
        metrics=Metrics(queue),
        submissions=RateLimiter(config.submissions_per_minute),
        attempts=RateLimiter(config.wrong_keys_per_minute),
        supervisor=Supervisor(queue, config, workers) if workers else None,
        open=open,
    )


def create_app(service: Service, *, names: frozenset[str] | None = None) -> FastAPI:
    """The ASGI application of ``service``, which answers to ``names`` alone; its lifespan starts and stops the rest."""
    app = FastAPI(
        title="Daguerre", version=health.VERSION, lifespan=_lifespan, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json", description="Restores old photographs.",
    )  # fmt: skip
    app.state.service = service
    problems.install(app)
    for module in (restore, recipes, jobs, progress, download, previews, admin, session, health):
        app.include_router(module.router)
    app.include_router(admin.administration)
    app.include_router(health.metrics)
    openapi.install(app, service.config.root_path)
    page.install(app, service.config.root_path)
    origins = service.config.cors_origins
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=origins, allow_methods=["*"], allow_headers=["*"],
            expose_headers=["Location", "X-Request-ID", "Content-Disposition", "X-Job-Id", "X-File-Results"],
        )  # fmt: skip
    app.add_middleware(OriginCheck, names=names, origins=origins)
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyGuard, forms=("/restore-photo", "/restore-photo/batch", "/import"))
    if service.config.root_path:
        app.add_middleware(RootPath, root_path=service.config.root_path)
    app.add_middleware(RequestLog, service=service)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service

    async def job_ended(id: str) -> None:
        job = await run_in_threadpool(service.queue.get, id)
        if job is not None and job.kind != "install":
            await run_in_threadpool(service.metrics.job_ended, job)

    if service.supervisor is not None:
        service.supervisor.start()
    service.housekeeping.start()
    await service.inspectors.start()
    await service.viewers.start()
    reading = asyncio.create_task(service.broadcast.run(job_ended))
    try:
        yield
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await run_in_threadpool(service.installs.stop)
        await service.inspectors.stop()
        await service.viewers.stop()
        await run_in_threadpool(service.housekeeping.stop)
        if service.supervisor is not None:
            await run_in_threadpool(service.supervisor.stop)
