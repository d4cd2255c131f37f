"""The application: routes, middlewares, and what runs beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from daguerre.config import Config
from daguerre.jobs import backends
from daguerre.jobs.housekeeping import Housekeeping
from daguerre.jobs.inspectors import Inspectors
from daguerre.jobs.supervisor import Supervisor, cores
from daguerre.server import admin, download, health, jobs, openapi, page, previews, problems, progress, restore, session
from daguerre.server.broadcast import Broadcast
from daguerre.server.features import Features
from daguerre.server.installs import Installs
from daguerre.server.keys import Keys
from daguerre.server.metrics import Metrics
from daguerre.server.middleware import OriginCheck, RequestLog
from daguerre.server.rate_limiter import RateLimiter
from daguerre.server.service import Service, threaded


def create_service(config: Config, *, workers: int, open: bool = False) -> Service:
    """The parts of a server on ``config``'s folder, which is made and migrated; nothing runs yet."""
    database = backends.open_database(config)
    queue, storage, features = backends.job_queue(database, config), backends.file_storage(config), Features(config)
    return Service(
        config=config,
        queue=queue,
        storage=storage,
        keys=Keys(database),
        inspectors=Inspectors(max(2, min(4, cores()))),
        broadcast=Broadcast(queue),
        housekeeping=Housekeeping(queue, storage, config),
        features=features,
        installs=Installs(queue, features, config),
        metrics=Metrics(queue),
        submissions=RateLimiter(config.submissions_per_minute),
        attempts=RateLimiter(config.wrong_keys_per_minute),
        supervisor=Supervisor(queue, config, workers) if workers else None,
        open=open,
    )


def create_app(service: Service, *, local_names_only: bool = False) -> FastAPI:
    """The ASGI application of ``service``; its lifespan starts and stops the rest."""
    app = FastAPI(
        title="Daguerre", version=health.VERSION, lifespan=_lifespan, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json", description="Restores old photographs.",
    )  # fmt: skip
    app.state.service = service
    problems.install(app)
    for module in (restore, jobs, progress, download, previews, admin, session, health):
        app.include_router(module.router)
    app.include_router(health.metrics)
    openapi.install(app)
    page.install(app)
    origins = service.config.cors_origins
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=origins, allow_methods=["*"], allow_headers=["*"],
            expose_headers=["Location", "X-Request-ID", "Content-Disposition"],
        )  # fmt: skip
    app.add_middleware(OriginCheck, local_names_only=local_names_only, origins=origins)
    app.add_middleware(RequestLog, service=service)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service

    async def job_ended(id: str) -> None:
        job = await threaded(service.queue.get, id)
        if job is not None and job.kind != "install":
            service.metrics.job_ended(job)

    if service.supervisor is not None:
        service.supervisor.start()
    service.housekeeping.start()
    await threaded(service.installs.recover)
    await service.inspectors.start()
    reading = asyncio.create_task(service.broadcast.run(job_ended))
    try:
        yield
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await threaded(service.installs.stop)
        await service.inspectors.stop()
        await threaded(service.housekeeping.stop)
        if service.supervisor is not None:
            await threaded(service.supervisor.stop)
