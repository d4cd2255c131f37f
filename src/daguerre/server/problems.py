"""Answers that are refusals: what is raised, and the body that the client gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.routing import Match

from daguerre.errors import DaguerreError, InvalidSettings
from daguerre.failures import FAILURES, failure_of

_RETRY_S = 15
_TRY_AGAIN = frozenset({429, 503})
CODES = sorted(row.code for row in FAILURES.values() if row.coded)


class ProblemBody(BaseModel):
    """A sentence in ``error``; some refusals say more."""

    model_config = ConfigDict(extra="allow")

    error: str
    code: str | None = Field(default=None, json_schema_extra={"enum": [*CODES, None]})
    details: str | None = None


class Problem(Exception):
    """A refusal: a row of the table of failures, its details, and what else is in the body."""

    def __init__(
        self, code: str, details: object = "", *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        self.failure = FAILURES[code]
        super().__init__(self.failure.tell(details))
        self.body = {"error": self.failure.say(details)}
        if self.failure.coded:
            self.body["code"] = code
        if details and self.failure.say() == self.failure.say(details):
            self.body["details"] = str(details)
        self.body |= more
        again = {"Retry-After": str(_RETRY_S)} if self.failure.status in _TRY_AGAIN else {}
        self.headers = {**again, **(headers or {})}

    @classmethod
    def of(cls, error: DaguerreError) -> Self:
        """The refusal that an exception is answered with."""
        failure = failure_of(error)
        if isinstance(error, InvalidSettings):
            return cls(failure.code, error.told(to_camel))
        return cls(failure.code, error if failure.say(error) != failure.say() else "")

    def response(self) -> JSONResponse:
        """The refusal as an answer."""
        return JSONResponse(self.body, self.failure.status, self.headers)


def too_large(limit_bytes: int) -> Problem:
    """A file is larger than allowed."""
    return Problem("FILE_TOO_LARGE", limitBytes=limit_bytes)


def rate_limited(retry_after_s: float) -> Problem:
    """Too many requests from one key or address."""
    return Problem("RATE_LIMITED", headers={"Retry-After": str(max(1, round(retry_after_s + 0.5)))})


def unauthenticated() -> Problem:
    """A key is needed, and none or a wrong one came."""
    return Problem("AUTH_REQUIRED", headers={"WWW-Authenticate": 'Bearer realm="daguerre"'})


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI document says of refusals with these statuses."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"content": content, "description": _DESCRIPTIONS[status]} for status in statuses}


_DESCRIPTIONS = {
    400: "The request is not right",
    401: "A key is needed",
    403: "Not from that page, or not with that key",
    404: "Not found",
    409: "Not in this state",
    413: "Too large",
    416: "No such part of the file",
    422: "None of the photos could be restored",
    429: "Too many requests; try again after the seconds in Retry-After",
    501: "Not installed",
    503: "Out of order; try again after the seconds in Retry-After",
    507: "Storage full",
}


def install(app: FastAPI) -> None:
    """Let ``app`` answer with these bodies, whoever raises."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> JSONResponse:
        return problem.response()

    @app.exception_handler(DaguerreError)
    async def _refused(request: Request, error: DaguerreError) -> JSONResponse:
        if failure_of(error).status == 500:  # A fault: the log has it, the client does not.
            raise error
        return Problem.of(error).response()

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        parts = [f"{'.'.join(str(each) for each in one['loc'][1:])}: {one['msg']}" for one in error.errors()]
        return Problem("INVALID_REQUEST", "; ".join(parts)).response()

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if error.status_code == 405:  # The first route of the path has named its own methods alone.
            headers["Allow"] = ", ".join(sorted(_methods(request)))
        return JSONResponse({"error": str(error.detail)}, error.status_code, headers)


def _methods(request: Request) -> set[str]:
    """What any route of the path answers to; HEAD wherever GET is."""
    asked = {method: {**request.scope, "method": method} for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
    routes = request.app.routes
    methods = {name for name, scope in asked.items() if any(route.matches(scope)[0] == Match.FULL for route in routes)}
    return methods | ({"HEAD"} if "GET" in methods else set())
