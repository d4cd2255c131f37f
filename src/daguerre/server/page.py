"""The page for people, at ``/``: files of ``daguerre/web``, read once, under addresses that tell their content."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response

from daguerre.failures import FAILURES
from daguerre.server.problems import Problem

_FOLDER = Path(__file__).parents[1] / "web"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
_PACKED = frozenset({".css", ".html", ".js", ".svg"})


_ADVICE = "js/failures.js"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the page, as it is and, where that is shorter, packed."""

    data: bytes
    packed: bytes | None
    media_type: str
    etag: str


def install(app: FastAPI, root_path: str) -> None:
    """Give ``app`` its page. Everything beside the entrance may be kept by browsers for good."""

    @app.get("/", include_in_schema=False)
    async def home(request: Request) -> Response:
        _, files = parts(root_path)
        return _answer(request, files["index.html"], "no-cache")

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon(request: Request) -> Response:
        _, files = parts(root_path)
        return _answer(request, files["icon.svg"], "no-cache")

    @app.get("/web/{digest}/{name:path}", include_in_schema=False)
    async def part(request: Request, digest: str, name: str) -> Response:
        current, files = parts(root_path)
        if digest != current or name not in files:
            raise Problem("NO_SUCH_FILE")
        return _answer(request, files[name], "public, max-age=31536000, immutable")


@cache
def parts(root_path: str = "") -> tuple[str, dict[str, Part]]:
    """A digest of the whole page, and its files by name; ``BASE`` and ``ROOT`` in the entrance become addresses."""
    found = {
        path.relative_to(_FOLDER).as_posix(): path.read_bytes()
        for path in sorted(_FOLDER.rglob("*"))
        if path.suffix in _TYPES
    }
    found[_ADVICE] = _advice()
    digest = hashlib.sha256(b"".join(name.encode() + data for name, data in found.items())).hexdigest()[:12]
    entrance = found["index.html"].replace(b"BASE/", f"{root_path}/web/{digest}/".encode())
    found["index.html"] = entrance.replace(b"ROOT/", f"{root_path}/".encode())
    return digest, {name: _part(name, data) for name, data in found.items()}


def _advice() -> bytes:
    """A module of the page that is made from the table of failures: what a person can do, by code."""
    advice = {row.code: row.advice for row in FAILURES.values() if row.advice}
    return f"export const ADVICE = {json.dumps(advice, ensure_ascii=False, indent=2)};\n".encode()


def _part(name: str, data: bytes) -> Part:
    suffix = f".{name.rpartition('.')[2]}"
    packed = gzip.compress(data, mtime=0) if suffix in _PACKED else None
    return Part(data, packed, _TYPES[suffix], f'"{hashlib.sha256(data).hexdigest()[:16]}"')


def _answer(request: Request, part: Part, cache_control: str) -> Response:
    headers = {"Cache-Control": cache_control, "ETag": part.etag, "Vary": "Accept-Encoding"}
    if part.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if part.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(part.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=part.media_type)
    return Response(part.data, headers=headers, media_type=part.media_type)
