"""A session runs the network, whatever the runtime."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from daguerre.errors import ModelFailed
from daguerre.models.session import Session

OPENVINO = importlib.util.find_spec("openvino") is not None


def images(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((2, 3, height, width), np.float32)


def expected(image: np.ndarray) -> np.ndarray:
    padded = np.pad(image, ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = image.shape[2:]
    return sum(padded[:, :, y : y + height, x : x + width] for y in range(3) for x in range(3)) / 9


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-5), ("bf16", 2e-2), ("auto", 2e-2)])
def test_every_precision_gives_the_outputs_by_name(blur_path, precision, tolerance):
    session = Session(blur_path, device="cpu", precision=precision)
    assert session.input_names == ("image",)
    assert session.input_shapes == {"image": (None, 3, None, None)}
    for size in ((16, 24), (8, 8), (16, 24)):
        image = images(*size)
        outputs = session.run({"image": image})
        assert set(outputs) == {"mean", "detail"}
        assert np.allclose(outputs["mean"], expected(image), atol=tolerance)
        assert np.allclose(outputs["detail"], image - expected(image), atol=tolerance)


def test_it_says_what_it_runs_on(blur_path):
    session = Session(blur_path, device="cpu", precision="fp32")
    assert session.providers == (("OpenVINO", "fp32") if OPENVINO else ("CPUExecutionProvider", "fp32"))


def test_without_openvino_it_falls_back_and_says_so(blur_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    session = Session(blur_path, device="cpu")
    assert session.providers == ("CPUExecutionProvider", "fp32")
    assert session.fallbacks == ["OpenVINO: not installed"]
    assert session.input_shapes == {"image": (None, 3, None, None)}
    image = images(9, 7)
    assert np.allclose(session.run({"image": image})["mean"], expected(image), atol=1e-5)


def test_outputs_of_one_call_survive_the_next(blur_path):
    session = Session(blur_path, device="cpu")
    first = session.run({"image": images(8, 8, 1)})["mean"]
    kept = first.copy()
    session.run({"image": images(8, 8, 2)})
    assert np.array_equal(first, kept)


def test_threads_share_one_session(blur_path):
    session = Session(blur_path, device="cpu", precision="fp32")
    failures: list[int] = []

    def work(seed: int) -> None:
        for size in (8, 16, 24):
            image = images(size, 8, seed)
            if not np.allclose(session.run({"image": image})["mean"], expected(image), atol=1e-5):
                failures.append(seed)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []


def test_wrong_inputs_are_told(blur_path):
    session = Session(blur_path, device="cpu")
    with pytest.raises(ModelFailed, match="takes image; got picture"):
        session.run({"picture": images(8, 8)})
    with pytest.raises(ModelFailed, match="failed while it ran"):
        session.run({"image": images(8, 8)[:, :2]})


def test_a_file_that_is_no_network_is_told(tmp_path):
    path = tmp_path / "nonsense.onnx"
    path.write_bytes(b"nonsense")
    with pytest.raises(ModelFailed, match=r"nonsense\.onnx cannot be loaded"):
        Session(path, device="cpu")


def test_cuda_that_is_not_there_is_told(blur_path):
    session = Session(blur_path, device="cuda")
    if session.providers[0] != "CUDAExecutionProvider":
        assert session.fallbacks[0].startswith("CUDA: ")


@pytest.mark.skipif(not OPENVINO, reason="it is OpenVINO that reports")
def test_no_runtime_reports_its_use(blur_path):
    """Its maker is told of every import otherwise, outside CI, by a child process of this one."""
    code = (
        "import multiprocessing, sys\nfrom daguerre.models.session import Session\n"
        "multiprocessing.Process.start = lambda self: sys.exit('a process was started')\n"
        f"Session({str(blur_path)!r}, device='cpu')\n"
        "assert 'openvino' in sys.modules and not sys.modules.get('openvino_telemetry')"
    )
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=120)
