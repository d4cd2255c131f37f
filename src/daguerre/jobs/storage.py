"""Where the files of jobs lie: ``jobs/ID/input``, ``jobs/ID/mask``, ``jobs/ID/view`` and ``jobs/ID/out/NAME``."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

import obstore
from obstore.store import LocalStore

from daguerre.jobs.errors import FileMissing, StorageFull

_CHUNK_BYTES = 1 << 20
_RESERVE_BYTES = 100_000_000
_STALE_SPOOL_S = 6 * 3600


def input_key(job: str) -> str:
    """The upload."""
    return f"jobs/{job}/input"


def mask_key(job: str) -> str:
    """The mask that came with it."""
    return f"jobs/{job}/mask"


def output_key(job: str, name: str) -> str:
    """A file that the job offers."""
    return f"jobs/{job}/out/{name}"


def view_key(job: str) -> str:
    """The upload as a small picture that every browser shows, once somebody has asked for it."""
    return f"jobs/{job}/view"


class Storage(Protocol):
    """Keeps files by key. What :meth:`adopt` and :meth:`put` have stored is on the disk and whole."""

    def spool(self) -> BinaryIO:
        """A new, empty local file for a door to fill, with its path as ``name``."""

    def adopt(self, path: Path, key: str) -> None:
        """Take over a spooled file that was closed. Raises StorageFull."""

    def put(self, key: str, data: bytes) -> None:
        """Store ``data``. Raises StorageFull."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """The file as a local path, for the length of a ``with`` block. Raises FileMissing."""

    def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to and without ``end``. Raises FileMissing before the first."""

    def remove(self, job: str) -> None:
        """Delete every file of the job."""

    def jobs(self, *, older_s: float) -> set[str]:
        """The jobs whose upload was stored that long ago."""

    def check(self) -> None:
        """Raise ``OSError`` unless files can be stored now."""

    def sweep(self) -> None:
        """Delete spooled files that nobody took over."""


class LocalStorage:
    """A :class:`Storage` in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spool = folder / "spool"
        self._spool.mkdir(parents=True, exist_ok=True)
        self._store = LocalStore(folder, automatic_cleanup=True)

    def spool(self) -> BinaryIO:
        with full_disk():
            if shutil.disk_usage(self._spool).free < _RESERVE_BYTES:
                raise StorageFull("The disk is full.")
            handle, path = tempfile.mkstemp(dir=self._spool, prefix="upload-")
            os.close(handle)
            return open(path, "r+b")

    def adopt(self, path: Path, key: str) -> None:
        with full_disk():
            _sync(path)
            obstore.rename(self._store, f"spool/{path.name}", key)
            target = self._folder / key
            for folder in (target.parent, target.parent.parent, self._folder / "jobs"):
                _sync(folder)

    def put(self, key: str, data: bytes) -> None:
        with full_disk(), self.spool() as file:
            try:
                file.write(data)
                file.flush()
                self.adopt(Path(file.name), key)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        path = self._folder / key
        if not path.is_file():
            raise FileMissing("A file of the job is no longer there.")
        yield path

    async def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        if start >= end:
            return
        try:
            found = await obstore.get_async(self._store, key, options={"range": (start, end)})
        except FileNotFoundError as error:
            raise FileMissing("A file of the job is no longer there.") from error
        async for chunk in found.stream(min_chunk_size=_CHUNK_BYTES):
            yield bytes(chunk)

    def remove(self, job: str) -> None:
        keys = [found["path"] for batch in obstore.list(self._store, prefix=f"jobs/{job}") for found in batch]
        if keys:
            obstore.delete(self._store, keys)

    def jobs(self, *, older_s: float) -> set[str]:
        before = time.time() - older_s
        found = (file for batch in obstore.list(self._store, prefix="jobs") for file in batch)
        return {file["path"].split("/")[1] for file in found if file["last_modified"].timestamp() < before}

    def check(self) -> None:
        with tempfile.TemporaryFile(dir=self._spool) as probe:
            probe.write(b"probe")
            probe.flush()
        if shutil.disk_usage(self._spool).free < _RESERVE_BYTES:
            raise OSError(errno.ENOSPC, "the disk is full")

    def sweep(self) -> None:
        for path in self._spool.glob("upload-*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _STALE_SPOOL_S:
                    path.unlink()


@contextmanager
def full_disk() -> Iterator[None]:
    """Turn the system's errors about a full disk into StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The disk is full.") from error
        raise


def _sync(path: Path) -> None:
    """Bring a file or a folder's entries to the disk."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
