"""Type checkers help whoever calls the library."""

from __future__ import annotations

import subprocess
import sys

CALLER = """
from pathlib import Path
import numpy as np
from PIL import Image
import daguerre

result = daguerre.restore("a.jpg", faces=[0, (1, 2, 3, 4)], color_hints=[{"x": 1, "y": 2, "color": "#ffffff"}])
picture: Image.Image = result.image
faces: list[daguerre.Face] = result.faces
pixels = np.asarray(result)
daguerre.restore(pixels, daguerre.Settings(fidelity=0.5), mask=pixels > 3)
for outcome in daguerre.Restorer(device="cpu").map([Path("a.jpg")], workers=2):
    print(outcome.source, outcome.error, outcome.unwrap().save())
"""
WRONG = """
import daguerre

daguerre.restore("a.jpg", denoise_strenght=30)
daguerre.Settings(models="best")
daguerre.restore(7)
"""


def test_the_public_names_are_typed(tmp_path):
    (tmp_path / "caller.py").write_text(CALLER)
    (tmp_path / "wrong.py").write_text(WRONG)
    options = ["--strict", "--config-file=", "--follow-imports=silent", "--ignore-missing-imports", "--cache-dir=."]
    command = [sys.executable, "-m", "mypy", *options, "caller.py", "wrong.py"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout
    complaints = [line for line in said.splitlines() if ": error:" in line]
    assert [line.partition(": error")[0] for line in complaints] == ["wrong.py:4", "wrong.py:5", "wrong.py:6"], said
