"""Local files that nobody but this process needs, gone with it however it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

_LOCK = ".lock"


class Scratch:
    """A folder for each process within ``folder``, which is made. Raises ``OSError``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def new(self) -> Path:
        """The path of a new, empty file."""
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

    @cached_property
    def _own(self) -> tuple[Path, FileLock]:
        """The folder of this process; the system gives its lock up when the process ends, however it does."""
        folder = self.folder / uuid.uuid4().hex
        folder.mkdir()
        lock = FileLock(folder / _LOCK, thread_local=False)
        lock.acquire()
        return folder, lock
