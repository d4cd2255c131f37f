"""Local files that nobody but this process needs, gone with it however it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

_LOCK = ".lock"


class Scratch:
    """A folder for each process within ``folder``, which is made. Raises ``OSError``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._own: tuple[Path, FileLock] | None = None
        self._opening = threading.Lock()

    def new(self) -> Path:
        """The path of a new, empty file."""
        with self._opening:
            if self._own is None:
                self._own = self._open()
        handle, path = tempfile.mkstemp(dir=self._own[0], prefix="scratch-")
        os.close(handle)
        return Path(path)

    @contextmanager
    def file(self) -> Iterator[Path]:
        """The same; it goes with the ``with`` block unless it was moved away."""
        path = self.new()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what processes that are gone have left behind."""
        for folder in self.folder.iterdir():
            if not (folder / _LOCK).is_file():
                continue
            with suppress(Timeout, OSError), FileLock(folder / _LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)

    def _open(self) -> tuple[Path, FileLock]:
        """The folder of this process; the system gives its lock up when the process ends, however it does."""
        while True:
            folder = self.folder / uuid.uuid4().hex
            folder.mkdir()
            lock = FileLock(folder / _LOCK, thread_local=False)
            # Another process that sweeps may have come between.
            with suppress(FileNotFoundError):
                lock.acquire()
                if folder.is_dir():
                    return folder, lock
