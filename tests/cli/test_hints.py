"""Colour hints on the command line."""

from __future__ import annotations

import pytest

from daguerre.cli.hints import color_hint
from daguerre.errors import WrongUsage
from tests.cli.conftest import Run


@pytest.mark.parametrize("text", ["120,80=#C0a080", " 120 , 80 = c0a080 ", "120,80:#c0a080"])
def test_places_and_colours(text: str) -> None:
    hint = color_hint(text)
    assert (hint.x, hint.y, hint.color.lower()) == (120, 80, "#c0a080")


@pytest.mark.parametrize(
    "text", ["", "120=#c0a080", "120,80", "120,80=red", "-1,80=#c0a080", "1.5,8=#c0a080", "1,8=#fff"]
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match="X,Y=#rrggbb"):
        color_hint(text)


def test_a_wrong_hint_ends_the_command_with_a_sentence(run: Run) -> None:
    ended = run("restore", "photo.jpg", "--colorize", "--hint", "1,2=#112233", "--hint", "here=blue")
    assert ended.returncode == 2
    assert "here=blue is not of the form X,Y=#rrggbb" in ended.stderr
