"""HTTP on a socket, with limits where uvicorn has none.

uvicorn's protocol on httptools takes heads and trailers of any length, joined anew with each packet, and waits for
them for ever. Its protocol on h11 has a limit of size, none of time, and is slower.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 << 10
"""What may come between two parts of a message that mean something: a head, a trailer, a chunk's extension."""

HEAD_S = 30.0
"""How long a head may take."""

_LINGER_S = 1.0

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b'content-length: 40\r\nconnection: close\r\n\r\n{"error":"The request head is too long"}'
)


class GuardedProtocol(HttpToolsProtocol):
    """Refuses heads that are too long with a 431, and closes connections whose heads do not end."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = True
        self._refused = False
        self._unspent = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:  # Read and dropped for a moment: whoever is hung up on at once does not see the answer.
            return
        if self._timer is None and self._in_head:
            self._start_timer()
        while data and not self._refused and not self.transport.is_closing():
            # A head is fed no further than it may go; a body as it comes.
            size = HEAD_BYTES - self._unspent if self._in_head else len(data)
            piece, data = data[:size], data[size:]
            self._unspent += len(piece)
            super().data_received(piece)
            if self._unspent >= HEAD_BYTES:
                self._refuse()

    def on_headers_complete(self) -> None:
        self._unspent = 0
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unspent = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unspent = 0
        self._in_head = True
        super().on_message_complete()

    def _refuse(self) -> None:
        if self.transport.is_closing():
            return
        self._refused = True
        self._stop_timer()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_TOO_LARGE)
            self._timer = self.loop.call_later(_LINGER_S, self.transport.close)
        else:
            self.transport.close()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(HEAD_S, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
