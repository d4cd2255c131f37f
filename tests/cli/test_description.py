"""``daguerre inspect`` tells what a file holds and what a restoration would lose."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from daguerre.imaging.containers.tiff_ifd import long
from tests.cli.conftest import Run
from tests.imaging import tiffs
from tests.imaging.specimens import specimens


def test_pages_sections_and_losses(tmp_path: Path, run: Run) -> None:
    small, large = np.zeros((6, 8, 3), np.uint8), np.zeros((60, 80, 3), np.uint16)
    (tmp_path / "a.tif").write_bytes(tiffs.file(tiffs.of(small, 2, t254=long(1)), tiffs.of(large, 2)))
    (tmp_path / "b.jpg").write_bytes(specimens()["jpeg-uint8-3"])
    made = run("inspect", "a.tif", "b.jpg")
    assert made.returncode == 0
    assert "thumbnail  8 x 6, 8 bits" in made.stdout
    assert "photo      80 x 60, 16 bits, RGB" in made.stdout
    assert "reduced preview was left out" in made.stdout
    assert "color profile, EXIF, XMP, IPTC" in made.stdout
    first, second = (json.loads(line) for line in run("inspect", "--json", "a.tif", "b.jpg").stdout.splitlines())
    assert [page["kind"] for page in first["pages"]] == ["thumbnail", "photo"]
    assert (first["width"], first["bits"], len(first["losses"])) == (80, 16, 1)
    assert (second["dpi"], second["losses"], second["result"]) == ([300, 300], [], "JPEG")


def test_what_cannot_be_restored_is_named(tmp_path: Path, run: Run) -> None:
    data = specimens()["png-uint8-3"]
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.png").write_text("Dear diary")
    made = run("inspect", "cut.png", "text.png", "absent.png")
    assert made.returncode == 1
    assert "48 x 40, 8 bits" in made.stdout
    assert "truncated" in made.stdout
    assert "text.png: The file is not a picture" in made.stdout
    assert "does not exist" in made.stdout
