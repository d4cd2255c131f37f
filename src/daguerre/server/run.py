"""The server as a process: its socket, its signals, its workers."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

import structlog
import uvicorn

from daguerre import tracing
from daguerre.config import Config
from daguerre.jobs.limits import raise_open_files
from daguerre.jobs.logs import configure_logs
from daguerre.jobs.supervisor import default_count
from daguerre.listening import Listener
from daguerre.server.app import create_app, create_service
from daguerre.server.http_guard import GuardedProtocol
from daguerre.server.middleware import LOCAL_NAMES
from daguerre.server.service import Service
from daguerre.sockets import BACKLOG, CannotServe, is_local, listen, shown

_log = structlog.get_logger()


def serve(
    config: Config,
    on_stop: Callable[[Callable[[], object]], object],
    *,
    host: str,
    port: int,
    workers: int | None,
    no_auth: bool,
) -> None:
    """Serve until what was given to ``on_stop`` is called; then running jobs finish or go back to the queue.

    Raises CannotServe and DatabaseError.
    """
    configure_logs()
    tracing.configure("server")
    raise_open_files()
    count = default_count(config) if workers is None else workers
    service = create_service(config, workers=count, open=no_auth)
    listening = listen(host, port)
    keyed = service.keys.exist()
    if not (is_local(host) or keyed or no_auth):
        listening.close()
        raise CannotServe(
            f"Without keys the server listens on this machine alone. To listen on {host}, make a key with "
            "`daguerre keys create NAME`, or say --no-auth to let everybody in."
        )
    app = create_app(service, names=_names(config, host, asks_for_keys=keyed and not no_auth))
    server = _Server(
        uvicorn.Config(
            app, http=GuardedProtocol, ws="none", log_config=None, access_log=False, server_header=False,
            lifespan="on", backlog=BACKLOG,
            forwarded_allow_ips=config.trusted_proxies, timeout_graceful_shutdown=int(config.drain_s) + 1,
        ),
        service,
    )  # fmt: skip
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    on_stop(server.request_end)
    address, actual = listening.getsockname()[:2]
    server.greeting = f"Daguerre listens on http://{shown(address)}:{actual} with {count} worker{'s' * (count != 1)}."
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # Asked twice: at once.
        if service.supervisor is not None:
            service.supervisor.kill()
        raise


class _Server(Listener):
    """Ends the streams before it waits for connections to close."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        _log.info("stopping")
        self._service.broadcast.close()
        if self._service.supervisor is not None:
            self._service.supervisor.drain()
        await super().shutdown(sockets)


def _names(config: Config, host: str, *, asks_for_keys: bool) -> frozenset[str] | None:
    """The names that the server answers to; ``None`` for any, where keys or a deliberate choice protect it."""
    if asks_for_keys or not (is_local(host) or config.allowed_hosts):
        return None
    return frozenset(name.lower() for name in config.allowed_hosts) | LOCAL_NAMES
