"""Files of jobs: whole or not there."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from daguerre.jobs.errors import FileMissing, StorageFull, StorageUnusable
from daguerre.jobs.local_storage import RESERVE_BYTES, disk_errors
from daguerre.jobs.storage import input_key, output_key


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]


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
    assert files(tmp_path) == []


def test_what_was_uploaded_is_kept(storage):
    upload = storage.upload()
    upload.write(b"pho")
    with upload.local() as path:
        assert path.read_bytes() == b"pho"
    upload.write(b"to")
    assert upload.size_bytes == 5
    upload.keep(input_key("j"))
    upload.discard()
    with storage.local(input_key("j")) as path:
        assert path.read_bytes() == b"photo"
    assert storage.size_bytes(input_key("j")) == 5
    assert storage.folders(older_s=-1) == {"j"} and storage.folders(older_s=60) == set()


def test_what_is_not_kept_goes(storage, tmp_path):
    upload = storage.upload()
    upload.write(b"photo")
    upload.discard()
    with storage.scratch() as path:
        path.write_bytes(b"x")
    assert files(tmp_path) == []


def test_files_of_a_killed_process_go_and_those_of_a_living_one_stay(storage, tmp_path):
    own = storage.upload()
    code = (
        "import os, signal, sys, pathlib; from daguerre.jobs.local_storage import LocalStorage\n"
        "upload = LocalStorage(pathlib.Path(sys.argv[1])).upload(); upload.write(b'x' * 100); upload.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    folder = tmp_path / "service" / "files"
    assert subprocess.run([sys.executable, "-c", code, folder], check=False).returncode == -9
    assert len(files(tmp_path)) == 2
    storage.sweep()
    assert len(files(tmp_path)) == 1
    own.keep(input_key("j"))


def test_a_disk_without_room_is_told_before_and_while_it_fills(storage, monkeypatch):
    upload = storage.upload()
    free = shutil.disk_usage(".")._replace(free=RESERVE_BYTES + 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    storage.upload(1000).discard()
    with pytest.raises(StorageFull):
        storage.upload(1001)
    free = free._replace(free=RESERVE_BYTES)
    with pytest.raises(StorageFull):
        upload.write(bytes(5_000_000))
    with pytest.raises(OSError):
        storage.check()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_has_its_own_error():
    with pytest.raises(StorageFull), disk_errors(), open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")


def test_a_folder_that_is_gone_has_its_own_error(storage, tmp_path):
    shutil.rmtree(tmp_path / "service")
    with pytest.raises(StorageUnusable, match="No such file"):
        storage.put(input_key("j"), b"x")
