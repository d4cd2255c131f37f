"""Faces on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from skimage import data

from daguerre import imaging
from daguerre.cli.faces import chosen_face
from daguerre.errors import WrongUsage
from daguerre.imaging.photo import Photo
from tests.cli.conftest import Run

QUICK = ("--no-scratch-removal", "--no-denoise", "--fidelity", "0.5")


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    pixels = cv2.GaussianBlur(data.astronaut(), (0, 0), 3)
    path.write_bytes(imaging.encode(Photo(pixels, "png"), format="png").data)
    return path


def test_faces_are_listed_and_drawn(tmp_path: Path, portrait: Path, run: Run) -> None:
    done = run("restore", portrait, *QUICK, "--faces-out", "faces.json", "--json")
    assert done.returncode == 0, done.stderr
    listed = json.loads((tmp_path / "faces.json").read_text())
    assert listed == json.loads(done.stdout)["faces"] and listed[0]["enhanced"]
    done = run("restore", portrait, *QUICK, "--faces-out", "faces.png", "--overwrite")
    assert done.returncode == 0, done.stderr
    drawn = imaging.open_image(tmp_path / "faces.png").pixels
    plain = imaging.open_image(tmp_path / "portrait_restored.png").pixels
    x, y, width, _ = listed[0]["box"]
    assert drawn.shape == plain.shape
    assert (drawn[y, x : x + width] != plain[y, x : x + width]).any(1).all()


def test_one_face_is_chosen_by_its_number_or_box(portrait: Path, run: Run) -> None:
    done = run("restore", portrait, *QUICK, "--face", "5", "--json")
    said = json.loads(done.stdout)
    assert said["facesEnhanced"] == 0 and said["warnings"][0].startswith("There is no face 5")
    done = run("restore", portrait, *QUICK, "--face", "170,60,100,110", "--json", "--overwrite")
    assert json.loads(done.stdout)["facesEnhanced"] == 1


@pytest.mark.parametrize("text", ["", "x", "-1", "1,2", "1,2,3,x", "1,2,3,4,5"])
def test_what_is_no_face_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match="--face"):
        chosen_face(text)
