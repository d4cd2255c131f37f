"""Settings refuse what is wrong, in words."""

from __future__ import annotations

import math

import pytest

from daguerre.errors import InvalidSettings
from daguerre.face import Face
from daguerre.settings import ColorHint, Settings, SettingsFields


def test_defaults_are_those_of_the_specification():
    settings = Settings()
    assert settings.model_dump(by_alias=True) == {
        "scratchRemoval": True,
        "scratchSensitivity": 50,
        "faceEnhancement": True,
        "fidelity": 0.7,
        "denoise": True,
        "denoiseStrength": 25,
        "colorize": False,
        "colorizeStrength": 85,
        "upscale": 1,
        "models": "auto",
        "faces": None,
        "colorHints": None,
        "treatAsGrayscale": "auto",
        "negative": "off",
        "fading": 0,
        "tone": "keep",
        "infrared": False,
        "recover": False,
        "rotate": 0,
        "date": None,
        "caption": None,
        "outputFormat": None,
        "quality": None,
    }


def test_both_names_of_a_field_work():
    assert Settings(denoise_strength=40) == Settings(denoiseStrength=40)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("fidelity", 1.1, "fidelity: must be at most 1"),
        ("fidelity", "0.7", "fidelity: must be a number"),
        ("fidelity", math.nan, "fidelity: must be"),
        ("fidelity", True, "fidelity: must be a number"),
        ("denoise_strength", -1, "denoise_strength: must be at least 0"),
        ("denoiseStrength", 101, "denoise_strength: must be at most 100"),
        ("colorize", 1, "colorize: must be true or false"),
        ("colorize", "yes", "colorize: must be true or false"),
        ("models", "best", "models: must be auto, embedded or full"),
        ("upscale", 3, "upscale: must be 1, 2 or 4"),
        ("upscale", True, "upscale: must be 1, 2 or 4"),
        ("upscale", 2.0, "upscale: must be 1, 2 or 4"),
        ("rotate", 45, "rotate: must be 0, 90, 180 or 270"),
        ("rotate", False, "rotate: must be 0, 90, 180 or 270"),
        ("negative", "yes", "negative: must be auto, bw, color or off"),
        ("quality", 0, "quality: must be at least 1"),
        ("quality", 80.0, "quality: must be"),
        ("sharpen", 3, "sharpen: is not a setting"),
        ("faces", [[1, 2, 3]], "faces: "),
        ("color_hints", [{"x": 1, "y": 2, "color": "red"}], "color_hints: "),
    ],
)
def test_a_bad_field_is_named(field, value, message):
    with pytest.raises(InvalidSettings) as error:
        Settings(**{field: value})
    assert str(error.value).startswith(message)


def test_every_bad_field_is_named_once():
    with pytest.raises(InvalidSettings) as error:
        Settings(fidelity=2, denoise="x", nonsense=1)
    assert str(error.value).split("; ") == [
        "fidelity: must be at most 1",
        "denoise: must be true or false",
        "nonsense: is not a setting",
    ]


def test_updated_keeps_what_was_set_and_validates():
    settings = Settings(fidelity=0.5).updated(denoiseStrength=10)
    assert (settings.fidelity, settings.denoise_strength) == (0.5, 10)
    assert settings.model_fields_set == {"fidelity", "denoise_strength"}
    with pytest.raises(InvalidSettings):
        settings.updated(fidelity=3)


def test_the_wire_ignores_and_names_what_it_does_not_know():
    settings, ignored = Settings.from_wire({"denoise": False, "sharpen": 1, "scratch_removal": False})
    assert settings == Settings(denoise=False)
    assert ignored == ["sharpen", "scratch_removal"]


def test_mode_fills_in_what_is_absent():
    settings, ignored = Settings.from_wire({"mode": "heavy", "denoiseStrength": 5})
    assert ignored == []
    assert settings.denoise_strength == 5
    assert settings.scratch_sensitivity > Settings().scratch_sensitivity
    with pytest.raises(InvalidSettings, match="mode: must be auto, light or heavy"):
        Settings.from_wire({"mode": ["heavy"]})


def test_boxes_and_hints():
    settings = Settings(faces=[0, [1, 2, 30, 40.5]], colorHints=[{"x": 1, "y": 2, "color": "#A0b1C2"}])
    assert settings.faces == [0, [1, 2, 30, 40.5]]
    assert settings.color_hints is not None
    assert settings.color_hints[0].color == "#A0b1C2"


def test_tuples_and_found_faces_choose_faces():
    found = Face((5, 6, 7, 8), 0.9)
    assert Settings(faces=(0, (1, 2, 30, 40.5), found)).faces == [0, [1, 2, 30, 40.5], [5, 6, 7, 8]]
    hints = (ColorHint(x=1, y=2, color="#102030"), {"x": 3, "y": 4, "color": "#405060"})
    assert len(Settings(color_hints=hints).color_hints or []) == 2


def test_callers_are_told_of_every_field():
    assert list(SettingsFields.__annotations__) == list(Settings.model_fields)


def test_a_slip_of_the_pen_names_the_setting():
    with pytest.raises(InvalidSettings, match="is not a setting; did you mean denoise_strength"):
        Settings(denoise_strenght=30)
