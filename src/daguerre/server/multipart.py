"""Multipart bodies, stored as they arrive; limits hold while reading, not afterwards.

Starlette's own form parser keeps limits of counts alone: it spools a file of any size before the route is called. The
parser underneath, python-multipart's, is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from daguerre.jobs.storage import Storage, Upload
from daguerre.server import problems
from daguerre.server.problems import Problem

HEAD_BYTES = 1 << 20
"""After so much of a file, what its header says may be looked at."""

_FIELD_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 20
_SILENCE_S = 60.0
_MAX_PARTS = 2000

OnHead = Callable[["ReceivedFile"], Awaitable[object]]


@dataclass(slots=True)
class ReceivedFile:
    """A file part. ``upload`` is where it is stored, once something has come."""

    field: str
    filename: str
    size_bytes: int = 0
    upload: Upload | None = None


@dataclass(slots=True)
class Form:
    """What came: files in their order, and the last text of each other field."""

    files: list[ReceivedFile] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def named(self, *fields: str) -> list[ReceivedFile]:
        """The files of these fields."""
        return [file for file in self.files if file.field in fields]


@asynccontextmanager
async def received(
    request: Request,
    storage: Storage,
    *,
    file_fields: tuple[str, ...],
    max_file_bytes: int,
    max_files: int,
    on_head: OnHead | None = None,
) -> AsyncIterator[Form]:
    """The form of ``request``; parts of ``file_fields``, and those with a file's name, are files.

    A body that does not fit on the disk is refused by its Content-Length. A file of more than ``max_file_bytes``, or
    one file more than ``max_files``, ends the reading with a 413. ``on_head`` sees each file once its first mebibyte
    is stored, and may raise. Files that nobody has kept are deleted at the end.
    """
    free, length = storage.free_bytes(), request.headers.get("content-length", "")
    if free is not None and length.isdigit() and min(int(length), max_file_bytes * max_files) > free:
        raise Problem("STORAGE_FULL", headers={"Connection": "close"})
    reader = _Reader(storage, file_fields, max_file_bytes, max_files)
    try:
        await _read(request, reader, on_head)
        yield reader.form
    finally:
        await run_in_threadpool(reader.close)


async def _read(request: Request, reader: _Reader, on_head: OnHead | None) -> None:
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Problem("BROKEN_FORM", "The body must be multipart/form-data with a boundary.")
    body = request.stream()
    try:
        parser = reader.parser(boundary)
        while True:
            chunk = await asyncio.wait_for(anext(body, None), _SILENCE_S)
            if chunk is None:
                break
            parser.write(chunk)
            if reader.full:
                await run_in_threadpool(reader.flush)
                if on_head is not None and (file := reader.head()) is not None:
                    await on_head(file)
        parser.finalize()
    except FormParserError as error:
        raise Problem("BROKEN_FORM", str(error)) from error
    except TimeoutError as error:
        raise Problem("BROKEN_FORM", f"Nothing came for {_SILENCE_S:.0f} seconds.") from error
    except ClientDisconnect as error:
        raise Problem("BROKEN_FORM", "The connection was closed before the end.") from error
    if not reader.ended:
        raise Problem("BROKEN_FORM", "The body ends before its last boundary.")
    await run_in_threadpool(reader.flush)


class _Reader:
    """The parser's callbacks collect; :meth:`flush`, in a thread, writes."""

    def __init__(self, storage: Storage, file_fields: tuple[str, ...], max_file_bytes: int, max_files: int) -> None:
        self.form = Form()
        self.ended = False
        self._storage = storage
        self._file_fields = file_fields
        self._max_file_bytes = max_file_bytes
        self._max_files = max_files
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._file: ReceivedFile | None = None
        self._text: tuple[str, bytearray] | None = None
        self._text_bytes = 0
        self._parts = 0
        self._waiting: list[tuple[ReceivedFile, bytes]] = []
        self._waiting_bytes = 0
        self._looked_at: set[int] = set()

    def parser(self, boundary: bytes) -> MultipartParser:
        """A parser that feeds this reader. Raises FormParserError."""
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin, "on_header_field": self._header_field,
                "on_header_value": self._header_value, "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished, "on_part_data": self._part_data,
                "on_part_end": self._part_end, "on_end": self._end,
            },
        )  # fmt: skip

    @property
    def full(self) -> bool:
        """Whether enough has come to be worth a write."""
        return self._waiting_bytes >= _BUFFER_BYTES

    def head(self) -> ReceivedFile | None:
        """The file whose beginning has just come, once for each."""
        file = self._file
        if file is None or id(file) in self._looked_at or file.size_bytes < HEAD_BYTES:
            return None
        self._looked_at.add(id(file))
        return file

    def flush(self) -> None:
        """Store what waits. Raises StorageFull."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        for file, data in waiting:
            if file.upload is None:
                file.upload = self._storage.upload()
            file.upload.write(data)

    def close(self) -> None:
        """Delete what was not kept."""
        for file in self.form.files:
            if file.upload is not None:
                file.upload.discard()

    def _part_begin(self) -> None:
        self._headers = {}
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise FormParserError("There are too many parts.")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise FormParserError("A part has no name.")
        name = options[b"name"].decode("utf-8", "replace")
        if name in self._file_fields or b"filename" in options:
            if len(self.form.files) >= self._max_files:
                raise Problem("TOO_MANY_FILES", limit=self._max_files)
            filename = options.get(b"filename", b"").decode("utf-8", "replace")
            self._file = ReceivedFile(name, filename)
            self.form.files.append(self._file)
        else:
            self._text = (name, bytearray())

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.size_bytes += end - start
            if self._file.size_bytes > self._max_file_bytes:
                raise problems.too_large(self._max_file_bytes)
            self._waiting.append((self._file, data[start:end]))
            self._waiting_bytes += end - start
        elif self._text is not None:
            self._text_bytes += end - start
            if self._text_bytes > _FIELD_BYTES:
                raise FormParserError("The fields beside the files are too long.")
            self._text[1].extend(data[start:end])

    def _part_end(self) -> None:
        if self._text is not None:
            self.form.texts[self._text[0]] = self._text[1].decode("utf-8", "replace")
        self._file = self._text = None

    def _end(self) -> None:
        self.ended = True
