"""One network, loaded: inputs by name in, outputs by name out.

ONNX Runtime is the reference and the fallback. On x86 and Arm CPUs the OpenVINO runtime reads the
same file and is faster, in bf16 where the CPU multiplies bf16 natively. Its ONNX Runtime
plugin is not used: that offers no device on CPUs which are not Intel's.

Shapes may differ from call to call; each new shape costs OpenVINO a few milliseconds and some
memory, so callers keep to one tile shape per photo.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from daguerre.config import Device, Precision
from daguerre.errors import ModelFailed

Arrays = dict[str, npt.NDArray[Any]]


class Session:
    """Loads ``path`` at once. Thread-safe: calls queue up, since one call uses every thread.

    ``device`` ``auto`` takes CUDA where this ONNX Runtime has it, else the CPU. ``threads`` is for
    the CPU; ``None`` or 0 is one per core. ``precision`` ``auto`` is bf16 on CPUs that have it
    in hardware and fp32 elsewhere.

    ``providers`` says what it really runs on, such as ``("OpenVINO", "bf16")`` or
    ``("CPUExecutionProvider", "fp32")``; ``fallbacks`` are the reasons why nothing faster is used. ``input_shapes``
    has ``None`` for what may differ from call to call.
    Raises :class:`~daguerre.errors.ModelFailed` when no runtime can load it.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, device: Device = "auto", threads: int | None = None,
        precision: Precision = "auto",
    ) -> None:  # fmt: skip
        self.path = Path(path)
        self.fallbacks: list[str] = []
        self._lock = threading.Lock()
        self.providers: tuple[str, ...] = ()
        self.input_names: tuple[str, ...] = ()
        self.input_shapes: dict[str, tuple[int | None, ...]] = {}
        self.output_names: tuple[str, ...] = ()
        self._call = self._load(device, threads or os.cpu_count() or 1, precision)

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> Arrays:
        """The outputs by name; float arrays are given as float32.

        Raises :class:`~daguerre.errors.ModelFailed` when an input is missing, has the wrong
        shape, or the runtime fails.
        """
        feed = {name: np.ascontiguousarray(value) for name, value in inputs.items()}
        if set(feed) != set(self.input_names):
            raise ModelFailed(
                f"The network {self.path.stem} takes {', '.join(self.input_names)}; got {', '.join(feed)}."
            )
        try:
            with self._lock:
                return self._call(feed)
        except Exception as error:
            raise ModelFailed(f"The network {self.path.stem} failed while it ran: {_first_line(error)}") from error

    def _load(self, device: Device, threads: int, precision: Precision) -> Callable[[Arrays], Arrays]:
        if device in ("auto", "cuda"):
            loaded = self._attempt("CUDA", self._load_cuda, device == "cuda")
            if loaded is not None:
                return loaded
        if importlib.util.find_spec("openvino") is not None:
            loaded = self._attempt("OpenVINO", lambda: self._load_openvino(threads, precision), True)
            if loaded is not None:
                return loaded
        else:
            self.fallbacks.append("OpenVINO: not installed")
        try:
            return self._load_onnxruntime(["CPUExecutionProvider"], threads)
        except Exception as error:
            raise ModelFailed(f"The network {self.path.name} cannot be loaded: {_first_line(error)}") from error

    def _attempt(
        self, name: str, load: Callable[[], Callable[[Arrays], Arrays]], worth_telling: bool
    ) -> Callable[[Arrays], Arrays] | None:
        try:
            return load()
        except Exception as error:
            if worth_telling:
                self.fallbacks.append(f"{name}: {_first_line(error)}")
            return None

    def _load_cuda(self) -> Callable[[Arrays], Arrays]:
        import onnxruntime

        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise RuntimeError("this ONNX Runtime has no CUDA provider")
        onnxruntime.preload_dlls()
        call = self._load_onnxruntime(["CUDAExecutionProvider", "CPUExecutionProvider"], 0)
        # A refused provider falls back with nothing but a log line.
        if self.providers[0] != "CUDAExecutionProvider":
            raise RuntimeError("ONNX Runtime refused the CUDA provider")
        return call

    def _load_onnxruntime(self, wanted: list[str], threads: int) -> Callable[[Arrays], Arrays]:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        settings = [
            (name, {"cudnn_conv_algo_search": "HEURISTIC"}) if name == "CUDAExecutionProvider" else name
            for name in wanted
        ]
        session = onnxruntime.InferenceSession(str(self.path), sess_options=options, providers=settings)
        self.input_names = tuple(value.name for value in session.get_inputs())
        self.input_shapes = {
            value.name: tuple(size if isinstance(size, int) else None for size in value.shape)
            for value in session.get_inputs()
        }
        self.output_names = tuple(value.name for value in session.get_outputs())
        self.providers = (session.get_providers()[0], "fp32")

        def call(feed: Arrays) -> Arrays:
            return dict(zip(self.output_names, session.run(list(self.output_names), feed), strict=True))

        return call

    def _load_openvino(self, threads: int, precision: Precision) -> Callable[[Arrays], Arrays]:
        # It reports each import to its maker, from a fork of this process that may hang for good.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        import openvino

        core = openvino.Core()
        native = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        # The runtime's own default follows the CPU; a result must not depend on a default.
        chosen = "bf16" if precision == "bf16" or (precision == "auto" and native) else "fp32"
        model = core.read_model(str(self.path))
        # Asked before compiling: optimised graphs carry further names of the same tensors.
        self.input_names = tuple(port.get_any_name() for port in model.inputs)
        self.input_shapes = {
            port.get_any_name(): tuple(size.get_length() if size.is_static else None for size in port.partial_shape)
            for port in model.inputs
        }
        self.output_names = tuple(port.get_any_name() for port in model.outputs)
        compiled = core.compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "f32" if chosen == "fp32" else "bf16",
                "INFERENCE_NUM_THREADS": threads,
                "PERFORMANCE_HINT": "LATENCY",
            },
        )
        request = compiled.create_infer_request()
        self.providers = ("OpenVINO", chosen)

        def call(feed: Arrays) -> Arrays:
            results = request.infer(feed, share_inputs=True)
            return {name: results[index].copy() for index, name in enumerate(self.output_names)}

        return call


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:300]
