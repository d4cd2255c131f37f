"""Where servers listen."""

from __future__ import annotations

import ipaddress
import os
import socket

from daguerre.errors import DaguerreError

BACKLOG = 2048
"""How many connections may wait to be accepted."""


class CannotServe(DaguerreError):
    """The address cannot be used, or is not safe to use."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on ``host`` and ``port``, 0 for any free one. Raises CannotServe."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=False)
    except OSError as error:
        # The message of the error itself repeats the address.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise CannotServe(f"The server cannot listen on {host}, port {port}: {reason}.") from error


def is_local(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def shown(address: str) -> str:
    """``address`` as a URL has it."""
    return f"[{address}]" if ":" in address else address
