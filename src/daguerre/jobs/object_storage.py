"""Files of jobs in an object store such as S3, shared by any number of servers and workers.

Keys are written once and never changed: results lie under the token of the claim that made them, so that two
workers cannot overwrite each other's. Only what is being looked at lies on this machine.
"""

from __future__ import annotations

import os
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from daguerre.jobs import filenames
from daguerre.jobs.errors import FileMissing, StorageUnusable
from daguerre.jobs.local_storage import disk_errors
from daguerre.jobs.scratch import Scratch

if TYPE_CHECKING:
    from obstore import Attributes
    from obstore.store import ClientConfig, RetryConfig

WHOLE_BYTES = 8 << 20
"""Uploads up to this size lie on this machine until they are accepted; of larger ones the beginning and the end do."""

_TAIL_BYTES = 1 << 20
_PART_BYTES = 8 << 20
_PARTS_AT_ONCE = 2
_CHUNK_BYTES = 1 << 20
_RETRY_S = 6.0
_STALL_S = 15.0
_TRANSFER_S = 600.0
_CHECK_S = 2.0
_SIGNED_S = 600.0
_STALE_S = 24 * 3600
_SPOOL = "spool"
_PROBE = "probe"


class ObjectUpload:
    """An :class:`~daguerre.jobs.storage.Upload` that goes to the store as it comes, by a multipart upload."""

    def __init__(self, store: S3Store, path: Path) -> None:
        self._store = store
        self._path = path
        self._head = path.open("r+b")
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._writer: obstore.WritableFile | None = None
        self._spooled = f"{_SPOOL}/{uuid.uuid4().hex}"
        self.size_bytes = 0

    @property
    def whole(self) -> bool:
        return self._writer is None

    def write(self, data: bytes) -> None:
        if self._writer is None and self.size_bytes + len(data) > WHOLE_BYTES:
            self._begin()
        if self._writer is None:
            with disk_errors():
                self._head.write(data)
        else:
            with store_errors():
                self._writer.write(data)
            self._tail.append(data)
            self._tail_bytes += len(data)
            while self._tail_bytes - len(self._tail[0]) >= _TAIL_BYTES:
                self._tail_bytes -= len(self._tail.popleft())
        self.size_bytes += len(data)

    def flush(self) -> None:
        with disk_errors():
            self._head.flush()

    @contextmanager
    def local(self) -> Iterator[Path]:
        self.flush()
        if self._writer is not None:
            with disk_errors(), self._path.open("r+b") as file:
                file.truncate(self.size_bytes)  # What was not written takes no room on the disk.
                file.seek(self.size_bytes - self._tail_bytes)
                file.writelines(self._tail)
        yield self._path

    def keep(self, key: str) -> None:
        self.flush()
        with store_errors():
            if self._writer is None:
                obstore.put(self._store, key, self._path, mode="create")
            else:
                self._writer.close()
                obstore.rename(self._store, self._spooled, key)
        self.discard()

    def discard(self) -> None:
        self._head.close()
        self._path.unlink(missing_ok=True)
        if self._writer is not None:
            # Leaving its context with an exception is how the writer gives its parts back.
            with suppress(BaseError, OSError):
                if not self._writer.closed():
                    self._writer.__exit__(StorageUnusable, StorageUnusable(), None)

    def _begin(self) -> None:
        with disk_errors():
            self._head.flush()
            written = self._path.read_bytes()
        with store_errors():
            self._writer = obstore.open_writer(
                self._store, self._spooled, buffer_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
            )
            self._writer.write(written)


