"""What the documents show works as they show it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import daguerre
from daguerre.settings import Settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.S | re.M)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder with the photos that the documents name."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(1).integers(100, 140, (60, 80, 3), np.uint8)
    for name in ("grandma.jpg", "wedding.tif", "group.jpg", "scan.tif", "scan_infrared.tif", "page.tif"):
        Image.fromarray(pixels).convert("L" if name in ("wedding.tif", "scan_infrared.tif") else "RGB").save(name)
    return tmp_path


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if blocks(path, "python")], ids=lambda path: path.name)
def test_the_python_in_the_documents_runs(path, photos):
    space: dict[str, object] = {"daguerre": daguerre}
    for block in blocks(path, "python"):
        exec(compile(block, str(path), "exec"), space)


def test_every_setting_is_explained():
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`{name}`" not in text] == []
