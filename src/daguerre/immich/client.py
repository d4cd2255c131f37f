"""Immich's HTTP interface, as far as it is needed here. Nothing here changes or deletes a photo."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from daguerre.cancellation import CancelToken
from daguerre.client.retrying import Passing, Retrying, asked_pause_s
from daguerre.errors import ServiceError, ServiceRefused, WrongUsage
from daguerre.immich.records import Added, Album, Asset, Found, Metadata, Stack, Uploaded, Version
from daguerre.jobs import filenames

T = TypeVar("T")

_CONNECT_S = 10.0
_SILENCE_S = 60.0
_PAGE = 250
_CHUNK = 1 << 16
_OLDEST = 3
"""Since version 3 a program may note things about assets under a key of its own; before, uploads need other fields."""


class Immich:
    """The Immich server at ``url``, asked with an API ``key``. Blocking.

    What may pass (a lost connection, 408, 429 and 5xx) is tried again, after the pause that the server asks for, until
    nothing has gone well for ``patience_s``. Every method raises ServiceRefused, ServiceUnreachable, ServiceError for
    answers that are not Immich's, and Canceled once ``cancel`` says so.
    """

    def __init__(self, url: str, key: str, *, patience_s: float = 60.0, cancel: CancelToken | None = None) -> None:
        """Raises WrongUsage for a URL that is none of HTTP."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise WrongUsage("The server's URL must begin with http:// or https://, as in https://photos.example.")
        self.url = url.rstrip("/").removesuffix("/api")
        self._patience_s = patience_s
        self._cancel = cancel or CancelToken()
        # Redirects are not followed: the key would go along to wherever they lead.
        self._http = httpx.Client(
            base_url=f"{self.url}/api/", headers={"User-Agent": "daguerre", "x-api-key": key},
            timeout=httpx.Timeout(_SILENCE_S, connect=_CONNECT_S),
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def check_version(self) -> Version:
        """The server's version. Raises ServiceError for one that is too old."""
        version = self._ask(Version, "GET", "server/version")
        if version.major < _OLDEST:
            raise ServiceError(
                f"{self.url} runs Immich {version.major}.{version.minor}.{version.patch}. "
                f"This needs Immich {_OLDEST} or later."
            )
        return version

    def album(self, name: str) -> Album:
        """The album of that name, or of that id. Raises WrongUsage where there is none, or several."""
        albums = self._ask(list[Album], "GET", "albums")
        found = [album for album in albums if name in (album.id, album.album_name)]
        if not found:
            raise WrongUsage(f"There is no album “{name}” on {self.url} that this key may read.")
        if len(found) > 1:
            ids = ", ".join(album.id for album in found)
            raise WrongUsage(f"Several albums are called “{name}”. Give one of their ids instead: {ids}.")
        return found[0]

    def assets(self, **wanted: Any) -> Iterator[Asset]:
        """The assets that fit the fields ``wanted`` of ``MetadataSearchDto``, in stacks and in the trash too."""
        page: int | None = 1
        while page is not None:
            body = {
                **wanted, "page": page, "size": _PAGE, "withDeleted": True, "withExif": True, "withStacked": True,
            }  # fmt: skip
            found = self._ask(Found, "POST", "search/metadata", json=body).assets
            yield from found.items
            following = int(found.next_page) if found.next_page else None
            page = following if following is None or following > page else None

    def asset(self, id: str) -> Asset:
        """The asset of that id."""
        return self._ask(Asset, "GET", f"assets/{id}")

    def download(self, asset: Asset, path: Path) -> None:
        """Store the asset's file, as it was uploaded, at ``path``. Raises ServiceError where its checksum differs."""

        def fetch() -> bytes:
            digest = hashlib.sha1(usedforsecurity=False)
            with self._http.stream("GET", f"assets/{asset.id}/original") as answer, path.open("wb") as file:
                if not answer.is_success:
                    answer.read()
                    self._accepted(answer)
                for chunk in answer.iter_bytes(_CHUNK):
                    self._cancel.check()
                    digest.update(chunk)
                    file.write(chunk)
            return digest.digest()

        if self._insist(fetch) != base64.b64decode(asset.checksum):
            raise ServiceError("What the server sent is not the file that was uploaded to it: the checksums differ.")

    def upload(
        self, path: Path, *, name: str, created: datetime, modified: datetime, visibility: str,
        metadata: dict[str, dict[str, Any]],
    ) -> Uploaded:  # fmt: skip
        """Send the file at ``path``; nothing is stored twice, as the server compares its checksum with what it has."""
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
        fields = {
            "filename": name, "fileCreatedAt": created.isoformat(), "fileModifiedAt": modified.isoformat(),
            "visibility": visibility,
            "metadata": json.dumps([{"key": key, "value": value} for key, value in metadata.items()]),
        }  # fmt: skip

        def send() -> Uploaded:
            with _Stoppable(path, self._cancel) as file:
                answer = self._http.post(
                    "assets", data=fields, files={"assetData": (name, file, filenames.media_type(name))},
                    headers={"x-immich-checksum": checksum},
                )  # fmt: skip
            return _read(Uploaded, self._accepted(answer))

        return self._insist(send)

    def metadata(self, id: str) -> dict[str, dict[str, Any]]:
        """What programs have noted about an asset, by their keys."""
        return {item.key: item.value for item in self._ask(list[Metadata], "GET", f"assets/{id}/metadata")}

    def note(self, id: str, key: str, value: dict[str, Any]) -> None:
        """Note ``value`` about an asset."""
        self._ask(list[Metadata], "PUT", f"assets/{id}/metadata", json={"items": [{"key": key, "value": value}]})

    def describe(self, id: str, *, description: str | None, taken: str | None) -> None:
        """Set what is not None of an asset's description and date."""
        wanted = {"description": description, "dateTimeOriginal": taken}
        if body := {name: value for name, value in wanted.items() if value is not None}:
            self._ask(Asset, "PUT", f"assets/{id}", json=body)

    def add(self, album: Album, id: str) -> None:
        """Put an asset into ``album``; no harm where it is there already."""
        for added in self._ask(list[Added], "PUT", f"albums/{album.id}/assets", json={"ids": [id]}):
            if not added.success and added.error != "duplicate":
                reason = added.error_message or (added.error or "unknown").replace("_", " ")
                raise ServiceError(f"It could not be put into the album “{album.album_name}”: {reason}.")

    def stack(self, primary: str, *others: str) -> Stack:
        """Stack assets; ``primary`` is the one that is shown."""
        return self._ask(Stack, "POST", "stacks", json={"assetIds": [primary, *others]})

    def _ask(self, kind: type[T], method: str, address: str, **request: Any) -> T:
        return self._insist(lambda: _read(kind, self._accepted(self._http.request(method, address, **request))))

    def _insist(self, ask: Callable[[], T]) -> T:
        """What ``ask`` gives, as soon as it goes well."""
        retrying = Retrying(self._patience_s)
        while True:
            self._cancel.check()
            try:
                return ask()
            except (httpx.TransportError, Passing) as error:
                self._cancel.sleep(retrying.next_pause_s(error))

    def _accepted(self, answer: httpx.Response) -> httpx.Response:
        """The answer, which was read. Raises ServiceRefused, and Passing for what may be tried again."""
        if answer.is_success:
            return answer
        if answer.is_redirect:
            target = answer.headers.get("location", "another address")
            raise ServiceRefused(f"{self.url} redirects to {target}. Use that server's URL.", answer.status_code)
        refusal = ServiceRefused(f"Immich answers {answer.status_code}: {_message(answer)}", answer.status_code)
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            raise Passing(refusal, asked_pause_s(answer))
        raise refusal


class _Stoppable(io.FileIO):
    """A file to be read, until the work is stopped: raises Canceled then."""

    def __init__(self, path: Path, cancel: CancelToken) -> None:
        super().__init__(path, "r")
        self._cancel = cancel

    def read(self, size: int | None = -1) -> bytes:
        self._cancel.check()
        return super().read(-1 if size is None else size) or b""


def _read(kind: type[T], answer: httpx.Response) -> T:
    try:
        return TypeAdapter(kind).validate_json(answer.content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"]))
        detail = f" ({place}: {fault['msg']})" if place else ""
        raise ServiceError(
            f"{answer.url.copy_with(query=None)} does not answer as Immich {_OLDEST} does{detail}. "
            "Is the URL that of an Immich server?"
        ) from error


def _message(answer: httpx.Response) -> str:
    """What Immich says is wrong: a sentence or a list of them."""
    try:
        said = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase or "nothing more"
    return "; ".join(map(str, said)) if isinstance(said, list) else str(said)
