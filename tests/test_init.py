"""The public surface."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import daguerre


def test_every_public_name_is_there():
    for name in daguerre.__all__:
        assert getattr(daguerre, name) is not None
    assert set(daguerre.__all__) <= set(dir(daguerre))


def test_restore_stays_a_function():
    code = (
        "import daguerre, daguerre.pipeline.driver as driver; assert callable(daguerre.restore); driver.restore_photo"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, daguerre;"
        "heavy = {'numpy', 'pydantic', 'onnxruntime', 'openvino', 'PIL', 'cv2', 'scipy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_reports_home(tmp_path: Path):
    """ONNX Runtime keeps what it will send in the home and the temporary folder."""
    code = "import daguerre, onnxruntime; from daguerre.pipeline.restorer import Restorer; Restorer()"
    places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "TMPDIR"), str(tmp_path))
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code], check=True, env={**environment, **places})
    assert list(tmp_path.rglob("*")) == []
