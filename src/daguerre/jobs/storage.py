"""Where the files of jobs lie: ``jobs/FOLDER/input``, ``mask``, ``view`` and ``out/TOKEN/NAME``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


def input_key(folder: str) -> str:
    """The upload."""
    return f"jobs/{folder}/input"


def mask_key(folder: str) -> str:
    """The mask that came with it."""
    return f"jobs/{folder}/mask"


def output_key(folder: str, token: str, name: str) -> str:
    """A file that the job offers, made under the claim ``token``: two that work on one job do not meet."""
    return f"jobs/{folder}/out/{token}/{name}"


def view_key(folder: str, side: str, size: str) -> str:
    """A side of the job as a picture that every browser shows, once somebody has asked for it."""
    return f"jobs/{folder}/view/{side}-{size}"


class Upload(Protocol):
    """A file on its way in. One thread at a time; ends with :meth:`keep` or :meth:`discard`.

    A storage far away may send the parts on as they come.
    """

    @property
    def size_bytes(self) -> int:
        """What was written."""

    @property
    def whole(self) -> bool:
        """Whether :meth:`local` shows every byte; else it shows the beginning, a hole and the end."""

    def write(self, data: bytes) -> None:
        """Take over the next bytes. Raises StorageFull."""

    def flush(self) -> None:
        """Let :meth:`local` see what was written. Raises StorageFull."""

    def local(self) -> AbstractContextManager[Path]:
        """What was written as a local file, for the length of a ``with`` block."""

    def keep(self, key: str) -> None:
        """Make it the file of ``key``, whole and durable. Raises StorageFull."""

    def discard(self) -> None:
        """Forget it, unless it was kept. May be called again."""


class Storage(Protocol):
    """Keeps files by key. What :meth:`Upload.keep` and :meth:`put` have stored is durable and whole. Thread-safe."""

    def upload(self, expected_bytes: int = 0) -> Upload:
        """A new upload. Raises StorageFull where there is no room for so much."""

    def scratch(self) -> AbstractContextManager[Path]:
        """The path of an empty local file, which goes with the ``with`` block unless it was moved away."""

    def put(self, key: str, data: bytes, *, name: str = "") -> None:
        """Store ``data`` under a key that is new; who downloads it shall call it ``name``. Raises StorageFull."""

    def adopt(self, path: Path, key: str) -> None:
        """Make a complete scratch file the file of ``key``. Raises StorageFull."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """The file as a local path, for the length of a ``with`` block. Raises FileMissing."""

    def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to and without ``end``. Raises FileMissing before the first."""

    def address(self, key: str) -> str | None:
        """Where the file can be had from the storage itself, by whoever has the address; for some minutes."""

    def size_bytes(self, key: str) -> int:
        """The bytes of a file. Raises FileMissing."""

    def remove(self, folder: str) -> None:
        """Delete every file of a job's folder, or of a folder in it."""

    def prune(self, folder: str, *, token: str) -> None:
        """Delete what other claims than ``token`` have left in a job's folder."""

    def folders(self, *, older_s: float) -> set[str]:
        """The folders in which nothing was stored for so long."""

    def free_bytes(self) -> int | None:
        """What may still be stored, beyond a reserve; ``None`` where there is no end."""

    def check(self) -> None:
        """Raise ``OSError`` unless files can be stored now."""

    def sweep(self) -> None:
        """Delete what processes that are gone have left behind."""
