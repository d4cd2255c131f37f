"""A ZIP archive that is written while it is sent, and is nowhere whole."""

from __future__ import annotations

import time
import zipfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from io import RawIOBase
from typing import TYPE_CHECKING

from daguerre.jobs.errors import FileMissing
from daguerre.jobs.records import Job
from daguerre.jobs.storage import Storage

if TYPE_CHECKING:
    from typing_extensions import Buffer


_FIRST, _LAST = 315619200.0, 4354732800.0
"""What a ZIP can date: from 1980 to 2107, without the days in which a zone could lead out of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive, where it is stored."""

    job: str
    name: str
    key: str
    size_bytes: int
    modified_at: float


def entries(photos: Iterable[Job]) -> list[Entry]:
    """The restored photos of a batch, each under a name of its own."""
    taken: set[str] = set()
    found = []
    for photo in photos:
        found_photo = photo.file_of("photo")
        if found_photo is None:
            continue
        stored, file = found_photo
        stem, _, extension = stored.rpartition(".")
        name, number = stored, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}.{extension}"
        taken.add(name.lower())
        modified = photo.finished_at or photo.created_at
        found.append(Entry(photo.id, name, file.key, file.size_bytes, modified))
    return found


async def stream(files: Iterable[Entry], storage: Storage) -> AsyncIterator[bytes]:
    """The archive's bytes. Photos are stored as they are: they are compressed already."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for file in files:
            info = zipfile.ZipInfo(file.name, time.localtime(min(max(file.modified_at, _FIRST), _LAST))[:6])
            info.file_size = file.size_bytes
            info.external_attr = 0o644 << 16
            try:
                chunks = storage.stream(file.key, 0, file.size_bytes)
                first = await anext(chunks, b"")
            except FileMissing:  # Removed while the archive is on its way.
                continue
            with archive.open(info, "w", force_zip64=file.size_bytes > zipfile.ZIP64_LIMIT // 2) as target:
                target.write(first)
                yield pipe.taken()
                async for chunk in chunks:
                    target.write(chunk)
                    yield pipe.taken()
    yield pipe.taken()


class _Pipe(RawIOBase):
    """What the archive writes, until it is taken; it cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        before = len(self._written)
        self._written += data
        return len(self._written) - before

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._written)
        self._written.clear()
        return data
