"""Who asks: a key in a header, a browser's session, or whoever may reach a server without keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from daguerre.server import problems
from daguerre.server.service import ServiceOf, threaded

COOKIE = "daguerre_session"

_bearer = HTTPBearer(auto_error=False, description="A key of `daguerre keys create`.")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key.")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="Set by signing in.")


async def identify(
    request: Request,
    service: ServiceOf,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    header: Annotated[str | None, Depends(_header)],
    cookie: Annotated[str | None, Depends(_cookie)],
) -> str | None:
    """The id of the key that asks, ``None`` on a server without keys.

    Raises a 401, or a 429 where an address has tried too many wrong keys.
    """
    if service.open:
        return None
    token = bearer.credentials if bearer is not None else header or cookie
    if token is None:
        if not await service.keys.needed():
            return None
        raise problems.unauthenticated()
    owner = await threaded(service.keys.owner, token)
    if owner is not None or not await service.keys.needed():
        return owner
    # A right key is never held up by others' wrong ones.
    if wait := service.attempts.take(address(request)):
        raise problems.rate_limited(wait)
    raise problems.unauthenticated()


Owner = Annotated[str | None, Depends(identify)]


def address(request: Request) -> str:
    """The client's address."""
    return request.client.host if request.client else "unknown"
