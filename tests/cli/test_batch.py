"""``daguerre restore`` as a person runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from daguerre import imaging
from daguerre.cli.report import TimeLeft, spoken
from tests.cli.conftest import COMMAND, Run

Make = Callable[..., Path]


def test_a_folder_is_restored_and_one_bad_photo_fails_alone(tmp_path: Path, make_photo: Make, run: Run) -> None:
    good = make_photo(tmp_path / "in" / "a.png")
    before = good.read_bytes()
    make_photo(tmp_path / "in" / "b.JPG")
    (tmp_path / "in" / "bad.jpg").write_bytes(b"not a picture")
    (tmp_path / "in" / "notes.txt").write_text("hello")
    done = run("restore", "in")
    assert done.returncode == 1
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == [
        "a.png", "a_restored.png", "b.JPG", "b_restored.JPG", "bad.jpg", "notes.txt",
    ]  # fmt: skip
    assert good.read_bytes() == before
    assert "bad.jpg" in done.stderr
    assert "Skipped 1 file of other kinds." in done.stderr
    assert "Traceback" not in done.stderr


def test_json_is_one_object_per_photo(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "a.png")
    done = run("restore", "a.png", "missing.png", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [(line["input"], line["status"]) for line in lines] == [("a.png", "restored"), ("missing.png", "failed")]
    assert lines[0]["output"] == "a_restored.png"
    assert lines[0]["width"] == 96
    assert lines[0]["processedSize"] == (tmp_path / "a_restored.png").stat().st_size
    assert "no such file" in lines[1]["error"]


def test_resume_skips_what_is_there(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "a.png")
    make_photo(tmp_path / "b.png")
    assert run("restore", "a.png", "-o", "out/").returncode == 0
    stamp = (tmp_path / "out" / "a_restored.png").stat().st_mtime_ns
    done = run("restore", "*.png", "-o", "out", "--resume", "--json")
    assert done.returncode == 0
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["skipped", "restored"]
    assert (tmp_path / "out" / "a_restored.png").stat().st_mtime_ns == stamp


def test_results_are_replaced_only_when_asked(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "a.png")
    (tmp_path / "a_restored.png").write_bytes(b"mine")
    refused = run("restore", "a.png")
    assert refused.returncode == 1
    assert "--overwrite" in refused.stderr
    assert (tmp_path / "a_restored.png").read_bytes() == b"mine"
    assert run("restore", "a.png", "--overwrite").returncode == 0
    assert imaging.open_image(tmp_path / "a_restored.png").width == 96


def test_a_photo_is_never_overwritten(tmp_path: Path, make_photo: Make, run: Run) -> None:
    photo = make_photo(tmp_path / "a.png")
    before = photo.read_bytes()
    (tmp_path / "link.png").symlink_to(photo)
    for place in ("a.png", "link.png"):
        assert run("restore", "a.png", "-o", place, "--overwrite").returncode == 1, place
    assert photo.read_bytes() == before


def test_photos_of_one_name_do_not_collide(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "x" / "a.png")
    make_photo(tmp_path / "y" / "a.png")
    assert run("restore", "x/a.png", "y/a.png", "-o", "out").returncode == 0
    assert sorted(os.listdir(tmp_path / "out")) == ["a_restored-2.png", "a_restored.png"]


def test_recursion_keeps_the_folders(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / "deep" / "a.png")
    assert run("restore", "in", "-o", "out", "--recursive").returncode == 0
    assert (tmp_path / "out" / "a_restored.png").is_file()
    assert (tmp_path / "out" / "deep" / "a_restored.png").is_file()


def test_the_format_follows_the_name_of_the_result(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "a.png")
    assert run("restore", "a.png", "-o", "r.tif", "--mask-out", "m.png").returncode == 0
    assert imaging.open_image(tmp_path / "r.tif").format == "tiff"
    assert imaging.open_image(tmp_path / "m.png").pixels.shape == (96, 96, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["restore"],
        ["restore", "a.png", "--denoise-strength", "101"],
        ["restore", "a.png", "--fidelity", "nan"],
        ["restore", "a.png", "--models", "best"],
        ["restore", "a.png", "--format", "docx"],
        ["restore", "a.png", "b.png", "--mask", "m.png"],
        ["restore", "a.png", "b.png", "-o", "a.png"],
        ["restore", "a.png", "b.png", "-o", "single.jpg"],
        ["restore", "a.png", "--watch"],
        ["restored"],
    ],
)
def test_wrong_usage_ends_with_two(arguments: list[str], tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "a.png")
    make_photo(tmp_path / "b.png")
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_called_by_its_option(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "a.png")
    assert "--denoise-strength: must be at most 100" in run("restore", "a.png", "--denoise-strength", "101").stderr
    assert "--format: docx is not a format" in run("restore", "a.png", "--format", "docx").stderr


def test_an_empty_folder_and_a_place_that_cannot_be_made_are_said(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "a.png")
    (tmp_path / "empty").mkdir()
    assert "no photos" in run("restore", "empty").stderr
    done = run("restore", "a.png", "-o", "a.png/below/")
    assert done.returncode == 1
    assert "cannot be made" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGKILL", -9)])
def test_a_stopped_batch_leaves_whole_results_and_is_resumed(
    tmp_path: Path, make_photo: Make, run: Run, name: str, code: int
) -> None:
    for index in range(6):
        make_photo(tmp_path / "in" / f"{index}.png", size=512, sigma=12)
    with subprocess.Popen(
        [*COMMAND, "restore", "in", "-o", "out"], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "out" / "0_restored.png").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.Signals[name])
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert b"Traceback" not in errors
    results = list((tmp_path / "out").glob("*_restored.png"))
    assert 1 <= len(results) < 6
    for result in results:
        assert imaging.open_image(result).width == 512
    if name != "SIGKILL" or sys.platform == "linux":
        assert not list((tmp_path / "out").glob(".*"))
    assert run("restore", "in", "-o", "out", "--resume").returncode == 0
    assert len(list((tmp_path / "out").glob("*_restored.png"))) == 6


@pytest.mark.skipif(os.name == "nt", reason="POSIX limits")
def test_a_full_disk_leaves_nothing(tmp_path: Path, make_photo: Make) -> None:
    import resource

    make_photo(tmp_path / "a.png")
    (tmp_path / "b_restored.png").write_bytes(b"earlier")
    make_photo(tmp_path / "b.png")
    done = subprocess.run(
        [*COMMAND, "restore", "a.png", "b.png", "--overwrite"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    assert done.returncode == 1
    assert "a_restored.png could not be written: File too large." in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png", "b_restored.png"]
    assert (tmp_path / "b_restored.png").read_bytes() == b"earlier"


@pytest.mark.skipif(sys.platform != "linux", reason="names of arbitrary bytes")
@pytest.mark.parametrize("name", [b"\xfc\xf1 \xe9.png", "\u5199\u771f.png".encode(), b"[bold]\n.png"])
def test_names_may_be_any_bytes(name: bytes, tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "a.png").rename(tmp_path / os.fsdecode(name))
    for option in ("--json", "--resume"):
        done = run("restore", ".", "--no-scratch-removal", option)
        assert done.returncode == 0, done.stderr
        if option == "--json":
            assert json.loads(done.stdout)["input"] == os.fsdecode(name)
    assert os.fsencode(os.fsdecode(name)).removesuffix(b".png") + b"_restored.png" in os.listdir(os.fsencode(tmp_path))


def test_names_that_would_be_too_long_are_cut(tmp_path: Path, make_photo: Make, run: Run) -> None:
    for stem in ("x" * 251, "x" * 250 + "y", "\u5199" * 83):
        make_photo(tmp_path / "a.png").rename(tmp_path / f"{stem}.png")
    done = run("restore", ".", "-o", "out", "--no-scratch-removal")
    assert done.returncode == 0, done.stderr
    names = sorted(os.listdir(tmp_path / "out"))
    assert names == sorted(
        ["x" * 242 + "_restored.png", "x" * 240 + "_restored-2.png", "\u5199" * 80 + "_restored.png"]
    )
    assert run("restore", ".", "-o", "out", "--no-scratch-removal", "--resume", "--json").stdout.count("skipped") == 3


@pytest.mark.skipif(os.name == "nt", reason="POSIX descriptors")
@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_closed_stream_does_not_matter(closed: int, tmp_path: Path, make_photo: Make) -> None:
    make_photo(tmp_path / "a.png")
    command = f"{sys.executable} -m daguerre.cli restore a.png --no-scratch-removal {closed}>&-"
    assert subprocess.run(command, shell=True, cwd=tmp_path, timeout=240, check=False).returncode == 0
    assert imaging.open_image(tmp_path / "a_restored.png").width == 96


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_reader_that_leaves_ends_the_batch(tmp_path: Path, make_photo: Make) -> None:
    for name in "abc":
        make_photo(tmp_path / f"{name}.png")
    command = (
        f"{sys.executable} -m daguerre.cli restore . --json --no-scratch-removal --no-denoise --no-face-enhancement"
    )
    with subprocess.Popen(command.split(), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert json.loads(process.stdout.readline())["status"] == "restored"
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 1
    assert "Traceback" not in said and "failed" not in said and "roken pipe" not in said
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_truncated_photo_is_restored_where_that_is_asked_for(tmp_path: Path, make_photo: Make, run: Run) -> None:
    photo = make_photo(tmp_path / "a.png")
    photo.write_bytes(photo.read_bytes()[: photo.stat().st_size * 3 // 4])
    refused = run("restore", "a.png")
    assert refused.returncode == 1
    assert "recover" in refused.stderr
    assert run("restore", "a.png", "--recover").returncode == 0
    assert imaging.open_image(tmp_path / "a_restored.png").width == 96


def test_a_photo_is_enlarged_and_one_that_would_be_too_large_fails_alone(
    tmp_path: Path, make_photo: Make, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGUERRE_MAX_PIXELS", "20000")
    make_photo(tmp_path / "small.png", size=64)
    make_photo(tmp_path / "large.png", size=80)
    done = run("restore", "large.png", "small.png", "--upscale", "2", "--no-denoise", "--mask-out", "m.png", "--json")
    assert done.returncode == 2  # One mask is for one photo.
    done = run("restore", "large.png", "small.png", "--upscale", "2", "--no-denoise", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["status"] for line in lines] == ["failed", "restored"]
    assert "160 x 160 pixels, more than the 20000" in lines[0]["error"]
    assert (lines[1]["width"], lines[1]["upscale"], lines[1]["steps"]) == (128, 2, ["upscale"])
    assert run("restore", "small.png", "--upscale", "3").returncode == 2
    masked = run("restore", "small.png", "--upscale", "2", "--mask-out", "m.png", "-o", "larger.png")
    assert masked.returncode == 0, masked.stderr
    assert imaging.open_image(tmp_path / "m.png").pixels.shape[:2] == (64, 64)


def test_a_dry_run_writes_nothing(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / "b.jpg")
    make_photo(tmp_path / "out" / "b_restored.jpg")
    done = run("restore", "in", "-o", "out", "--resume", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"a.png -> {Path('out', 'a_restored.png')}" in done.stdout
    assert "1 would be restored, 1 skipped, 0 failed." in done.stderr
    assert not (tmp_path / "out" / "a_restored.png").exists()


def test_before_and_after_come_as_one_picture(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "a.png", sigma=20)
    assert run("restore", "a.png", "--compare").returncode == 0
    assert imaging.open_image(tmp_path / "a_before_after.jpg").width > 2 * 96
    assert "a_before_after" not in run("restore", ".", "--resume").stdout


def test_subfolders_that_were_not_entered_are_counted(tmp_path: Path, make_photo: Make, run: Run) -> None:
    make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / "more" / "b.png")
    done = run("restore", "in", "--dry-run")
    assert "Skipped 1 subfolder. Add -r to include subfolders." in done.stderr
    assert "subfolder" not in run("restore", "in", "-r", "--dry-run").stderr


def test_a_hint_asks_for_color(tmp_path: Path, run: Run) -> None:
    Image.fromarray(np.linspace(0, 255, 9216).astype(np.uint8).reshape(96, 96)).save(tmp_path / "a.png")
    done = run("restore", "a.png", "--hint", "40,40=#aa3322", "--json")
    assert json.loads(done.stdout)["colorized"]
    done = run("restore", "a.png", "--hint", "40,40=#aa3322", "--no-colorize", "--json", "--overwrite")
    assert not json.loads(done.stdout)["colorized"]


def test_a_missing_model_is_not_taken_for_nothing_to_do(
    tmp_path: Path, make_photo: Make, run: Run, monkeypatch
) -> None:
    make_photo(tmp_path / "a.png", sigma=0)
    assert run("restore", "a.png").returncode == 0
    monkeypatch.setenv("DAGUERRE_ROLES", '{"inpaint": "full/lama@1", "damage": "full/lama@1"}')
    monkeypatch.setenv("DAGUERRE_DATA", str(tmp_path / "data"))
    done = run("restore", "a.png", "--overwrite")
    assert done.returncode == 3
    assert "not restored: model missing" in done.stdout
    assert "daguerre models install" in done.stderr
    monkeypatch.delenv("DAGUERRE_ROLES")
    done = run("restore", "a.png", "--models", "full", "--overwrite")
    assert done.returncode == 3
    assert "Install it with: daguerre models install" in done.stderr


def test_an_invalid_variable_is_named_in_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGUERRE_THREADS", "x")
    done = run("restore", "a.png")
    assert done.returncode == 2
    assert done.stderr == "daguerre: Invalid value for the environment variable DAGUERRE_THREADS.\n"


def test_misspelt_variables_and_roles_are_named(tmp_path: Path, make_photo: Make, run: Run, monkeypatch) -> None:
    make_photo(tmp_path / "a.png", sigma=0)
    monkeypatch.setenv("DAGUERRE_THREAD", "1")
    warning = "DAGUERRE_THREAD is not a setting; did you mean DAGUERRE_THREADS?"
    assert run("restore", "a.png").stderr.count(warning) == 1
    monkeypatch.setenv("DAGUERRE_ROLES", '{"inpainting": "full/migan@2"}')
    done = run("restore", "a.png", "--overwrite")
    assert done.returncode == 2
    assert "there is no role inpainting" in done.stderr


def test_the_time_left_follows_the_bytes_that_are_done() -> None:
    now = [0.0]
    left = TimeLeft(lambda: now[0])
    assert left.seconds(0.0) is None
    now[0] = 10
    assert left.seconds(0.25) == 30
    left.leave_out(0.5)
    assert left.seconds(0.75) == 10
    assert [spoken(seconds) for seconds in (None, 0.2, 42, 200, 7500)] == [
        "", "about 1 s left", "about 42 s left", "about 3 min left", "about 2 h 5 min left",
    ]  # fmt: skip
