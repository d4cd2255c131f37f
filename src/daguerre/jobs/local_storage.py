"""Files of jobs in a folder of this machine."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import obstore
from obstore.store import LocalStore

from daguerre.files import put_in_place, sync_folder
from daguerre.jobs.errors import FileMissing, StorageFull, StorageUnusable
from daguerre.jobs.scratch import Scratch

RESERVE_BYTES = 100_000_000
"""What is left free on the disk: for the database, for results, and for whoever else lives there."""

_CHUNK_BYTES = 1 << 20
_SYNC_BYTES = 4 << 20


class LocalUpload:
    """An :class:`~daguerre.jobs.storage.Upload` that becomes a file of the folder by a rename."""

    def __init__(self, storage: LocalStorage, path: Path) -> None:
        self._storage = storage
        self._path = path
        self._file = path.open("r+b")
        self._unsynced = 0
        self.size_bytes = 0
        self.whole = True

    def write(self, data: bytes) -> None:
        """Long files reach the disk bit by bit, so that their end need not wait for all of it."""
        with disk_errors():
            self._file.write(data)
            self.size_bytes += len(data)
            self._unsynced += len(data)
            if self._unsynced >= _SYNC_BYTES:
                self._storage.check_room(0)
                self._file.flush()
                os.fsync(self._file.fileno())
                self._unsynced = 0

    def flush(self) -> None:
        with disk_errors():
            self._file.flush()

    @contextmanager
    def local(self) -> Iterator[Path]:
        self.flush()
        yield self._path

    def keep(self, key: str) -> None:
        with disk_errors():
            self._file.close()
            self._storage.adopt(self._path, key)

    def discard(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


class LocalStorage:
    """A :class:`~daguerre.jobs.storage.Storage` in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scratch = Scratch(folder / "spool")
        self._store = LocalStore(folder, automatic_cleanup=True)

    def upload(self, expected_bytes: int = 0) -> LocalUpload:
        self.check_room(expected_bytes)
        with disk_errors():
            return LocalUpload(self, self._scratch.new())

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        with disk_errors():
            path = self._scratch.new()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def put(self, key: str, data: bytes, *, name: str = "") -> None:
        with disk_errors(), self.scratch() as path:
            path.write_bytes(data)
            self.adopt(path, key)

    def adopt(self, path: Path, key: str) -> None:
        target = self._folder / key
        with disk_errors():
            target.parent.mkdir(parents=True, exist_ok=True)
            put_in_place(path, target)
            for folder in target.parents:
                if folder == self._folder:
                    break
                sync_folder(folder.parent)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        self.size_bytes(key)
        yield self._folder / key

    async def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        if start >= end:
            return
        try:
            found = await obstore.get_async(self._store, key, options={"range": (start, end)})
        except FileNotFoundError as error:
            raise FileMissing("A file of the job is no longer there.") from error
        async for chunk in found.stream(min_chunk_size=_CHUNK_BYTES):
            yield bytes(chunk)

    def address(self, key: str) -> None:
        return None

    def size_bytes(self, key: str) -> int:
        path = self._folder / key
        if not path.is_file():
            raise FileMissing("A file of the job is no longer there.")
        return path.stat().st_size

    def remove(self, folder: str) -> None:
        # Not file by file through the store: what is removed here must be gone on a full disk as well.
        shutil.rmtree(self._folder / "jobs" / folder, ignore_errors=True)

    def prune(self, folder: str, *, token: str) -> None:
        with suppress(FileNotFoundError), os.scandir(self._folder / "jobs" / folder / "out") as entries:
            for entry in entries:
                if entry.name != token:
                    shutil.rmtree(entry, ignore_errors=True)

    def folders(self, *, older_s: float) -> set[str]:
        before = time.time() - older_s
        with suppress(FileNotFoundError), os.scandir(self._folder / "jobs") as entries:
            return {entry.name for entry in entries if entry.stat().st_mtime < before}
        return set()

    def free_bytes(self) -> int:
        with disk_errors():
            return max(0, shutil.disk_usage(self._scratch.folder).free - RESERVE_BYTES)

    def check_room(self, size_bytes: int) -> None:
        """Raise StorageFull where the disk has no room for so much."""
        free = self.free_bytes()
        if not free or free < size_bytes:
            raise StorageFull("The disk is full.")

    def check(self) -> None:
        with tempfile.TemporaryFile(dir=self._scratch.folder) as probe:
            probe.write(b"probe")
            probe.flush()
        if not self.free_bytes():
            raise OSError(errno.ENOSPC, "the disk is full")

    def sweep(self) -> None:
        self._scratch.sweep()


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn the system's errors into StorageFull and StorageUnusable."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The disk is full.") from error
        raise StorageUnusable(f"Files cannot be stored: {error.strerror or error}.") from error
