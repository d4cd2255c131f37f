"""Photos on disk, and the command as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daguerre import imaging
from daguerre.imaging.photo import Photo

COMMAND = [sys.executable, "-m", "daguerre.cli"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def make_photo() -> Callable[..., Path]:
    def make(path: Path, *, size: int = 96, sigma: float = 8.0) -> Path:
        rng = np.random.default_rng(len(path.name))
        ramp = np.linspace(40, 200, size)[None, :, None] + np.zeros((size, 1, 3))
        pixels = np.clip(ramp + rng.normal(0, sigma, ramp.shape), 0, 255).astype(np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(imaging.encode(Photo(pixels, "png"), format=path.suffix).data)
        return path

    return make


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        # As on a desktop: in the C locale Python lets any bytes through.
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env=environment,
            timeout=240,
            check=False,
        )

    return call
