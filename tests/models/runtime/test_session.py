"""A session runs the model, whatever the runtime."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from daguerre.errors import ModelFailed, OutOfMemory
from daguerre.models.runtime import devices
from daguerre.models.runtime.session import Session
from daguerre.tiling.divisible import divisible

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


def test_a_file_that_is_no_model_is_told(tmp_path):
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
        "import multiprocessing, sys\nfrom daguerre.models.runtime.session import Session\n"
        "multiprocessing.Process.start = lambda self: sys.exit('a process was started')\n"
        f"Session({str(blur_path)!r}, device='cpu')\n"
        "assert 'openvino' in sys.modules and not sys.modules.get('openvino_telemetry')"
    )
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=240)


@pytest.mark.parametrize("device", ["cuda", "directml", "coreml"])
def test_a_device_that_is_not_here_is_told_to_the_person(blur_path, device):
    session = Session(blur_path, device=device)
    if device in ("cuda", "coreml") and session.providers[0] == devices.PROVIDERS[device]:
        assert session.warnings == []
        return
    assert len(session.warnings) == 1
    assert session.warnings[0].startswith(f"{devices.TITLES[device]} could not be used (")
    assert session.warnings[0].endswith(": the work was done on the CPU instead.")
    image = images(8, 8)
    assert np.allclose(session.run({"image": image})["mean"], expected(image), atol=2e-2)


def failing(monkeypatch, message, *, until=0, names=("cuda",)):
    """The runtimes ``names`` load, and fail with images of more than ``until`` pixels."""
    real, calls = devices.load, []

    def load(runtime, path, threads, precision):
        if runtime not in names:
            return real(runtime, path, threads, precision)
        loaded = real("cpu", path, threads, precision)

        def call(feed):
            calls.append(feed["image"].shape)
            if feed["image"].shape[2] * feed["image"].shape[3] > until:
                raise RuntimeError(message)
            return loaded.call(feed)

        return dataclasses.replace(loaded, call=call, providers=("CUDAExecutionProvider", "fp32"))

    monkeypatch.setattr(devices, "load", load)
    return calls


def test_a_device_that_fails_at_work_is_left_for_good(blur_path, monkeypatch):
    calls = failing(monkeypatch, "CUDA failure 719: unspecified launch failure")
    session = Session(blur_path)
    assert session.providers[0] == "CUDAExecutionProvider"
    assert session.warnings == []
    image = images(8, 8)
    for _ in range(2):
        assert np.allclose(session.run({"image": image})["mean"], expected(image), atol=2e-2)
    assert len(calls) == 1
    assert session.providers[0] in ("OpenVINO", "CPUExecutionProvider")
    assert session.warnings == [
        "CUDA could not be used (CUDA failure 719: unspecified launch failure): the work was done on the CPU instead."
    ]


def test_a_bad_input_does_not_cost_the_device(blur_path, monkeypatch):
    failing(monkeypatch, "never", until=10**9)
    session = Session(blur_path)
    with pytest.raises(ModelFailed, match="failed while it ran"):
        session.run({"image": images(8, 8)[:, :2]})
    assert session.providers[0] == "CUDAExecutionProvider"
    assert session.warnings == []


def test_who_can_divide_the_work_is_told_that_memory_is_short(blur_path, monkeypatch):
    failing(monkeypatch, "CUDA failure 2: out of memory", until=100)
    session = Session(blur_path)
    with divisible(), pytest.raises(OutOfMemory):
        session.run({"image": images(16, 16)})
    assert session.providers[0] == "CUDAExecutionProvider"
    session.run({"image": images(16, 16)})
    assert session.providers[0] != "CUDAExecutionProvider"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
def test_a_real_shortage_is_recognized(blur_path):
    """The process may take 1 GB more than it has; the picture alone needs that twice over."""
    code = (
        "import resource, numpy as np\n"
        "from daguerre.errors import OutOfMemory\nfrom daguerre.models.runtime.session import Session\n"
        "from daguerre.tiling.divisible import divisible\n"
        f"session = Session({str(blur_path)!r}, device='cpu', threads=1)\n"
        "session.run({'image': np.zeros((1, 3, 16, 16), np.float32)})\n"
        "image = np.zeros((1, 3, 6000, 8000), np.float32)\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 10**9, used + 10**9))\n"
        "try:\n    with divisible():\n        session.run({'image': image})\n"
        "except OutOfMemory:\n    print('short')\n"
        "print(session.run({'image': image[:, :, :64, :64]})['mean'].shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.stdout == "short\n(1, 3, 64, 64)\n", done.stderr
