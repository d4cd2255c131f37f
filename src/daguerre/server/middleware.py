"""What every request passes: an id, a line in the log, headers that protect the browser, and a last net for faults."""

from __future__ import annotations

import re
import time
import uuid
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daguerre.server.problems import Problem
from daguerre.server.service import Service

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

PROTECTION = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_log = structlog.get_logger()


class RequestLog:
    """Outermost of the middlewares. Never lets an exception, a trace or a path through to the client."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        with structlog.contextvars.bound_contextvars(request=request_id):
            await self._pass(scope, receive, send, request_id)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = time.perf_counter()
        status = 0
        seconds = 0.0

        async def sending(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - started
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers.setdefault("Cache-Control", "no-store")
                for name, value in PROTECTION.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            _log.exception("request failed by a fault")
            if not status:
                problem = Problem("SERVER_ERROR", requestId=request_id)
                await problem.response()(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            self._service.metrics.answered(scope["method"], route, status or 499, seconds)
            _log.info(
                "request", method=scope["method"], path=scope["path"], status=status or 499,
                seconds=round(seconds, 4), client=scope["client"][0] if scope.get("client") else None,
            )  # fmt: skip


class OriginCheck:
    """Keeps other web pages from using the server through the browser of somebody who may.

    What changes something must not come from another page. A server without keys answers only to the
    names of this machine, or a page could reach it under a name of its own that points here.
    """

    def __init__(self, app: ASGIApp, *, local_names_only: bool, origins: tuple[str, ...]) -> None:
        self._app = app
        self._local_names_only = local_names_only
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._admits(scope["method"], Headers(scope=scope)):
            problem = Problem("FOREIGN_ORIGIN")
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admits(self, method: str, headers: Headers) -> bool:
        host = headers.get("host", "")
        if self._local_names_only and _name(host) not in _LOCAL:
            return False
        origin = headers.get("origin")
        if method in _SAFE_METHODS or origin in self._origins:
            return True
        if origin is not None and origin != "null":
            return urlsplit(origin).netloc.lower() == host.lower()
        return origin is None and headers.get("sec-fetch-site", "none") in ("none", "same-origin")


def _name(host: str) -> str:
    return host.lower().rsplit(":", 1)[0] if not host.endswith("]") else host.lower()