class ObjectStorage:
    """A :class:`~daguerre.jobs.storage.Storage` at ``url``, such as ``s3://bucket/prefix``; ``folder`` is for scratch.

    Endpoint, region and keys are taken from the environment or from the instance's role, as obstore takes them.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._scratch = Scratch(folder)
        self._store = open_store(url, retry_s=_RETRY_S)
        self._checked = open_store(url, retry_s=_CHECK_S)

    def upload(self, expected_bytes: int = 0) -> ObjectUpload:
        with disk_errors():
            return ObjectUpload(self._store, self._scratch.new())

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        with disk_errors():
            path = self._scratch.new()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def put(self, key: str, data: bytes, *, name: str = "") -> None:
        attributes: Attributes = {}
        if name:
            attributes = {
                "Content-Type": filenames.media_type(name), "Content-Disposition": filenames.disposition(name),
                "Cache-Control": "private, no-cache",
            }  # fmt: skip
        with store_errors():
            try:
                obstore.put(self._store, key, data, mode="create", attributes=attributes)
            except AlreadyExistsError:
                # The answer to an earlier try was lost: nobody else writes this key.
                if obstore.head(self._store, key)["size"] != len(data):
                    raise

    def adopt(self, path: Path, key: str) -> None:
        with store_errors():
            obstore.put(self._store, key, path)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        with self.scratch() as path:
            with path.open("wb") as file, store_errors():
                for chunk in obstore.get(self._store, key).stream(min_chunk_size=_CHUNK_BYTES):
                    with disk_errors():
                        file.write(chunk)
            yield path

    async def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        if start >= end:
            return
        with store_errors():
            found = await obstore.get_async(self._store, key, options={"range": (start, end)})
            async for chunk in found.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(chunk)

    def address(self, key: str) -> str:
        return signed(self._store, key, within_s=_SIGNED_S)

    def size_bytes(self, key: str) -> int:
        with store_errors():
            return obstore.head(self._store, key)["size"]

    def remove(self, folder: str) -> None:
        with store_errors():
            self._delete([found["path"] for found in self._list(f"jobs/{folder}")])

    def prune(self, folder: str, *, token: str) -> None:
        outputs = f"jobs/{folder}/out"
        with store_errors():
            found = [found["path"] for found in self._list(outputs)]
            self._delete([key for key in found if not key.startswith(f"{outputs}/{token}/")])

    def folders(self, *, older_s: float) -> set[str]:
        before, newest = time.time() - older_s, dict[str, float]()
        with store_errors():
            for found in self._list("jobs"):
                folder = found["path"].split("/")[1]
                newest[folder] = max(newest.get(folder, 0.0), found["last_modified"].timestamp())
        return {folder for folder, at in newest.items() if at < before}

    def free_bytes(self) -> None:
        return None

    def check(self) -> None:
        with store_errors():
            obstore.put(self._checked, _PROBE, b"probe")

    def sweep(self) -> None:
        self._scratch.sweep()
        before = time.time() - _STALE_S
        with store_errors():
            spooled = self._list(_SPOOL)
            self._delete([found["path"] for found in spooled if found["last_modified"].timestamp() < before])

    def stored(self) -> list[str]:
        """Every key there is."""
        with store_errors():
            return [found["path"] for found in self._list("")]

    def _delete(self, keys: list[str]) -> None:
        if keys:
            obstore.delete(self._store, keys)

    def _list(self, prefix: str) -> Iterator[Any]:
        return (found for page in obstore.list(self._store, prefix=prefix or None) for found in page)


def open_store(url: str, *, retry_s: float) -> S3Store:
    """The store at ``url``, whose requests are tried again for so long. Raises StorageUnusable."""
    retry: RetryConfig = {"retry_timeout": timedelta(seconds=retry_s), "backoff": {"max_backoff": timedelta(seconds=1)}}
    try:
        return S3Store.from_url(url, retry_config=retry, client_options=_client_options())
    except BaseError as error:
        raise StorageUnusable(f"{url} is not a store that can be used: {_first_line(error)}") from error


def signed(store: S3Store, key: str, *, within_s: float) -> str:
    """An address under which anybody gets the file, for so long. Raises StorageUnusable."""
    with store_errors():
        return obstore.sign(store, "GET", key, timedelta(seconds=within_s))


def _client_options() -> ClientConfig:
    # Options that are given here replace what the environment says of them.
    endpoint = (
        os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT")
    )
    return {
        "timeout": timedelta(seconds=_TRANSFER_S),
        "read_timeout": timedelta(seconds=_STALL_S),
        "allow_http": (endpoint or "").startswith("http://"),
    }


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn the store's errors into FileMissing and StorageUnusable."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileMissing("A file of the job is no longer there.") from error
    except (BaseError, PermissionError) as error:
        raise StorageUnusable(f"The store does not answer as it should: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
