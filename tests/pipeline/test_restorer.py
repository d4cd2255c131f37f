"""The restorer's door: sources, masks, settings."""

from __future__ import annotations

import numpy as np
import pytest

import daguerre
from daguerre.config import Config
from daguerre.models.catalog import Catalog
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache

OFF = daguerre.Settings(scratch_removal=False, denoise=False, face_enhancement=False)


@pytest.fixture
def restorer(tmp_path):
    config = Config(data=tmp_path)
    return daguerre.Restorer(config=config, cache=ModelCache(Catalog(), Store(tmp_path, embedded=tmp_path), config))


def photo(height=30, width=40):
    return daguerre.Photo(np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8), "png")


def test_nothing_wanted_gives_the_photo_back(restorer):
    source = photo()
    result = restorer.restore(source, OFF)
    assert result.photo.pixels is source.pixels
    assert (result.width, result.height) == (40, 30)
    assert (result.steps, result.faces, result.scratch_coverage, result.damage_mask) == ([], [], 0.0, None)
    assert (result.noise_sigma, result.colorized, result.warnings) == (None, False, [])


def test_fields_replace_those_of_the_settings(restorer):
    with pytest.raises(daguerre.InvalidSettings, match="denoise_strength"):
        restorer.restore(photo(), OFF, denoise_strength=101)
    with pytest.raises(daguerre.InvalidSettings, match="sharpen: is not a setting"):
        restorer.restore(photo(), sharpen=True)
    assert "colorized" in restorer.restore(photo(), OFF, colorize=True).warnings[0]


def test_models_of_the_settings_win(restorer):
    with pytest.raises(daguerre.ModelNotInstalled):
        restorer.restore(photo(), OFF, colorize=True, models="full")
    strict = daguerre.Restorer("full", cache=restorer.cache)
    with pytest.raises(daguerre.ModelNotInstalled):
        strict.restore(photo(), OFF, colorize=True)
    assert strict.restore(photo(), OFF, colorize=True, models="auto").warnings


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((30, 41), np.uint8),
        np.zeros((40, 30), bool),
        np.zeros(30, np.uint8),
        np.zeros((30, 40, 0), np.uint8),
        daguerre.Photo(np.zeros((31, 40, 1), np.uint8), "png"),
    ],
)
def test_a_mask_of_another_size_is_refused(restorer, mask):
    with pytest.raises(daguerre.InvalidMask):
        restorer.restore(photo(), mask=mask)


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((30, 40), np.uint8),
        np.zeros((30, 40, 4), np.uint16),
        np.zeros((30, 40), bool),
        daguerre.Photo(np.zeros((30, 40, 1), np.uint8), "png"),
    ],
)
def test_an_empty_mask_repairs_nothing(restorer, mask):
    source = photo()
    result = restorer.restore(source, denoise=False, face_enhancement=False, mask=mask)
    assert result.photo.pixels is source.pixels
    assert result.warnings == []
    assert result.damage_mask is None


@pytest.mark.parametrize("mask", [np.full((30, 40), 0.2, np.float32), np.full((30, 40), 127, np.uint8)])
def test_a_mask_that_marks_nothing_is_named(restorer, mask):
    result = restorer.restore(photo(), denoise=False, face_enhancement=False, mask=mask)
    assert result.warnings == ["The mask marks nothing: nowhere is it brighter than half of white."]


@pytest.mark.parametrize("source", [7, None, ["a.jpg", "b.jpg"], {"x": 1}, 2.5])
def test_what_is_no_source_is_a_type_error(restorer, source):
    with pytest.raises(TypeError, match="A photo is a path"):
        restorer.restore(source, OFF)
    with pytest.raises(TypeError, match="A photo is a path"):
        restorer.restore(photo(), OFF, mask=source or 7)


def test_photos_of_wrong_pixels_are_named(restorer):
    for pixels in (np.zeros((3, 4), np.uint8), np.zeros((3, 4, 2), np.uint8), np.zeros((3, 4, 3), np.float64)):
        with pytest.raises(daguerre.InvalidImage, match="The pixels of a Photo"):
            restorer.restore(daguerre.Photo(pixels, "png"), OFF)
    with pytest.raises(daguerre.InvalidImage, match="alpha"):
        restorer.restore(daguerre.Photo(np.zeros((3, 4, 3), np.uint8), "png", np.zeros((4, 3), np.uint8)), OFF)


def test_choices_are_judged_before_the_work(restorer):
    with pytest.raises(daguerre.InvalidSettings, match="gifx"):
        restorer.restore("there-is-no-such-file.jpg", output_format="gifx")
    with pytest.raises(daguerre.InvalidSettings, match="device: must be one of"):
        daguerre.Restorer(device="gpu")
    with pytest.raises(daguerre.InvalidSettings, match="models: must be one of"):
        daguerre.Restorer("best")
    events = []
    with pytest.raises(daguerre.ModelNotInstalled):
        restorer.restore(photo(), models="full", colorize=True, on_progress=events.append)
    assert events == []


def test_a_mask_without_a_model_is_told(restorer):
    result = restorer.restore(photo(), denoise=False, face_enhancement=False, mask=np.ones((30, 40), bool))
    assert result.warnings == ["Scratches were not repaired: no model for inpaint is installed."]
    assert result.scratch_coverage == 0


def test_a_mask_that_is_not_used_is_named(restorer):
    result = restorer.restore(photo(), OFF, mask=np.ones((30, 40), bool))
    assert result.warnings == ["The mask was not used: the removal of scratches is off."]


def test_a_restored_file_says_that_it_was_enhanced():
    import daguerre

    rng = np.random.default_rng(0)
    noisy = np.clip(128 + rng.normal(0, 20, (96, 128, 3)), 0, 255).astype(np.uint8)
    result = daguerre.restore(daguerre.Photo(noisy, "png"), scratch_removal=False)
    assert result.steps == ["denoise"]
    again = daguerre.open(result.encode().data)
    assert b"algorithmicallyEnhanced" in (again.metadata.xmp or b"")
    assert b"embedded/denoise@" in (again.metadata.xmp or b"")
