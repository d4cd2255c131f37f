"""``daguerre split``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from daguerre import imaging
from daguerre.cli import app
from daguerre.cli.signals import Stop
from daguerre.imaging.photo import Photo
from tests.album import drawing
from tests.album.test_split import TWO


@pytest.fixture
def split(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command; gives its exit code, what it printed and its errors."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["daguerre", "split", *map(str, arguments)])
        code = app.run(Stop())
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def scan(path: Path, places: list[drawing.Points]) -> Path:
    """A page with photos at ``places``."""
    path.write_bytes(imaging.encode(Photo(drawing.page((24, 22, 21), places), "png"), format=path.suffix).data)
    return path


def test_photos_are_numbered_and_never_replaced_unasked(tmp_path: Path, split) -> None:
    page, out = scan(tmp_path / "page.tif", TWO), tmp_path / "out"
    before = page.read_bytes()
    code, said, _ = split(page, "-o", out, "--no-upright", "--dry-run")
    assert code == 0 and not out.exists()
    assert [line.split(" -> ")[1].split("  ")[0] for line in said.splitlines()] == [
        str(out / "page-01.tif"), str(out / "page-02.tif"),
    ]  # fmt: skip
    code, said, _ = split(page, "-o", out, "--no-upright", "--json")
    told = [json.loads(line) for line in said.splitlines()]
    assert code == 0
    assert [Path(line["output"]).name for line in told] == sorted(path.name for path in out.iterdir())
    assert np.abs(np.array(told[0]["corners"]) - TWO[0]).max() < 2
    stored = (out / "page-01.tif").read_bytes()
    assert b"page.tif" in (imaging.open_image(stored).metadata.xmp or b"")
    code, _, errors = split(page, "-o", out, "--no-upright")
    assert code == 1 and "already exists. Use --overwrite" in errors
    assert split(page, "-o", out, "--no-upright", "--overwrite")[0] == 0
    assert page.read_bytes() == before


def test_a_page_without_photos_fails_with_a_sentence_and_the_others_go_on(tmp_path: Path, split) -> None:
    scan(tmp_path / "a.png", [])
    scan(tmp_path / "b.png", TWO[:1])
    code, said, errors = split(tmp_path, "-o", tmp_path / "out", "--no-upright", "--format", "jpeg", "--json")
    assert code == 1
    assert f"{tmp_path / 'a.png'}: no photos were found on this page." in errors
    failed, written = (json.loads(line) for line in said.splitlines())
    assert (failed["status"], failed["output"]) == ("failed", None) and "no photos" in failed["error"]
    assert Path(written["output"]) == tmp_path / "out" / "b-01.jpg" and (tmp_path / "out" / "b-01.jpg").is_file()


def test_photos_of_an_earlier_run_are_no_pages(tmp_path: Path, split) -> None:
    page = scan(tmp_path / "page.png", TWO)
    assert split(page, "--no-upright")[0] == 0
    code, said, errors = split(tmp_path, "--no-upright", "--overwrite")
    assert (code, errors) == (0, "")
    assert len(said.splitlines()) == 2
