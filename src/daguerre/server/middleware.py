"""What every request passes: an id, a line in the log, headers that protect the browser, and a last net for faults."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daguerre import tracing
from daguerre.server.problems import Problem
from daguerre.server.service import Service

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_UNTRACED = ("/health", "/metrics")
"""What is asked every few seconds by machines."""

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""What this machine calls itself."""

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
            if scope["path"].endswith(_UNTRACED):
                await self._pass(scope, receive, send, request_id, tracing.Described())
                return
            with tracing.span(scope["method"], parent=Headers(scope=scope).get("traceparent")) as traced:
                await self._pass(scope, receive, send, request_id, traced)

    async def _pass(
        self, scope: Scope, receive: Receive, send: Send, request_id: str, traced: tracing.Described
    ) -> None:
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
            traced.name(
                f"{scope['method']} {route}", **{"http.route": route, "http.response.status_code": status or 499}
            )
            self._service.metrics.answered(scope["method"], route, status or 499, seconds)
            _log.info(
                "request", method=scope["method"], path=scope["path"], status=status or 499,
                seconds=round(seconds, 4), client=scope["client"][0] if scope.get("client") else None,
            )  # fmt: skip


class RootPath:
    """Lets the service live below ``root_path``, whether the proxy in front takes that off the path or not."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if path == self._root_path:
                path = "/"
            if not path.startswith(f"{self._root_path}/"):
                path = self._root_path + path
            await _with_changes(self._app, scope, receive, send, root_path=self._root_path, path=path)
        else:
            await self._app(scope, receive, send)


class BodyGuard:
    """Bodies are small, and come soon, except on paths that end with ``forms``: those have limits of their own."""

    def __init__(
        self, app: ASGIApp, *, forms: tuple[str, ...], most_bytes: int = 64 << 10, within_s: float = 30.0
    ) -> None:
        self._app = app
        self._forms = forms
        self._most_bytes = most_bytes
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE_METHODS or scope["path"].endswith(self._forms):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._within_s):
                body = await self._read(Headers(scope=scope), receive)
        except TimeoutError:
            await self._refuse("TOO_LATE", scope, receive, send)
            return
        if body is None:
            await self._refuse("TOO_LARGE", scope, receive, send)
            return
        told = False

        async def replay() -> Message:
            nonlocal told
            if told:
                return await receive()
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _read(self, headers: Headers, receive: Receive) -> bytes | None:
        """The body; ``None`` where it is too long."""
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._most_bytes:
            return None
        body = b""
        while len(body) <= self._most_bytes:
            message = await receive()
            body += message.get("body", b"")
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return body if len(body) <= self._most_bytes else None
        return None

    async def _refuse(self, code: str, scope: Scope, receive: Receive, send: Send) -> None:
        # What is still to come is not read.
        await Problem(code, headers={"Connection": "close"}).response()(scope, receive, send)


class HeadAsGet:
    """Answers HEAD wherever GET is, with the head alone; a stream ends with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or "/download/" in scope["path"]:
            await self._app(scope, receive, send)
            return
        answered = asyncio.Event()

        async def heading(message: Message) -> None:
            if answered.is_set():
                return
            if message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body":
                answered.set()
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def receiving() -> Message:
            if not answered.is_set():
                waiting = asyncio.create_task(answered.wait())
                getting = asyncio.ensure_future(receive())
                try:
                    await asyncio.wait((waiting, getting), return_when=asyncio.FIRST_COMPLETED)
                    if getting.done():
                        return getting.result()
                finally:
                    waiting.cancel()
                    getting.cancel()
            return {"type": "http.disconnect"}

        await _with_changes(self._app, scope, receiving, heading, method="GET")


class OriginCheck:
    """Keeps other web pages from using the server through the browser of somebody who may.

    What changes something must not come from another page (CSRF). A server that asks for no key answers only to
    ``names``, where they are given, or a page could reach it under a name of its own that points here (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, *, names: frozenset[str] | None, origins: tuple[str, ...]) -> None:
        self._app = app
        self._names = names
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._admits(scope["method"], Headers(scope=scope)):
            problem = Problem("FOREIGN_ORIGIN")
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admits(self, method: str, headers: Headers) -> bool:
        host = headers.get("host", "")
        if self._names is not None and _name(host) not in self._names:
            return False
        origin = headers.get("origin")
        if method in _SAFE_METHODS or origin in self._origins:
            return True
        if origin is not None and origin != "null":
            return urlsplit(origin).netloc.lower() == host.lower()
        return origin is None and headers.get("sec-fetch-site", "none") in ("none", "same-origin")


async def _with_changes(app: ASGIApp, scope: Scope, receive: Receive, send: Send, **changes: str) -> None:
    """Call ``app`` with a scope that differs. The route that it finds counts for the scope that came as well."""
    changed = {**scope, **changes}
    try:
        await app(changed, receive, send)
    finally:
        if "route" in changed:
            scope["route"] = changed["route"]


def _name(host: str) -> str:
    return host.lower().rsplit(":", 1)[0] if not host.endswith("]") else host.lower()
