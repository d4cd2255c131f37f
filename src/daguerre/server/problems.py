"""Answers that are refusals: what is raised, and the body that the client gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from daguerre.jobs.errors import JobExists, QueueFull, StorageFull

_RETRY_S = 15


class ProblemBody(BaseModel):
    """A sentence in ``error``; some refusals say more."""

    model_config = ConfigDict(extra="allow")

    error: str
    code: str | None = None
    details: str | None = None


class Problem(Exception):
    """A refusal with its HTTP status, body and headers."""

    def __init__(self, status: int, error: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, **more}
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """The refusal as an answer."""
        return JSONResponse(self.body, self.status, self.headers)


def broken_form(details: str) -> Problem:
    """The multipart body cannot be read."""
    return Problem(400, "Failed to parse multipart request", details=details)


def invalid_settings(details: str) -> Problem:
    """One message for each bad field."""
    return Problem(400, "Invalid settings", details=details)


def invalid_image(reason: str) -> Problem:
    """The photo or its mask is refused."""
    return Problem(400, f"Invalid image: {reason}")


def too_large(limit_bytes: int) -> Problem:
    """A file is larger than allowed."""
    return Problem(413, "File too large", code="FILE_TOO_LARGE", limitBytes=limit_bytes)


def rate_limited(retry_after_s: float) -> Problem:
    """Too many requests from one key or address."""
    headers = {"Retry-After": str(max(1, round(retry_after_s + 0.5)))}
    return Problem(429, "Too many requests", code="RATE_LIMITED", headers=headers)


def no_job() -> Problem:
    """There is no such job, or it is another's."""
    return Problem(404, "Job not found")


def unauthenticated() -> Problem:
    """A key is needed, and none or a wrong one came."""
    headers = {"WWW-Authenticate": 'Bearer realm="daguerre"'}
    return Problem(401, "Authentication required", code="AUTH_REQUIRED", headers=headers)


def storage_full() -> Problem:
    """The disk, or the share of it that the service may use, is full."""
    return Problem(507, "Storage full", code="STORAGE_FULL")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI document says of refusals with these statuses."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"content": content, "description": _DESCRIPTIONS[status]} for status in statuses}


_DESCRIPTIONS = {
    400: "The request is not right",
    401: "A key is needed",
    403: "Not from that page",
    404: "Not found",
    409: "Not in this state",
    413: "Too large",
    416: "No such part of the file",
    429: "Too many requests; try again after the seconds in Retry-After",
    501: "Not installed",
    503: "Out of order",
    507: "Storage full",
}


def install(app: FastAPI) -> None:
    """Let ``app`` answer with these bodies, whoever raises."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> JSONResponse:
        return problem.response()

    @app.exception_handler(JobExists)
    async def _exists(request: Request, error: JobExists) -> JSONResponse:
        return Problem(409, "Job exists", code="JOB_EXISTS").response()

    @app.exception_handler(QueueFull)
    async def _queue_full(request: Request, error: QueueFull) -> JSONResponse:
        return Problem(429, str(error), code="QUEUE_FULL", headers={"Retry-After": str(_RETRY_S)}).response()

    @app.exception_handler(StorageFull)
    async def _storage_full(request: Request, error: StorageFull) -> JSONResponse:
        return storage_full().response()

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        parts = [f"{'.'.join(str(each) for each in one['loc'][1:])}: {one['msg']}" for one in error.errors()]
        return Problem(400, "Invalid request", details="; ".join(parts)).response()

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        return Problem(error.status_code, str(error.detail), headers=error.headers).response()
