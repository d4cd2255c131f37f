"""The doctor tries each device and compares it with ONNX Runtime's CPU."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from daguerre.cli import hardware
from daguerre.config import Config
from daguerre.models.catalog.embedded import WEIGHTS
from daguerre.models.runtime import devices

NETWORK = WEIGHTS / "denoise.onnx"


def proved(tmp_path: Path) -> dict[str, dict[str, Any]]:
    return {row["device"]: row for row in hardware.prove(NETWORK, Config(data=tmp_path, threads=2))}


def with_cuda(monkeypatch: pytest.MonkeyPatch, call: Any) -> None:
    real = devices.load

    def load(runtime: str, *rest: Any) -> devices.Loaded:
        if runtime != "cuda":
            return real(runtime, *rest)
        loaded = real("cpu", *rest)
        return dataclasses.replace(
            loaded, call=lambda feed: call(loaded.call(feed)), providers=("CUDAExecutionProvider", "fp32")
        )

    monkeypatch.setattr(devices, "load", load)


def test_the_cpu_works_and_what_is_missing_is_told(tmp_path: Path) -> None:
    rows = proved(tmp_path)
    assert set(rows) == {"cpu", "openvino", "cuda", "directml", "coreml"}
    assert rows["cpu"]["state"] == "works"
    for device, row in rows.items():
        assert row["state"] in ("works", "not available"), row
        if row["state"] == "works":
            assert row["ms"] > 0
            assert row["maxDifference"] < 0.05
            assert "works: " in hardware.sentence(row)
        else:
            assert row["advice"], device
            assert row["advice"] in hardware.sentence(row)


def test_a_device_that_gives_other_results_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cuda(monkeypatch, lambda outputs: {name: value * 1.2 for name, value in outputs.items()})
    row = proved(tmp_path)["cuda"]
    assert row["state"] == "differs"
    assert row["maxDifference"] == pytest.approx(0.2, abs=0.01)
    assert "largest difference 20 %" in hardware.sentence(row)


def test_a_device_that_gives_no_numbers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cuda(monkeypatch, lambda outputs: {name: value * float("nan") for name, value in outputs.items()})
    assert proved(tmp_path)["cuda"]["state"] == "differs"


def test_a_device_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(outputs: Any) -> Any:
        raise RuntimeError("CUDA failure 100: no CUDA-capable device is detected")

    with_cuda(monkeypatch, fail)
    row = proved(tmp_path)["cuda"]
    assert row["state"] == "fails"
    assert "no CUDA-capable device is detected" in hardware.sentence(row)
    assert "onnxruntime-gpu" in row["advice"]


def test_one_package_over_the_other_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "_installed", lambda package: package in ("onnxruntime", "onnxruntime-gpu"))
    row = proved(tmp_path)["cuda"]
    if row["state"] != "works":
        assert row["advice"] == (
            "onnxruntime lies over onnxruntime-gpu: pip install --force-reinstall --no-deps onnxruntime-gpu"
        )
