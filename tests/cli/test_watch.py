"""A folder that a scanner writes to: each photo once it is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from daguerre import imaging
from daguerre.cli.watch import Arrivals
from tests.cli.conftest import COMMAND


def test_a_file_is_whole_once_it_has_not_changed_for_a_while(tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    arrivals = Arrivals()
    scan.write_bytes(b"half")
    assert arrivals.whole([scan], 0) == []
    scan.write_bytes(b"half and half")
    assert arrivals.whole([scan], 3) == []
    assert arrivals.whole([scan], 4) == []
    assert arrivals.whole([scan], 5) == [scan]
    assert arrivals.whole([scan], 9) == [], "each only once"
    scan.write_bytes(b"scanned once more")
    arrivals.whole([scan], 10)
    assert arrivals.whole([scan], 12) == [scan]
    scan.unlink()
    assert arrivals.whole([scan], 20) == []


def test_an_empty_file_is_never_whole(tmp_path: Path) -> None:
    (tmp_path / "scan.png").touch()
    arrivals = Arrivals()
    assert [arrivals.whole([tmp_path / "scan.png"], now) for now in (0, 5, 50)] == [[], [], []]


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_photos_are_restored_as_they_arrive_and_once(tmp_path: Path, make_photo: Callable[..., Path]) -> None:
    scans, restored = tmp_path / "scans", tmp_path / "restored"
    make_photo(scans / "first.png")
    (scans / "notes.txt").write_text("x")

    def watching() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, "restore", "--watch", str(scans), "-o", str(restored)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def until(path: Path) -> None:
        while not path.exists():
            assert process.poll() is None
            time.sleep(0.05)

    process = watching()
    until(restored / "first_restored.png")
    make_photo(tmp_path / "second.png").rename(scans / "second.png")
    until(restored / "second_restored.png")
    process.send_signal(signal.SIGTERM)
    assert process.communicate()[0].count(" -> ") == 2
    assert process.returncode == 143

    assert imaging.open_image(restored / "second_restored.png").format == "png"
    make_photo(scans / "third.png")
    process = watching()
    until(restored / "third_restored.png")
    process.send_signal(signal.SIGTERM)
    told = process.communicate()[0]
    assert told.count(" -> ") == 1, "what was restored before the restart is left alone"
