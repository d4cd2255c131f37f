"""Files of jobs: whole or not there."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from daguerre.jobs.errors import FileMissing, StorageFull, StorageUnusable
from daguerre.jobs.local_storage import RESERVE_BYTES, disk_errors
from daguerre.jobs.object_storage import ObjectStorage
from daguerre.jobs.storage import input_key, output_key


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]


async def all_of(chunks) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def test_stored_read_in_parts_and_removed(storage, tmp_path):
    data = os.urandom(3_000_000)
    storage.put(output_key("j", "t", "a b.jpg"), data)
    assert asyncio.run(all_of(storage.stream(output_key("j", "t", "a b.jpg"), 0, len(data)))) == data
    assert asyncio.run(all_of(storage.stream(output_key("j", "t", "a b.jpg"), 5, 2_500_000))) == data[5:2_500_000]
    with storage.local(output_key("j", "t", "a b.jpg")) as path:
        assert path.read_bytes() == data
    storage.remove("j")
    with pytest.raises(FileMissing), storage.local(output_key("j", "t", "a b.jpg")):
        pass
    with pytest.raises(FileMissing):
        asyncio.run(all_of(storage.stream(output_key("j", "t", "a b.jpg"), 0, 5)))
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


def test_what_other_claims_have_left_goes(storage):
    storage.put(input_key("j"), b"photo")
    for token in ("t1", "t2", "t22"):
        storage.put(output_key("j", token, "a.jpg"), token.encode())
    storage.prune("j", token="t2")
    assert storage.size_bytes(input_key("j")) == 5 and storage.size_bytes(output_key("j", "t2", "a.jpg")) == 2
    for token in ("t1", "t22"):
        with pytest.raises(FileMissing):
            storage.size_bytes(output_key("j", token, "a.jpg"))


def test_what_is_not_kept_goes(storage, tmp_path):
    upload = storage.upload()
    upload.write(b"photo")
    upload.discard()
    with storage.scratch() as path:
        path.write_bytes(b"x")
    assert files(tmp_path) == []


def test_files_of_a_killed_process_go_and_those_of_a_living_one_stay(local_storage, tmp_path):
    own = local_storage.upload()
    code = (
        "import os, signal, sys, pathlib; from daguerre.jobs.local_storage import LocalStorage\n"
        "upload = LocalStorage(pathlib.Path(sys.argv[1])).upload(); upload.write(b'x' * 100); upload.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    folder = tmp_path / "service" / "files"
    assert subprocess.run([sys.executable, "-c", code, folder], check=False).returncode == -9
    assert len(files(tmp_path)) == 2
    local_storage.sweep()
    assert len(files(tmp_path)) == 1
    own.keep(input_key("j"))


def test_a_disk_without_room_is_told_before_and_while_it_fills(local_storage, monkeypatch):
    storage = local_storage
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


def test_a_folder_that_is_gone_has_its_own_error(local_storage, tmp_path):
    shutil.rmtree(tmp_path / "service")
    with pytest.raises(StorageUnusable, match="No such file"):
        local_storage.put(input_key("j"), b"x")


def test_a_large_upload_goes_to_the_store_and_leaves_a_hole_here(object_storage):
    data = os.urandom(1 << 20)
    upload = object_storage.upload()
    for _ in range(30):
        upload.write(data)
    with upload.local() as path:
        assert not upload.whole
        assert path.stat().st_size == 30 << 20 and path.stat().st_blocks * 512 < 10 << 20
        with path.open("rb") as file:
            assert file.read(1 << 20) == data
            file.seek(-(1 << 20), os.SEEK_END)
            assert file.read() == data
    upload.keep(input_key("j"))
    assert object_storage.size_bytes(input_key("j")) == 30 << 20
    with object_storage.local(input_key("j")) as path:
        assert path.read_bytes() == data * 30


def test_a_large_upload_that_is_not_kept_leaves_nothing(object_storage, tmp_path):
    upload = object_storage.upload()
    for _ in range(20):
        upload.write(bytes(1 << 20))
    upload.discard()
    upload.discard()
    assert object_storage.stored() == [] and files(tmp_path) == []


def test_what_is_stored_is_not_stored_again(object_storage):
    key = output_key("j", "t", "a.jpg")
    object_storage.put(key, b"first")
    object_storage.put(key, b"first")
    with pytest.raises(StorageUnusable, match="already exists"):
        object_storage.put(key, b"another")
    with object_storage.local(key) as path:
        assert path.read_bytes() == b"first"


def test_a_store_that_is_gone_has_its_own_error(object_store, monkeypatch, tmp_path):
    for name, value in (object_store.environment | {"AWS_ENDPOINT": "http://127.0.0.1:9"}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StorageUnusable, match="does not answer"):
        ObjectStorage(object_store.url(), tmp_path).check()


def test_the_store_hands_out_what_it_keeps_under_its_name(object_storage):
    object_storage.put(output_key("j", "t", "grün.jpg"), b"0123456789", name="grün.jpg")
    address = object_storage.address(output_key("j", "t", "grün.jpg"))
    answer = httpx.get(address, headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (206, b"234", "image/jpeg")
    assert "filename*=UTF-8''gr%C3%BCn.jpg" in answer.headers["content-disposition"]
    assert httpx.get(address.partition("?")[0]).status_code == 403
