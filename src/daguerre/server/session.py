"""Signing in with a browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from daguerre.server import problems
from daguerre.server.auth import COOKIE, CallerOf, address
from daguerre.server.jobs import Done
from daguerre.server.keys import SESSION_S
from daguerre.server.problems import documented
from daguerre.server.service import ServiceOf

router = APIRouter(prefix="/api/v1/session", tags=["session"])


class SignIn(BaseModel):
    """A key of ``daguerre keys create``."""

    key: str = Field(max_length=200)


class SessionState(BaseModel):
    """Whether this server asks for a key, whether the caller administers it, and how long it keeps photos."""

    model_config = ConfigDict(populate_by_name=True)

    key_needed: bool = Field(alias="keyNeeded")
    administrator: bool
    retention_hours: float = Field(alias="retentionHours")


@router.get("", responses=documented(401))
async def session(caller: CallerOf, service: ServiceOf) -> SessionState:
    """Whether the caller may work here: a 401 asks for a key."""
    return SessionState(
        keyNeeded=caller.grant is not None, administrator=caller.administers,
        retentionHours=service.config.retention_hours,
    )  # fmt: skip


@router.post("", responses=documented(400, 401, 413, 429))
async def sign_in(request: Request, response: Response, service: ServiceOf, body: SignIn) -> Done:
    """Trade a key for a cookie that scripts cannot read and other pages cannot use."""
    token = await run_in_threadpool(service.keys.sign_in, body.key)
    if token is None:
        if wait := service.attempts.take(address(request)):
            raise problems.rate_limited(wait)
        raise problems.unauthenticated()
    response.set_cookie(
        COOKIE, token, max_age=SESSION_S, path=f"{service.wire.root_path}/", httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return Done()


@router.delete("")
async def sign_out(
    response: Response, service: ServiceOf, cookie: Annotated[str | None, Cookie(alias=COOKIE)] = None
) -> Done:
    """Forget the browser."""
    if cookie is not None:
        await run_in_threadpool(service.keys.sign_out, cookie)
    response.delete_cookie(COOKIE, path=f"{service.wire.root_path}/", httponly=True, samesite="strict")
    return Done()
