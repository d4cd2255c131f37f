"""What the models can run on: each device is tried with a model of the package, beside ONNX Runtime's CPU."""

from __future__ import annotations

import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from daguerre.config import Config, Device
from daguerre.extras import remedy

DEVICES: tuple[Device, ...] = ("openvino", "cuda", "directml", "coreml")

_SIDE = 256
_TOLERANCE = 0.05
"""Largest difference, as a share of the largest output. bf16 differs by up to 0.02 on the models of the package."""

_PACKAGES = {"cuda": "onnxruntime-gpu", "directml": "onnxruntime-directml"}
_MISSING = {
    "openvino": remedy("openvino"),
    "cuda": "install onnxruntime-gpu; see docs/devices.md for NVIDIA GPUs",
    "directml": "Windows only; see docs/devices.md for GPUs on Windows",
    "coreml": "comes with ONNX Runtime on macOS, nowhere else",
}


def prove(path: Path, config: Config) -> list[dict[str, Any]]:
    """Each device with ``state``: ``works``, ``differs``, ``fails`` or ``not available``, and what to do.

    ``path`` is the file of a model that takes images and a map of sigmas or images alone. Those that work have
    ``maxDifference``, a share of the largest output, and ``ms`` for 256 x 256 pixels. The first is the reference.
    """
    from daguerre.models.runtime import devices

    reference = devices.load("cpu", path, config.threads, "fp32")
    feed = _feed(reference.input_shapes)
    expected, cpu_ms = _timed(reference, feed)
    rows: list[dict[str, Any]] = [
        {
            "device": "cpu", "title": "ONNX Runtime, CPU", "state": "works", "providers": list(reference.providers),
            "maxDifference": 0.0, "ms": round(cpu_ms, 1),
        }
    ]  # fmt: skip
    for device in DEVICES:
        row: dict[str, Any] = {"device": device, "title": devices.TITLES[device]}
        rows.append(row)
        try:
            loaded = _load(device, path, config)
            outputs, ms = _timed(loaded, feed)
        except devices.NotAvailable as error:
            row.update(state="not available", reason=str(error), advice=_advice(device))
            continue
        except Exception as error:
            row.update(state="fails", reason=_line(error), advice=_advice(device))
            continue
        difference = max(_difference(outputs[name], expected[name]) for name in expected)
        row.update(
            state="works" if difference <= _TOLERANCE else "differs", providers=list(loaded.providers),
            maxDifference=round(difference, 6), ms=round(ms, 1),
        )  # fmt: skip
    return rows


def _load(device: Device, path: Path, config: Config) -> Any:
    from daguerre.models.runtime import devices

    if device != "openvino":
        return devices.load(device, path, config.threads, config.precision)
    try:
        return devices.load("openvino", path, config.threads, config.precision)
    except Exception:  # No GPU of Intel's, or one that fails: it runs on the CPU then.
        return devices.load("openvino-cpu", path, config.threads, config.precision)


def _feed(shapes: dict[str, tuple[int | None, ...]]) -> dict[str, Any]:
    import numpy as np

    random = np.random.default_rng(1)
    return {
        name: random.random([size or (1 if axis == 0 else _SIDE) for axis, size in enumerate(shape)], np.float32)
        for name, shape in shapes.items()
    }


def _timed(loaded: Any, feed: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """The outputs, and the milliseconds of the fastest of three calls after a first one."""
    outputs = loaded.call(feed)
    times = []
    for _ in range(3):
        started = time.perf_counter()
        loaded.call(feed)
        times.append(time.perf_counter() - started)
    return outputs, 1000 * min(times)


def _difference(output: Any, expected: Any) -> float:
    import numpy as np

    if output.shape != expected.shape or not np.isfinite(output).all():
        return float("inf")
    return float(np.abs(output.astype(np.float64) - expected).max() / max(np.abs(expected).max(), 1e-6))


def _advice(device: Device) -> str:
    package = _PACKAGES.get(device)
    if package is not None and _installed(package) and _installed("onnxruntime"):
        return f"onnxruntime lies over {package}: pip install --force-reinstall --no-deps {package}"
    return _MISSING.get(device, "")


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def sentence(row: dict[str, Any]) -> str:
    """One finding for people."""
    match row["state"]:
        case "works" | "differs":
            beside = "" if row["device"] == "cpu" else f", largest difference {100 * row['maxDifference']:.2g} %"
            return f"{row['state']}: {' '.join(row['providers'])}, {row['ms']} ms{beside}"
        case state:
            advice = f" ({row['advice']})" if row["advice"] else ""
            return f"{state}: {row['reason']}{advice}"
