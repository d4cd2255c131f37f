"""The public surface."""

from __future__ import annotations

import subprocess
import sys

import daguerre


def test_every_public_name_is_there():
    for name in daguerre.__all__:
        assert getattr(daguerre, name) is not None
    assert set(daguerre.__all__) <= set(dir(daguerre))


def test_restore_stays_a_function():
    code = "import daguerre, daguerre.restore.pipeline; assert callable(daguerre.restore); daguerre.Restorer"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, daguerre;"
        "heavy = {'numpy', 'pydantic', 'onnxruntime', 'openvino', 'PIL', 'cv2', 'scipy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
