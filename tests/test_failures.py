"""The table of failures and the exceptions that name its rows."""

from __future__ import annotations

import errno
from importlib import import_module

import pytest

from daguerre import errors
from daguerre.errors import DaguerreError, ImageExceedsMemory, InvalidSettings
from daguerre.failures import FAILURES, failure_of
from daguerre.settings import Settings

_MODULES = ("jobs.errors", "models.install.installer", "server.run", "cli.serve")

for _module in _MODULES:
    import_module(f"daguerre.{_module}")


def kinds(root=DaguerreError):
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


def test_every_exception_names_a_row():
    assert len(kinds()) > 20
    for kind in kinds():
        assert kind.code in FAILURES, kind


def test_every_exception_of_the_tree_is_drawn():
    for kind in kinds():
        if kind.__module__ == errors.__name__:
            assert f" {kind.__name__} " in errors.__doc__ or kind is DaguerreError, kind


def test_rows_of_exceptions():
    assert failure_of(ImageExceedsMemory("x")).code == failure_of(MemoryError()).code == "OUT_OF_MEMORY"
    assert failure_of(OSError(errno.ENOSPC, "full")).code == "STORAGE_FULL"
    assert failure_of(OSError(errno.EIO, "torn")).code == failure_of(ValueError()).code == "INTERNAL_ERROR"
    for row in FAILURES.values():
        assert 400 <= row.status < 600 and row.exit_code in (1, 2) and "{" not in row.say("x"), row


def test_settings_tell_their_problems_by_any_name():
    with pytest.raises(InvalidSettings) as caught:
        Settings(denoiseStrength=101, fidelity="x")
    error = caught.value
    assert sorted(error.problems) == [("denoise_strength", "must be at most 100"), ("fidelity", "must be a number")]
    assert "denoise_strength: must be at most 100" in str(error)
    assert "--denoise_strength: must be" in error.told(lambda field: f"--{field}")
    assert failure_of(error).tell(error).startswith("Invalid settings: ")
