"""Settings with names: kept, taken up, and read from what was restored with them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import daguerre
from daguerre import InvalidSettings, Settings
from daguerre.cli.app import app
from daguerre.config import Config
from daguerre.imaging.metadata import provenance
from daguerre.recipes import list_recipes, load_recipe, save_recipe


def test_a_recipe_comes_back_without_what_is_true_of_one_photo(tmp_path):
    kept = Settings(fading=80, fidelity=0.9, denoise=False, output_format="png", faces=[0])
    path = save_recipe(kept, "aunt Ida's wedding".replace("'", ""), tmp_path)
    assert path.parent == tmp_path
    again = load_recipe("aunt Idas wedding", tmp_path)
    assert again == load_recipe(path, tmp_path / "elsewhere")
    assert again.given == {"fading": 80, "fidelity": 0.9, "denoise": False, "output_format": "png"}
    assert list(list_recipes(tmp_path)) == ["aunt Idas wedding"]


@pytest.mark.parametrize(
    ("text", "field"), [("fading = 800", "fading"), ("fadding = 8", "fadding"), ("fading: 8", "recipe")]
)
def test_a_recipe_that_is_wrong_says_where(tmp_path, text, field):
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(InvalidSettings) as error:
        load_recipe("wrong", tmp_path)
    assert [name for name, _ in error.value.problems] == [field]
    assert list_recipes(tmp_path) == {}


@pytest.mark.parametrize("name", ["none", "../outside", "/etc/passwd.toml", ""])
def test_there_is_none_of_that_name(tmp_path, name):
    (tmp_path.parent / "outside.toml").write_text("fading = 8")
    with pytest.raises(InvalidSettings):
        load_recipe(name, tmp_path)


@pytest.fixture
def old(tmp_path):
    noise = np.random.default_rng(1).normal(120, 25, (60, 80, 3))
    Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)).save(tmp_path / "old.png")
    return tmp_path / "old.png"


def test_a_restored_photo_tells_its_settings(old, tmp_path):
    wanted = Settings(denoise_strength=60, scratch_removal=False, face_enhancement=False)
    result = daguerre.restore(old, wanted)
    assert result.steps == ["denoise"]
    result.save(tmp_path / "restored.png")
    assert load_recipe(tmp_path / "restored.png", tmp_path) == wanted
    again = daguerre.restore(old, load_recipe(tmp_path / "restored.png", tmp_path))
    assert np.array_equal(again.photo.pixels, result.photo.pixels)
    with pytest.raises(InvalidSettings, match="neither"):
        load_recipe(old, tmp_path)


def test_what_is_told_in_xmp_is_not_trusted(old):
    photo = daguerre.open(old)
    for packet in (b"", b"<a", b'<x xmlns:d="urn:daguerre:restoration#" d:Settings="[1]"/>'):
        photo.metadata = type(photo.metadata)(xmp=packet)
        assert provenance.recorded_settings(photo) is None


def test_the_command_line_keeps_and_takes_recipes(old, tmp_path, monkeypatch):
    monkeypatch.setenv("DAGUERRE_DATA", str(tmp_path / "data"))
    quick = ["--no-scratch-removal", "--no-face-enhancement"]
    kept = CliRunner().invoke(app, ["restore", str(old), "--denoise-strength", "60", *quick, "--save-recipe", "attic"])
    assert kept.exit_code == 0, kept.output
    assert load_recipe("attic", Config().recipes).denoise_strength == 60
    out = str(tmp_path / "second.png")
    told = CliRunner().invoke(app, ["restore", str(old), "-o", out, "--recipe", "attic", "--denoise-strength", "40"])
    assert told.exit_code == 0, told.output
    assert load_recipe(out, tmp_path).given == {
        "denoise_strength": 40, "scratch_removal": False, "face_enhancement": False, "output_format": ".png",
    }  # fmt: skip


def test_the_service_takes_and_lists_recipes(server, photo):
    folder = Config(data=server.data).recipes
    save_recipe(Settings(denoise=False, output_format="png", models="full"), "attic", folder)
    listed = server.client.get("/api/v1/recipes").json()["recipes"]
    assert listed == [{"name": "attic", "settings": {"denoise": False, "outputFormat": "png", "models": "full"}}]
    tool = "/api/v1/tools/restore-photo"
    answers = {}
    for name in ("attic", "none", "../service/jobs", "/etc/passwd"):
        sent = {"settings": json.dumps({"denoise": True}), "recipe": name}
        answers[name] = server.client.post(tool, files={"file": ("a.png", photo)}, data=sent)
    # The recipe asks for models that are not installed, and the settings do not say otherwise.
    assert answers.pop("attic").json()["code"] == "FEATURE_NOT_INSTALLED"
    for answer in answers.values():
        assert answer.status_code == 400 and "recipe: is no" in answer.text, answer.text
