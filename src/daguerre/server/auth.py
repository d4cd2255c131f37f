"""Who asks, and what they may: a key in a header, a browser's session, or whoever reaches a server without keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from daguerre.jobs.records import Job, JobClass
from daguerre.server import problems
from daguerre.server.keys import Grant
from daguerre.server.problems import Problem
from daguerre.server.service import ServiceOf

COOKIE = "daguerre_session"

_bearer = HTTPBearer(auto_error=False, description="A key of `daguerre keys create`.")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key.")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="Set by signing in.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``grant`` is ``None`` on a server that asks for no key; ``address`` is the client's."""

    grant: Grant | None
    address: str
    open: bool

    @property
    def owner(self) -> str | None:
        """The key that new jobs belong to."""
        return None if self.grant is None else self.grant.key

    @property
    def name(self) -> str:
        """Whose requests are counted together."""
        return self.owner or self.address

    @property
    def job_class(self) -> JobClass:
        """The class of new jobs, unless they are asked to wait for others."""
        return "interactive" if self.grant is None else self.grant.job_class

    @property
    def administers(self) -> bool:
        """Whether models and the whole installation are the caller's business."""
        return self.grant is None or self.grant.role == "admin"

    @property
    def measures(self) -> bool:
        """Whether the caller may read the metrics."""
        return self.administers or (self.grant is not None and self.grant.role == "metrics")

    def sees(self, job: Job) -> bool:
        """Whether the job exists for the caller. To others it does not."""
        return self.open or job.owner == self.owner


async def identify(
    request: Request,
    service: ServiceOf,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    header: Annotated[str | None, Depends(_header)],
    cookie: Annotated[str | None, Depends(_cookie)],
) -> Caller:
    """The caller. Raises a 401, or a 429 where an address has tried too many wrong keys."""
    client = address(request)
    if service.open:
        return Caller(None, client, open=True)
    token = bearer.credentials if bearer is not None else header or cookie
    grant = None if token is None else await run_in_threadpool(service.keys.grant, token)
    if grant is not None or not await service.keys.needed():
        return Caller(grant, client, open=False)
    # A right key is never held up by others' wrong ones.
    if token is not None and (wait := service.attempts.take(client)):
        raise problems.rate_limited(wait)
    raise problems.unauthenticated()


CallerOf = Annotated[Caller, Depends(identify)]


async def user(caller: CallerOf) -> Caller:
    """A caller with a key for photos. Raises a 403 for one that may read metrics alone."""
    if caller.grant is not None and caller.grant.role == "metrics":
        raise Problem("ADMIN_REQUIRED")
    return caller


async def administrator(caller: CallerOf) -> Caller:
    """A caller who administers. Raises a 403."""
    if not caller.administers:
        raise Problem("ADMIN_REQUIRED")
    return caller


async def meter(caller: CallerOf) -> Caller:
    """A caller who may read the metrics. Raises a 403."""
    if not caller.measures:
        raise Problem("ADMIN_REQUIRED")
    return caller


User = Annotated[Caller, Depends(user)]


def address(request: Request) -> str:
    """The client's address."""
    return request.client.host if request.client else "unknown"
