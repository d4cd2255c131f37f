"""Files of jobs: whole or not there."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from daguerre.jobs.errors import FileMissing, StorageFull
from daguerre.jobs.storage import input_key, output_key


async def all_of(chunks) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def test_stored_read_in_parts_and_removed(storage, tmp_path):
    data = os.urandom(3_000_000)
    storage.put(output_key("j", "a b.jpg"), data)
    assert asyncio.run(all_of(storage.stream(output_key("j", "a b.jpg"), 0, len(data)))) == data
    assert asyncio.run(all_of(storage.stream(output_key("j", "a b.jpg"), 5, 2_500_000))) == data[5:2_500_000]
    with storage.local(output_key("j", "a b.jpg")) as path:
        assert path.read_bytes() == data
    storage.remove("j")
    with pytest.raises(FileMissing), storage.local(output_key("j", "a b.jpg")):
        pass
    with pytest.raises(FileMissing):
        asyncio.run(all_of(storage.stream(output_key("j", "a b.jpg"), 0, 5)))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_was_spooled_is_taken_over(storage):
    with storage.spool() as file:
        file.write(b"photo")
    storage.adopt(Path(file.name), input_key("j"))
    assert not Path(file.name).exists()
    with storage.local(input_key("j")) as path:
        assert path.read_bytes() == b"photo"
    assert storage.jobs(older_s=-1) == {"j"} and storage.jobs(older_s=60) == set()


def test_forgotten_uploads_go(storage):
    old, new = storage.spool(), storage.spool()
    os.utime(old.name, (time.time() - 10**5,) * 2)
    storage.sweep()
    assert not Path(old.name).exists() and Path(new.name).exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_has_its_own_error(storage):
    from daguerre.jobs.storage import full_disk

    with pytest.raises(StorageFull), full_disk(), open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")
