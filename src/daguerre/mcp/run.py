"""The server as a process: over its standard input and output, or over HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import anyio
import uvicorn
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings

from daguerre.listening import Listener
from daguerre.mcp.server import AgentServer
from daguerre.mcp.tools import Tools
from daguerre.sockets import BACKLOG, CannotServe, is_local, listen, shown

OnStop = Callable[[Callable[[], object]], object]
"""Takes what a signal is to call."""

_PATH = "/mcp"
_GOODBYE_S = 2
_LOCAL = ("127.0.0.1", "localhost", "[::1]")


def serve_stdio(tools: Tools, on_stop: OnStop, leave: Callable[[], object]) -> None:
    """Serve the one client at standard input and output, until it closes them.

    After a signal the work stops at its next tile, and then ``leave`` is called, which must end the process: nothing
    can interrupt the thread that reads standard input.
    """

    async def serve() -> None:
        server = AgentServer(tools)
        stopped = anyio.Event()
        loop = asyncio.get_running_loop()
        on_stop(lambda: loop.call_soon_threadsafe(stopped.set))

        async def end() -> None:
            await stopped.wait()
            await server.stop()
            leave()

        async with anyio.create_task_group() as group:
            group.start_soon(end)
            async with stdio_server() as (incoming, outgoing):
                await server.protocol.run(incoming, outgoing, server.protocol.create_initialization_options())
            group.cancel_scope.cancel()

    anyio.run(serve)


def serve_http(tools: Tools, on_stop: OnStop, *, host: str, port: int, no_auth: bool) -> None:
    """Serve streamable HTTP on ``host`` and ``port``, 0 for a free one, until what ``on_stop`` was given is called.

    Raises CannotServe: it has no keys, so it listens on this machine alone unless ``no_auth``.
    """
    if not (is_local(host) or no_auth):
        raise CannotServe(
            f"The tools for agents have no keys, so they are served to this machine alone. To listen on {host}, say "
            "--no-auth to let everybody in who can reach it."
        )
    listening = listen(host, port)
    address, actual = listening.getsockname()[:2]
    names = [*_LOCAL, shown(address)]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=is_local(host),
        allowed_hosts=[*names, *(f"{name}:*" for name in names)],
        allowed_origins=[f"http://{name}:*" for name in names],
    )
    server = AgentServer(tools)
    app = server.protocol.streamable_http_app(streamable_http_path=_PATH, transport_security=security)
    config = uvicorn.Config(
        app, ws="none", log_config=None, access_log=False, server_header=False, lifespan="on", backlog=BACKLOG,
        timeout_graceful_shutdown=_GOODBYE_S,
    )  # fmt: skip
    running = _Server(config, server, f"Daguerre listens on http://{shown(address)}:{actual}{_PATH} for agents.")
    on_stop(running.request_end)
    running.run(sockets=[listening])


class _Server(Listener):
    """Stops the work before it waits for connections to close."""

    def __init__(self, config: uvicorn.Config, server: AgentServer, greeting: str) -> None:
        super().__init__(config)
        self._server = server
        self.greeting = greeting

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._server.stop()
        await super().shutdown(sockets)
