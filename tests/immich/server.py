"""An Immich server in small, that holds to what Immich's OpenAPI document (3.2.2) says of the requests it knows.

What comes is checked against the document's fields, and refused with 400 where it does not fit; so is what goes out.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "sesame"

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_time(value: Any) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def one_of(*values: str) -> Callable[[Any], bool]:
    return lambda value: value in values


def list_of(kind: Callable[[Any], bool], least: int = 0) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and len(value) >= least and all(map(kind, value))


def or_null(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or kind(value)


class Shape:
    """A schema of the document: the fields that must be there, and those that may."""

    def __init__(self, required: dict[str, Callable[[Any], bool]], **optional: Callable[[Any], bool]) -> None:
        self.required = required
        self.optional = optional

    def faults(self, body: Any) -> list[str]:
        if not isinstance(body, dict):
            return ["body must be an object"]
        known = {**self.optional, **self.required}
        found = [f"{name} should not be empty" for name in self.required if name not in body]
        for name, value in body.items():
            if name not in known:
                found.append(f"property {name} should not exist")
            elif not self.fits(known[name], value):
                found.append(f"{name} must be valid")
        return found

    @staticmethod
    def fits(kind: Callable[[Any], bool], value: Any) -> bool:
        try:
            return kind(value)
        except ValueError:
            return False

    def __call__(self, body: Any) -> bool:
        return not self.faults(body)


VISIBILITY = one_of("archive", "timeline", "hidden", "locked")
ITEM = Shape({"key": is_text, "value": lambda value: isinstance(value, dict)})
UPLOAD = Shape(
    {"fileCreatedAt": is_time, "fileModifiedAt": is_time}, filename=is_text, visibility=VISIBILITY,
    metadata=list_of(ITEM),
)  # fmt: skip
SEARCH = Shape(
    {}, albumIds=list_of(is_id), originalFileName=is_text, page=lambda value: is_number(value) and value >= 1,
    size=lambda value: is_number(value) and 1 <= value <= 1000, withDeleted=is_flag, withExif=is_flag,
    withStacked=is_flag,
)  # fmt: skip
UPDATE = Shape({}, description=is_text, dateTimeOriginal=is_text)
IDS = Shape({"ids": list_of(is_id)})
UPSERT = Shape({"items": list_of(ITEM)})
STACKING = Shape({"assetIds": list_of(is_id, least=2)})

STACKED = Shape({"id": is_id, "primaryAssetId": is_id, "assetCount": is_number})
EXIF = Shape(
    {}, description=or_null(is_text), dateTimeOriginal=or_null(is_time), timeZone=or_null(is_text),
    fileSizeInByte=or_null(is_number),
)  # fmt: skip
ASSET = Shape(
    {
        "checksum": is_text, "createdAt": is_time, "duration": or_null(is_number), "fileCreatedAt": is_time,
        "fileModifiedAt": is_time, "hasMetadata": is_flag, "height": or_null(is_number), "id": is_id,
        "isArchived": is_flag, "isEdited": is_flag, "isFavorite": is_flag, "isOffline": is_flag, "isTrashed": is_flag,
        "localDateTime": is_time, "originalFileName": is_text, "originalPath": is_text, "ownerId": is_id,
        "thumbhash": or_null(is_text), "type": one_of("IMAGE", "VIDEO", "AUDIO", "OTHER"), "updatedAt": is_time,
        "visibility": VISIBILITY, "width": or_null(is_number),
    },
    exifInfo=EXIF, livePhotoVideoId=or_null(is_id), stack=or_null(STACKED),
)  # fmt: skip
ALBUM = Shape({
    "albumName": is_text, "albumThumbnailAssetId": or_null(is_id), "albumUsers": list_of(lambda _: True),
    "assetCount": is_number, "createdAt": is_time, "description": is_text, "hasSharedLink": is_flag, "id": is_id,
    "isActivityEnabled": is_flag, "shared": is_flag, "updatedAt": is_time,
})  # fmt: skip
NOTE = Shape({"key": is_text, "updatedAt": is_time, "value": lambda value: isinstance(value, dict)})
PAGE = Shape({
    "count": is_number, "facets": list_of(lambda _: False), "items": list_of(ASSET), "nextCursor": or_null(is_text),
    "nextPage": or_null(is_text), "total": is_number,
})  # fmt: skip

NOW = "2026-01-02T03:04:05.000Z"


class FakeImmich:
    """The server's store, and what it was asked. ``answers`` are given instead, once each: by method and path."""

    def __init__(self, page: int = 2) -> None:
        self.page = page
        self.version = {"major": 3, "minor": 2, "patch": 2, "prerelease": None}
        self.albums: dict[str, dict[str, Any]] = {}
        self.members: dict[str, list[str]] = {}
        self.assets: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.notes: dict[str, dict[str, dict[str, Any]]] = {}
        self.stacks: dict[str, list[str]] = {}
        self.requests: list[str] = []
        self.refused: list[list[str]] = []
        self.answers: list[tuple[str, Response]] = []
        self.hooks: dict[str, Callable[[], object]] = {}

    def make_album(self, name: str) -> str:
        id = str(uuid.uuid4())
        self.albums[id] = {
            "albumName": name, "albumThumbnailAssetId": None, "albumUsers": [], "createdAt": NOW, "description": "",
            "hasSharedLink": False, "id": id, "isActivityEnabled": False, "shared": False, "updatedAt": NOW,
        }  # fmt: skip
        self.members[id] = []
        return id

    def put(self, name: str, data: bytes, album: str | None = None, **fields: Any) -> str:
        """An asset; ``fields`` are of its answer, ``description`` and ``taken`` of its EXIF."""
        id = str(uuid.uuid4())
        exif = {"description": fields.pop("description", ""), "dateTimeOriginal": fields.pop("taken", None),
                "fileSizeInByte": len(data)}  # fmt: skip
        self.files[id] = data
        self.notes[id] = {}
        self.assets[id] = {
            "checksum": base64.b64encode(hashlib.sha1(data).digest()).decode(), "createdAt": NOW, "duration": None,
            "fileCreatedAt": NOW, "fileModifiedAt": NOW, "hasMetadata": True, "height": None, "id": id,
            "isArchived": False, "isEdited": False, "isFavorite": False, "isOffline": False, "isTrashed": False,
            "localDateTime": NOW, "originalFileName": name, "originalPath": f"/upload/{id}", "ownerId": OWNER,
            "thumbhash": None, "type": "IMAGE", "updatedAt": NOW, "visibility": "timeline", "width": None,
            "livePhotoVideoId": None, "exifInfo": exif, **fields,
        }  # fmt: skip
        if album is not None:
            self.members[album].append(id)
        return id

    def names(self, album: str) -> list[str]:
        return sorted(self.assets[id]["originalFileName"] for id in self.members[album])

    def named(self, name: str) -> dict[str, Any]:
        (found,) = [asset for asset in self.assets.values() if asset["originalFileName"] == name]
        return self.shown(found["id"])

    def asked(self, beginning: str) -> list[str]:
        return [request for request in self.requests if request.startswith(beginning)]

    def shown(self, id: str) -> dict[str, Any]:
        stack = next((key for key, ids in self.stacks.items() if id in ids), None)
        ids = self.stacks.get(stack or "", [])
        return {
            **self.assets[id],
            "stack": None if stack is None else {"id": stack, "primaryAssetId": ids[0], "assetCount": len(ids)},
        }

    async def handle(self, request: Request) -> Response:
        line = f"{request.method} {request.url.path}"
        self.requests.append(line)
        if line in self.hooks:
            self.hooks[line]()
        for number, (wanted, answer) in enumerate(self.answers):
            if line.startswith(wanted):
                await request.body()
                del self.answers[number]
                return answer
        if request.headers.get("x-api-key") != KEY and line != "GET /api/server/version":
            return _refusal(401, "Invalid API key")
        try:
            return await self._answer(line, request)
        except Refused as refusal:
            self.refused.append(refusal.faults)
            return _refusal(400, refusal.faults)
        except KeyError:
            return _refusal(404, "Not found")

    async def _answer(self, line: str, request: Request) -> Response:
        path = request.url.path.removeprefix("/api/").split("/")
        match request.method, path:
            case "GET", ["server", "version"]:
                return JSONResponse(self.version)
            case "GET", ["albums"]:
                albums = [{**album, "assetCount": len(self.members[id])} for id, album in self.albums.items()]
                return _answer(list_of(ALBUM), albums)
            case "POST", ["search", "metadata"]:
                return self._search(await _body(SEARCH, request))
            case "POST", ["assets"]:
                return await self._upload(request)
            case "GET", ["assets", id]:
                return _answer(ASSET, self.shown(id))
            case "PUT", ["assets", id]:
                self.assets[id]["exifInfo"].update(await _body(UPDATE, request))
                return _answer(ASSET, self.shown(id))
            case "GET", ["assets", id, "original"]:
                return Response(self.files[id], media_type="application/octet-stream")
            case "GET", ["assets", id, "metadata"]:
                return self._notes(id)
            case "PUT", ["assets", id, "metadata"]:
                for item in (await _body(UPSERT, request))["items"]:
                    self.notes[id][item["key"]] = item["value"]
                return self._notes(id)
            case "PUT", ["albums", id, "assets"]:
                added = []
                for asset in (await _body(IDS, request))["ids"]:
                    fresh = asset not in self.members[id]
                    self.members[id] += [asset] * fresh
                    added.append({"id": asset, "success": fresh, **({} if fresh else {"error": "duplicate"})})
                return JSONResponse(added)
            case "POST", ["stacks"]:
                ids = (await _body(STACKING, request))["assetIds"]
                self.stacks = {key: kept for key, kept in self.stacks.items() if not set(kept) & set(ids)}
                stack = str(uuid.uuid4())
                self.stacks[stack] = ids
                answer = {"id": stack, "primaryAssetId": ids[0], "assets": [self.shown(id) for id in ids]}
                return JSONResponse(answer, 201)
        return _refusal(404, f"Cannot {line}")

    def _search(self, wanted: dict[str, Any]) -> Response:
        albums, text = wanted.get("albumIds"), wanted.get("originalFileName", "").lower()
        ids = list(self.assets) if albums is None else [id for album in albums for id in self.members[album]]
        shown = [self.shown(id) for id in ids if text in self.assets[id]["originalFileName"].lower()]
        if not wanted.get("withDeleted"):
            shown = [asset for asset in shown if not asset["isTrashed"]]
        number, size = wanted.get("page", 1), min(wanted.get("size", 250), self.page)
        items = shown[(number - 1) * size : number * size]
        more = str(number + 1) if number * size < len(shown) else None
        page = {"count": len(items), "facets": [], "items": items, "nextCursor": None, "nextPage": more,
                "total": len(items)}  # fmt: skip
        assert PAGE(page), PAGE.faults(page)
        return JSONResponse({"albums": {"count": 0, "facets": [], "items": [], "total": 0}, "assets": page})

    async def _upload(self, request: Request) -> Response:
        async with request.form() as form:
            fields: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
            if "metadata" in fields:
                fields["metadata"] = json.loads(fields["metadata"])
            faults = UPLOAD.faults(fields) + ["assetData is missing"] * ("assetData" not in form)
            if faults:
                raise Refused(faults)
            data = await form["assetData"].read()
        digest = hashlib.sha1(data)
        assert request.headers["x-immich-checksum"] == digest.hexdigest()
        checksum = base64.b64encode(digest.digest()).decode()
        for asset in self.assets.values():
            if asset["checksum"] == checksum:
                return JSONResponse({"id": asset["id"], "status": "duplicate"})
        times = {name: fields[name] for name in ("fileCreatedAt", "fileModifiedAt")}
        id = self.put(fields["filename"], data, visibility=fields.get("visibility", "timeline"), **times)
        self.notes[id] = {item["key"]: item["value"] for item in fields.get("metadata", [])}
        return JSONResponse({"id": id, "status": "created"}, 201)

    def _notes(self, id: str) -> Response:
        notes = [{"key": key, "value": value, "updatedAt": NOW} for key, value in self.notes[id].items()]
        return _answer(list_of(NOTE), notes)


OWNER = str(uuid.uuid4())


class Refused(Exception):
    def __init__(self, faults: list[str]) -> None:
        super().__init__(faults)
        self.faults = faults


async def _body(shape: Shape, request: Request) -> dict[str, Any]:
    body = await request.json()
    if faults := shape.faults(body):
        raise Refused(faults)
    return body


def _answer(kind: Callable[[Any], bool], body: Any) -> Response:
    """The body, which must be as the document says."""
    assert kind(body), body
    return JSONResponse(body)


def _refusal(status: int, message: str | list[str]) -> Response:
    return JSONResponse({"message": message, "error": "", "statusCode": status}, status)


@contextmanager
def serving(immich: FakeImmich) -> Iterator[str]:
    """The URL under which ``immich`` answers, on a free port."""
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    app = Starlette(routes=[Route("/{path:path}", immich.handle, methods=methods)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    listening = threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        ports.append(server.servers[0].sockets[0].getsockname()[1])
        listening.set()
        await task

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert listening.wait(240)
    yield f"http://127.0.0.1:{ports[0]}"
    server.should_exit = True
    thread.join()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
