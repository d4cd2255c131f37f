"""``daguerre mcp``: the tools for agents."""

from __future__ import annotations

import os
from pathlib import Path

from daguerre.cli.configuration import configuration
from daguerre.cli.signals import Stop
from daguerre.config import Device
from daguerre.errors import WrongUsage
from daguerre.extras import require


def serve(stop: Stop, folders: list[Path], *, read_only: bool, http: str | None, no_auth: bool, device: Device) -> None:
    """Serve until the client leaves, or a signal comes. Raises ExtraNotInstalled, WrongUsage and CannotServe."""
    require("mcp", "daguerre mcp")
    from daguerre.mcp.folders import Folders
    from daguerre.mcp.run import serve_http, serve_stdio
    from daguerre.mcp.tools import Tools

    place = None if http is None else _place(http)
    tools = Tools(Folders(folders), configuration(device=device), read_only=read_only)
    if place is None:
        serve_stdio(tools, stop.listen, lambda: os._exit(stop.exit_code or 0))
    else:
        serve_http(tools, stop.listen, host=place[0], port=place[1], no_auth=no_auth)


def _place(text: str) -> tuple[str, int]:
    """The host and the port of ``HOST:PORT``, ``[HOST]:PORT`` or ``PORT``. Raises WrongUsage."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise WrongUsage(f"--http {text}: this must be HOST:PORT, such as 127.0.0.1:13491.")
    return host.strip("[]") or "127.0.0.1", int(port)
