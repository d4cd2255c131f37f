"""A server of files on a real socket, with the faults of the world."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Fault = Callable[["Handler", bytes], bool]


class Handler(BaseHTTPRequestHandler):
    """Serves ``server.files``; ``server.faults`` may answer instead, in turn."""

    protocol_version = "HTTP/1.1"
    server: FileServer

    def do_GET(self) -> None:
        files = self.server
        with files.lock:
            files.requests.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
            fault = files.faults.pop(0) if files.faults else None
        data = files.files.get(self.path)
        if data is None:
            self.answer(404, b"")
        elif fault is None or not fault(self, data):
            self.serve(data)

    def serve(self, data: bytes) -> None:
        """As a good server does."""
        start = self.start_of(len(data))
        if start is None:
            self.answer(200, data)
        elif start >= len(data):
            self.answer(416, b"", ("Content-Range", f"bytes */{len(data)}"))
        else:
            self.answer(206, data[start:], ("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}"))

    def start_of(self, size: int) -> int | None:
        """Where the range begins that is asked for."""
        asked, condition = self.headers.get("Range"), self.headers.get("If-Range")
        if asked is None or (condition is not None and condition != self.server.etag):
            return None
        return int(asked.removeprefix("bytes=").partition("-")[0])

    def answer(self, status: int, body: bytes, *headers: tuple[str, str], length: int | None = None) -> None:
        """Head and body; ``length`` is what the head claims."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("ETag", self.server.etag)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)
            self.wfile.flush()

    def cut(self) -> None:
        """Drop the connection."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(2)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class FileServer(ThreadingHTTPServer):
    """``files`` by path, ``faults`` for the next requests, ``requests`` that came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.faults: list[Fault | None] = []
        self.requests: list[tuple[str, str | None, str | None]] = []
        self.etag = '"one"'
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextlib.contextmanager
def serve_files() -> Iterator[FileServer]:
    """A server until the end of the block."""
    files = FileServer()
    thread = threading.Thread(target=files.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield files
    finally:
        files.shutdown()
        files.server_close()
        thread.join()


def drops(after: int) -> Fault:
    """The connection breaks after so many bytes of what was asked for."""

    def fault(handler: Handler, data: bytes) -> bool:
        start = handler.start_of(len(data))
        rest = data[start or 0 :]
        if start is None:
            handler.answer(200, rest[:after], length=len(rest))
        else:
            handler.answer(
                206, rest[:after], ("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}"), length=len(rest)
            )
        handler.cut()
        return True

    return fault


def stalls(after: int, seconds: float) -> Fault:
    """Nothing more comes after so many bytes."""

    def fault(handler: Handler, data: bytes) -> bool:
        handler.answer(200, data[:after], length=len(data))
        time.sleep(seconds)
        handler.cut()
        return True

    return fault


def waits(after: int, drop: threading.Event) -> Fault:
    """Nothing more comes after so many bytes, until a test drops the connection."""

    def fault(handler: Handler, data: bytes) -> bool:
        handler.answer(200, data[:after], length=len(data))
        drop.wait(240)
        handler.cut()
        return True

    return fault


def says(status: int, *headers: tuple[str, str]) -> Fault:
    """Only a status."""

    def fault(handler: Handler, data: bytes) -> bool:
        handler.answer(status, b"sorry", *headers)
        return True

    return fault


def ignores_range(handler: Handler, data: bytes) -> bool:
    """All of it, whatever was asked for."""
    handler.answer(200, data)
    return True


def lies_about_place(handler: Handler, data: bytes) -> bool:
    """A part, but not the one that was asked for."""
    handler.answer(206, data[:100], ("Content-Range", f"bytes 0-99/{len(data)}"))
    return True


def wrong(handler: Handler, data: bytes) -> bool:
    """As many bytes, but others."""
    handler.serve(bytes(byte ^ 1 for byte in data))
    return True


def too_much(handler: Handler, data: bytes) -> bool:
    """More than there should be."""
    handler.answer(200, data + b"more" * 1000)
    return True


def too_little(handler: Handler, data: bytes) -> bool:
    """Less, and claims that this is all."""
    handler.answer(200, data[: len(data) // 2])
    return True
