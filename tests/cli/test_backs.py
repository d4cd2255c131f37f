"""Backs of prints, as FastFoto names them, are copied beside the results of their fronts."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from daguerre.cli.app import app

QUIET = ["--no-scratch-removal", "--no-denoise", "--no-face-enhancement"]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "photos"
    made.mkdir()
    for number, name in enumerate(("a.jpg", "a_B.jpg", "b.jpg", "b_a.jpg", "b_b.jpg", "c_a.jpg", "c_b.jpg", "d_b.jpg")):
        Image.new("RGB", (40, 30), (20 * number, 90, 120)).save(made / name)
    return made


def restore(*arguments):
    told = CliRunner().invoke(app, ["restore", *map(str, arguments), *QUIET])
    assert told.exit_code == 0, told.output
    return told


def test_backs_are_copied_and_their_fronts_restored(folder, tmp_path):
    out = tmp_path / "out"
    told = restore(folder, "-o", out, "--json")
    assert sorted(path.name for path in out.iterdir()) == [
        "a_B.jpg", "a_restored.jpg", "b_a_restored.jpg", "b_b.jpg", "b_restored.jpg", "c_a_restored.jpg", "c_b.jpg",
        "d_b_restored.jpg",
    ]  # fmt: skip
    for name in ("a_B.jpg", "b_b.jpg", "c_b.jpg"):
        assert (out / name).read_bytes() == (folder / name).read_bytes()
    status = [json.loads(line)["status"] for line in told.stdout.splitlines() if line.startswith("{")]
    assert status.count("copied") == 3
    assert "back of a print, copied" in told.stderr


def test_backs_stay_where_results_lie_beside_the_photos(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    told = restore(folder)
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert not (folder / "a_B_restored.jpg").exists()
    assert "Left 3 backs of prints" in told.stderr


def test_a_back_that_is_named_is_restored(folder, tmp_path):
    restore(folder / "a_B.jpg", "-o", tmp_path / "back.jpg")
    assert (tmp_path / "back.jpg").exists()


def test_a_dry_run_copies_nothing(folder, tmp_path):
    told = restore(folder, "-o", tmp_path / "out", "--dry-run")
    assert not (tmp_path / "out").exists()
    assert "to be copied" in told.stderr
