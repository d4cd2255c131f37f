"""One file from one of several addresses: resumed where it stopped, verified while it comes.

What has come lies in ``FILE.part`` and goes on from there after any interruption, whatever address comes next: the
digest over all of it decides. A file whose digest is wrong is deleted, and the next address is asked.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from daguerre.cancellation import CancelToken
from daguerre.errors import InstallFailed
from daguerre.files import put_in_place

_CHUNK = 1 << 18
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class Hash(Protocol):
    """What hashlib makes."""

    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: ``stall_s`` for the next bytes, ``tries`` in a row without any, pauses from ``pause_s`` up."""

    stall_s: float = 30.0
    connect_s: float = 15.0
    tries: int = 4
    pause_s: float = 1.0
    longest_pause_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The file: ``target`` is where it goes, ``size_bytes`` ``None`` where the publisher does not say."""

    target: Path
    sha256: str
    size_bytes: int | None
    most_bytes: int

    @property
    def part(self) -> Path:
        """What has come so far."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def tag(self) -> Path:
        """Where the part came from, and what that server calls its version."""
        return self.target.with_name(f"{self.target.name}.part.json")


class _Passing(Exception):
    """A fault that may be gone soon; ``pause_s`` is what the server asks for."""

    def __init__(self, sentence: str, pause_s: float | None = None) -> None:
        super().__init__(sentence)
        self.pause_s = pause_s


class _Refused(Exception):
    """This address will not give the file."""


class Download:
    """Fetches ``wanted``; ``report`` is told the bytes that lie in the part."""

    def __init__(
        self,
        client: httpx.Client,
        wanted: Wanted,
        report: Callable[[int], object],
        cancel: CancelToken,
        patience: Patience,
    ) -> None:
        self._client = client
        self._wanted = wanted
        self._report = report
        self._cancel = cancel
        self._patience = patience

    def run(self, urls: Sequence[str]) -> None:
        """From the first of ``urls`` that gives the right file. Raises InstallFailed and Canceled."""
        problems = []
        for url in urls:
            try:
                self._from(url)
                return
            except OSError as error:
                raise _disk(error, self._wanted.target) from None
            except _Refused as problem:
                problems.append(f"{urlsplit(url).netloc}: {problem}")
        raise InstallFailed(f"{self._wanted.target.name} could not be fetched ({'; '.join(problems)}).")

    def _from(self, url: str) -> None:
        tries, clean, furthest = 0, False, _size(self._wanted.part)
        while True:
            before = _size(self._wanted.part)
            try:
                digest = self._fetch(url)
            except _Passing as problem:
                # Only what brings the file further than ever is progress.
                reached = _size(self._wanted.part)
                tries = 1 if reached > furthest else tries + 1
                furthest = max(furthest, reached)
                if tries >= self._patience.tries:
                    raise _Refused(str(problem)) from None
                self._wait(tries, problem.pause_s)
                continue
            if digest == self._wanted.sha256:
                self._accept()
                return
            self._discard()
            if before and not clean:
                clean = True  # The part was of another file: once more, from its beginning.
                continue
            raise _Refused("it sends another file than the one that was published, which was deleted")

    def _fetch(self, url: str) -> str:
        """Bring the part to its end, and give its digest."""
        digest: Hash = hashlib.sha256()
        start = 0
        part = self._wanted.part
        if part.exists():
            with part.open("rb") as file:
                while data := file.read(_CHUNK):
                    digest.update(data)
                    start += len(data)
                    self._cancel.check()
        self._report(start)
        if start and start == self._wanted.size_bytes:
            return digest.hexdigest()
        if start > self._wanted.most_bytes:
            self._discard()
            digest, start = hashlib.sha256(), 0
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            tag = self._tag_of(url)
            if tag is not None:
                headers["If-Range"] = tag
        try:
            with self._client.stream("GET", url, headers=headers) as answer:
                digest, start = self._begin(answer, url, digest, start)
                return self._take(answer, digest, start)
        except httpx.TimeoutException:
            raise _Passing("nothing came any more") from None
        except (httpx.RequestError, httpx.StreamError) as error:
            raise _Passing(_plain(error)) from None
        except httpx.InvalidURL:
            raise _Refused("the address is not valid") from None

    def _begin(self, answer: httpx.Response, url: str, digest: Hash, start: int) -> tuple[Hash, int]:
        """Look at the answer's head: where its bytes belong."""
        status = answer.status_code
        if status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            return digest, start
        if status in (200, 206, 416):
            # It sends all of it, or has another length: begin anew.
            if status != 200:
                self._discard()
                raise _Passing("it does not go on where the file stopped")
            self._discard()
            tag = answer.headers.get("ETag", "")
            if tag and not tag.startswith("W/"):
                self._wanted.tag.write_text(json.dumps({"url": url, "etag": tag}), "utf-8")
            return hashlib.sha256(), 0
        if status in _PASSING:
            raise _Passing(f"it answers {status}", _pause(answer.headers.get("Retry-After")))
        raise _Refused(f"it answers {status}")

    def _take(self, answer: httpx.Response, digest: Hash, start: int) -> str:
        size = start
        with self._wanted.part.open("ab") as file:
            try:
                for data in answer.iter_raw():
                    self._cancel.check()
                    size += len(data)
                    if size > self._wanted.most_bytes:
                        self._discard()
                        raise _Refused("it sends more than the file that was published")
                    file.write(data)
                    digest.update(data)
                    self._report(size)
            except OSError as error:
                raise _disk(error, self._wanted.target) from None
            finally:
                _synced(file.fileno())
        if self._wanted.size_bytes is not None and size < self._wanted.size_bytes:
            raise _Passing("it stopped before the end")
        return digest.hexdigest()

    def _accept(self) -> None:
        try:
            put_in_place(self._wanted.part, self._wanted.target)
            self._wanted.tag.unlink(missing_ok=True)
        except OSError as error:
            raise _disk(error, self._wanted.target) from None

    def _discard(self) -> None:
        self._wanted.part.unlink(missing_ok=True)
        self._wanted.tag.unlink(missing_ok=True)

    def _tag_of(self, url: str) -> str | None:
        """The version that ``url`` gave for the part, where it was ``url`` that began it."""
        try:
            stored = json.loads(self._wanted.tag.read_text("utf-8"))
            return str(stored["etag"]) if stored["url"] == url else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _wait(self, tries: int, asked: float | None) -> None:
        pause = min(self._patience.pause_s * 2 ** (tries - 1), self._patience.longest_pause_s)
        if asked is not None:
            pause = min(max(pause, asked), self._patience.longest_pause_s)
        end = time.monotonic() + pause
        while time.monotonic() < end:
            self._cancel.check()
            time.sleep(min(0.1, pause))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _synced(file: int) -> None:
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise


def _pause(header: str | None) -> float | None:
    return float(header) if header and header.isdigit() else None


def _plain(error: Exception) -> str:
    if isinstance(error, httpx.ConnectError):
        return "it cannot be reached"
    if isinstance(error, httpx.TooManyRedirects):
        return "it leads from one address to the next without end"
    if isinstance(error, httpx.UnsupportedProtocol):
        return "it leads to an address of a kind that is not followed"
    return "the connection broke"


def _disk(error: OSError, target: Path) -> InstallFailed:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return InstallFailed(
            f"The disk is full. {target.name} is kept as far as it came: make room and install again, it goes on."
        )
    return InstallFailed(f"{target.name} cannot be written: {error.strerror or error}.")
