"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from daguerre.errors import CannotWrite

_PREFIX = ".daguerre-"


def write_whole(path: Path, data: bytes) -> Path:
    """Store ``data`` at ``path``, and give the path.

    Raises :class:`~daguerre.errors.CannotWrite`; what lay at ``path`` is then still there.
    """
    try:
        with whole_file(path) as file:
            file.write(data)
    except OSError as error:
        raise CannotWrite(f"{path} could not be written: {error.strerror or error}.") from error
    return path


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that is at ``path``, and on the disk, once the block has ended; after an exception nothing is.

    It is made in the same folder and renamed. Where the system has files without a name, even a process that
    is killed leaves none. Raises ``OSError``.
    """
    temporary, handle = _temporary(path.parent)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(handle)
            os.chmod(temporary or handle, _mode(path))
            if temporary is None:
                temporary = _named(handle, path.parent)
        os.replace(temporary, path)
        temporary = None
        sync_folder(path.parent)
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def make_folder(folder: Path, *, advice: str = "") -> None:
    """Make ``folder``. Raises CannotWrite, with ``advice`` after its sentence, where nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"The folder {folder} cannot be made: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotWrite(f"You can't write to the folder {folder}. {advice}".rstrip())


def put_in_place(part: Path, target: Path) -> None:
    """Let a complete, closed file take the place of ``target`` in a folder of the same disk; it is on the disk then.

    Raises ``OSError``.
    """
    with part.open("r+b") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Bring the entries of a folder to the disk. Raises ``OSError``."""
    if os.name == "nt":  # Windows opens no folders, and syncs them itself.
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _temporary(folder: Path) -> tuple[Path | None, int]:
    """A new file, open for reading and writing, and its path where it has one."""
    if sys.platform == "linux" and os.path.isdir("/proc/self/fd"):
        # File systems that cannot do it say so.
        with contextlib.suppress(OSError):
            return None, os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    handle, path = tempfile.mkstemp(prefix=_PREFIX, suffix=".part", dir=folder)
    return Path(path), handle


def _named(handle: int, folder: Path) -> Path:
    """Give the complete file behind ``handle`` a name."""
    path = folder / f"{_PREFIX}{secrets.token_hex(8)}.part"
    # Only with a directory's descriptor, which an absolute path ignores, is the link followed to the file.
    os.link(f"/proc/self/fd/{handle}", path, src_dir_fd=handle, follow_symlinks=True)
    return path


def _mode(path: Path) -> int:
    """The permissions of the file that is replaced, or those that a new file would get."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0o077)
        os.umask(mask)
        return 0o666 & ~mask
