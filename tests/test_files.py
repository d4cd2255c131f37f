"""Files are stored whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from daguerre.errors import CannotWrite
from daguerre.files import put_in_place, whole_file, write_whole


def test_write_replaces_and_keeps_permissions(tmp_path):
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    path.chmod(0o640)
    assert write_whole(path, b"new") == path
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_gets_ordinary_permissions(tmp_path):
    mask = os.umask(0o022)
    try:
        write_whole(tmp_path / "new.bin", b"x")
    finally:
        os.umask(mask)
    assert (tmp_path / "new.bin").stat().st_mode & 0o777 == 0o644


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(CannotWrite, match="could not be written: No such file"):
        write_whole(tmp_path / "none" / "result.bin", b"x")


def test_a_failed_rename_leaves_nothing(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "child").touch()
    with pytest.raises(CannotWrite):
        write_whole(tmp_path / "taken", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_long_names_fit(tmp_path):
    path = tmp_path / ("x" * 250)
    write_whole(path, b"x")
    assert path.read_bytes() == b"x"


@pytest.mark.skipif(sys.platform != "linux", reason="files without a name")
def test_a_process_killed_while_it_writes_leaves_nothing(tmp_path):
    code = (
        "import os, pathlib, signal, sys; from daguerre.files import write_whole\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_whole(pathlib.Path(sys.argv[1]), b'photo')"
    )
    (tmp_path / "a.jpg").write_bytes(b"earlier")
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "a.jpg"], check=False).returncode == -9
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"earlier"]


def test_a_block_that_fails_changes_nothing(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"earlier")
    with pytest.raises(ZeroDivisionError), whole_file(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"earlier"]


def test_a_complete_part_takes_the_place(tmp_path):
    part, target = tmp_path / "a.part", tmp_path / "a.bin"
    part.write_bytes(b"new")
    target.write_bytes(b"old")
    put_in_place(part, target)
    assert target.read_bytes() == b"new" and not part.exists()
