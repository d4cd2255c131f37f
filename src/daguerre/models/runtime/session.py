"""One model, loaded: inputs by name in, outputs by name out.

Shapes may differ from call to call; each new shape costs OpenVINO a few milliseconds and some
memory, so callers keep to one tile shape per photo.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from daguerre.config import Device, Precision, cores
from daguerre.errors import ModelFailed, OutOfMemory
from daguerre.models.runtime import devices
from daguerre.models.runtime.devices import Arrays as Arrays
from daguerre.models.runtime.devices import Loaded
from daguerre.tiling.divisible import is_divisible

_SHORTAGES = (
    "out of memory", "out_of_memory", "outofmemory", "bad_alloc", "failed to allocate", "cannot allocate",
    "can't allocate", "could not allocate", "smaller than requested bytes", "memoryallocation", "cuda failure 2:",
    "alloc_failed", "8007000e", "cl_out_of_resources", "allocation_failure", "allocation failed",
)  # fmt: skip
"""How the runtimes put it that memory was short."""


class Session:
    """Loads ``path`` at once. Thread-safe: calls queue up, since one call uses every thread.

    ``device`` ``auto`` takes a GPU where the installed ONNX Runtime has one, else the CPU. ``threads`` is for
    the CPU; ``None`` or 0 is one per core. ``precision`` ``auto`` is bf16 on CPUs that have it
    in hardware and fp32 elsewhere.

    ``providers`` says what it really runs on, such as ``("OpenVINO", "bf16")`` or
    ``("CPUExecutionProvider", "fp32")``; ``fallbacks`` are the reasons why nothing faster is used, and ``warnings``
    sentences for the person whose device was not used or failed. ``input_shapes`` has ``None`` for what may differ from
    call to call. ``used_at`` is when it last worked, by the monotonic clock.
    Raises :class:`~daguerre.errors.ModelFailed` when no runtime can load it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        device: Device = "auto",
        threads: int | None = None,
        precision: Precision = "auto",
    ) -> None:
        self.path = Path(path)
        self.fallbacks: list[str] = []
        self.warnings: list[str] = []
        self.used_at = time.monotonic()
        self._lock = threading.Lock()
        self._threads = threads or cores()
        self._precision: Precision = precision
        self._left = list(devices.order(device))
        self._asked = device if device not in ("auto", "cpu") else None
        self._loaded, self._runtime = self._load()
        if self._asked is not None and not self._runtime.startswith(self._asked):
            self._warn(self._asked, self.fallbacks[0].split(": ", 1)[-1])

    @property
    def providers(self) -> tuple[str, ...]:
        """The provider and the precision."""
        return self._loaded.providers

    @property
    def input_names(self) -> tuple[str, ...]:
        return self._loaded.input_names

    @property
    def input_shapes(self) -> dict[str, tuple[int | None, ...]]:
        return self._loaded.input_shapes

    @property
    def output_names(self) -> tuple[str, ...]:
        return self._loaded.output_names

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> Arrays:
        """The outputs by name; float arrays are given as float32.

        A device that fails is left for the next, down to the CPU, for good. Within
        :func:`~daguerre.tiling.divisible.divisible` a shortage of memory raises
        :class:`~daguerre.errors.OutOfMemory` instead.
        Raises :class:`~daguerre.errors.ModelFailed` when an input is missing, has the wrong
        shape, or every runtime fails.
        """
        feed = {name: np.ascontiguousarray(value) for name, value in inputs.items()}
        if set(feed) != set(self.input_names):
            raise ModelFailed(f"The model {self.path.stem} takes {', '.join(self.input_names)}; got {', '.join(feed)}.")
        with self._lock:
            try:
                return self._loaded.call(feed)
            except Exception as error:
                short = _is_short(error)
                if short and is_divisible():
                    raise OutOfMemory(f"Memory is too short for the model {self.path.stem}.") from error
                results = self._elsewhere(feed, error)
                if results is None:
                    kind = OutOfMemory if short else ModelFailed
                    raise kind(f"The model {self.path.stem} failed while it ran: {_first_line(error)}") from error
                return results
            finally:
                self.used_at = time.monotonic()

    def _load(self) -> tuple[Loaded, str]:
        """In the first of the runtimes that are left which can."""
        while True:
            runtime = self._left.pop(0)
            try:
                return devices.load(runtime, self.path, self._threads, self._precision), runtime
            except Exception as error:
                if not self._left:
                    short = " Memory is too short." if _is_short(error) else ""
                    kind = OutOfMemory if short else ModelFailed
                    raise kind(f"The model {self.path.name} cannot be loaded: {_first_line(error)}{short}") from error
                missed = not isinstance(error, devices.NotAvailable)
                if missed or runtime == "openvino-cpu" or runtime == self._asked:
                    self.fallbacks.append(f"{devices.title(runtime)}: {_first_line(error)}")

    def _elsewhere(self, feed: Arrays, error: Exception) -> Arrays | None:
        """What the next runtime says, which is kept; ``None`` where none is left or it fails too."""
        if not self._left:
            return None
        before, failed, left = self._loaded, self._runtime, list(self._left)
        while self._left:
            try:
                self._loaded, self._runtime = self._load()
                results = self._loaded.call(feed)
            except Exception:
                continue
            self.fallbacks.append(f"{devices.title(failed)}: {_first_line(error)}")
            self._warn(failed, _first_line(error))
            return results
        # The input is at fault, or the machine: not the device.
        self._loaded, self._runtime, self._left = before, failed, left
        return None

    def _warn(self, device: str, reason: str) -> None:
        where = "the CPU" if self._runtime in ("cpu", "openvino-cpu") else devices.title(self._runtime)
        name, reason = devices.title(device), reason.rstrip(".")
        self.warnings.append(f"{name} could not be used ({reason}): the work was done on {where} instead.")


def _is_short(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in _SHORTAGES)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith("Exception from ")] or lines
    return telling[0][:300] if telling else type(error).__name__
