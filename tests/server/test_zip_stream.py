"""Archives that are made while they are sent: whatever a photo's date, and whatever is removed meanwhile."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path

import pytest

from daguerre.jobs.local_storage import LocalStorage
from daguerre.jobs.storage import output_key
from daguerre.server.zip_stream import Entry, stream


def archive_of(storage: LocalStorage, *entries: Entry) -> zipfile.ZipFile:
    async def all_of() -> bytes:
        return b"".join([chunk async for chunk in stream(entries, storage)])

    return zipfile.ZipFile(io.BytesIO(asyncio.run(all_of())))


@pytest.mark.parametrize(("modified_at", "year"), [(0.0, 1980), (1.7e9, 2023), (4.4e9, 2107), (1e12, 2107)])
def test_photos_of_every_date_are_in_it(tmp_path: Path, modified_at: float, year: int) -> None:
    storage, key = LocalStorage(tmp_path), output_key("j", "t", "a.jpg")
    storage.put(key, b"photo" * 1000)
    archive = archive_of(storage, Entry("j", "a.jpg", key, 5000, modified_at))
    assert archive.testzip() is None and archive.read("a.jpg") == b"photo" * 1000
    assert archive.infolist()[0].date_time[0] == year


def test_what_was_removed_is_left_out(tmp_path: Path) -> None:
    storage, key = LocalStorage(tmp_path), output_key("j", "t", "a.jpg")
    storage.put(key, b"photo")
    gone = Entry("k", "b.jpg", output_key("k", "t", "b.jpg"), 5, 1.7e9)
    assert archive_of(storage, gone, Entry("j", "a.jpg", key, 5, 1.7e9)).namelist() == ["a.jpg"]
