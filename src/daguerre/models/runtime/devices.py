"""The runtimes that can load a model's file, one function each, and the order in which a device tries them.

ONNX Runtime is the reference and the fallback. On x86 and Arm CPUs the OpenVINO runtime reads the
same file and is faster, in bf16 where the CPU multiplies bf16 natively. Its ONNX Runtime
plugin is not used: that offers no device on CPUs which are not Intel's.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from daguerre.config import Device, Precision

Arrays = dict[str, npt.NDArray[Any]]

PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
"""What ONNX Runtime calls each device."""

TITLES = {"cuda": "CUDA", "directml": "DirectML", "coreml": "CoreML", "openvino": "OpenVINO", "cpu": "the CPU"}

EXTRAS = {"cuda": "cuda", "directml": "directml", "openvino": "openvino"}
"""The extra of this package that brings each device's runtime; CoreML comes with ONNX Runtime on macOS."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One model in one runtime; ``call`` takes and gives arrays by name.

    ``providers`` says what it really runs on, and in which precision. ``input_shapes`` has ``None`` for what may differ
    from call to call.
    """

    call: Callable[[Arrays], Arrays]
    providers: tuple[str, str]
    input_names: tuple[str, ...]
    input_shapes: dict[str, tuple[int | None, ...]]
    output_names: tuple[str, ...]


class NotAvailable(RuntimeError):
    """This installation has no runtime for that device; nothing was tried."""


def order(device: Device) -> tuple[str, ...]:
    """The runtimes to try for ``device``, the last of which is always there."""
    match device:
        case "auto":
            # CoreML works in half precision and not on every shape: it is for those who ask for it.
            return ("cuda", "directml", "openvino-cpu", "cpu")
        case "cpu":
            return ("openvino-cpu", "cpu")
        case "openvino":
            return ("openvino", "openvino-cpu", "cpu")
        case _:
            return (device, "openvino-cpu", "cpu")


def load(runtime: str, path: Path, threads: int, precision: Precision) -> Loaded:
    """Load ``path`` in one of :func:`order`'s runtimes; raises NotAvailable, or whatever the runtime raises."""
    match runtime:
        case "cpu":
            return _onnxruntime(path, "CPUExecutionProvider", threads)
        case "openvino-cpu":
            return _openvino(path, "CPU", threads, precision)
        case "openvino":
            return _openvino(path, "GPU", threads, precision)
        case _:
            return _hardware(path, PROVIDERS[runtime])


def title(runtime: str) -> str:
    """What people call it."""
    return TITLES["openvino" if runtime.startswith("openvino") else runtime]


def _hardware(path: Path, provider: str) -> Loaded:
    import onnxruntime

    if provider not in onnxruntime.get_available_providers():
        raise NotAvailable(f"this ONNX Runtime has no {provider.removesuffix('ExecutionProvider')} provider")
    if provider == "CUDAExecutionProvider":
        onnxruntime.preload_dlls()
    loaded = _onnxruntime(path, provider, 0)
    # A refused provider falls back with nothing but a log line.
    if loaded.providers[0] != provider:
        raise RuntimeError(f"ONNX Runtime refused the {provider.removesuffix('ExecutionProvider')} provider")
    return loaded


def _onnxruntime(path: Path, provider: str, threads: int) -> Loaded:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    wanted: list[Any] = [provider]
    if provider == "CUDAExecutionProvider":
        wanted = [(provider, {"cudnn_conv_algo_search": "HEURISTIC"})]
    elif provider == "DmlExecutionProvider":
        # What DirectML asks for.
        options.enable_mem_pattern = False
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    if provider != "CPUExecutionProvider":
        wanted.append("CPUExecutionProvider")
    session = onnxruntime.InferenceSession(str(path), sess_options=options, providers=wanted)
    # Without this the runtime itself goes over to the CPU when a call fails, and says nothing.
    session.disable_fallback()
    names = [value.name for value in session.get_outputs()]

    def call(feed: Arrays) -> Arrays:
        return dict(zip(names, session.run(names, feed), strict=True))

    return Loaded(
        call,
        (session.get_providers()[0], "fp32"),
        tuple(value.name for value in session.get_inputs()),
        {
            value.name: tuple(size if isinstance(size, int) else None for size in value.shape)
            for value in session.get_inputs()
        },
        tuple(names),
    )


def _openvino(path: Path, device: str, threads: int, precision: Precision) -> Loaded:
    if importlib.util.find_spec("openvino") is None:
        raise NotAvailable("not installed")
    # It reports each import to its maker, from a fork of this process that may hang for good.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    core = openvino.Core()
    if device not in {name.split(".")[0] for name in core.available_devices}:
        raise NotAvailable(f"it finds no {device} here")
    native = device == "CPU" and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    # The runtime's own default follows the CPU; a result must not depend on a default.
    chosen = "bf16" if device == "CPU" and (precision == "bf16" or (precision == "auto" and native)) else "fp32"
    model = core.read_model(str(path))
    # Asked before compiling: optimized graphs carry further names of the same tensors.
    inputs = tuple(port.get_any_name() for port in model.inputs)
    shapes = {
        port.get_any_name(): tuple(size.get_length() if size.is_static else None for size in port.partial_shape)
        for port in model.inputs
    }
    outputs = tuple(port.get_any_name() for port in model.outputs)
    settings: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "f32" if chosen == "fp32" else "bf16",
        "PERFORMANCE_HINT": "LATENCY",
    }
    if device == "CPU":
        settings["INFERENCE_NUM_THREADS"] = threads
    request = core.compile_model(model, device, settings).create_infer_request()

    def call(feed: Arrays) -> Arrays:
        # Its `infer` swallows a shortage of memory and hands out the results of the call before.
        request.start_async(feed, share_inputs=True)
        request.wait()
        results = request.results
        return {name: np.array(results[index]) for index, name in enumerate(outputs)}

    return Loaded(call, ("OpenVINO" if device == "CPU" else f"OpenVINO {device}", chosen), inputs, shapes, outputs)
