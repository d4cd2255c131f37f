"""Config reads the environment."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from daguerre.config import Config


def test_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("DAGUERRE_DATA", str(tmp_path))
    monkeypatch.setenv("DAGUERRE_THREADS", "3")
    monkeypatch.setenv("DAGUERRE_DEVICE", "cpu")
    config = Config()
    assert (config.data, config.threads, config.device) == (tmp_path, 3, "cpu")


def test_nonsense_is_refused(monkeypatch):
    monkeypatch.setenv("DAGUERRE_THREADS", "many")
    with pytest.raises(ValidationError):
        Config()
