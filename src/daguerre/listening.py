"""The HTTP server of a command: it says where it listens once it does, and leaves signals to the command line."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import uvicorn


class Listener(uvicorn.Server):
    """Prints ``greeting`` once it listens, and stops when :meth:`request_end` is called."""

    greeting = ""

    def request_end(self) -> None:
        """Stop soon; may be called from a signal handler."""
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self.greeting, flush=True)
