"""Starts worker processes, watches them, keeps their leases alive and replaces those that end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping

import structlog

from daguerre.config import Config
from daguerre.jobs.engine import LEASE_S, Engine
from daguerre.jobs.limits import share_of_memory

_HEARTBEAT_S = 1.0
_LONGEST_PAUSE_S = 30.0
_KILL_AFTER_S = 5.0

_log = structlog.get_logger()


class Supervisor:
    """``count`` workers, from :meth:`start` to :meth:`stop`.

    A worker that dies gives its job back at once. One that dies without having had a job is started
    again after a pause that doubles each time, up to half a minute.
    """

    def __init__(self, engine: Engine, config: Config, count: int) -> None:
        self.count = count
        self._engine = engine
        self._config = config
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._slots = [
            threading.Thread(target=self._keep, args=(slot,), name=f"slot-{slot}", daemon=True) for slot in range(count)
        ]

    def start(self) -> None:
        """Start the workers."""
        for thread in (self._heart, *self._slots):
            thread.start()

    def drain(self) -> None:
        """Let no worker begin another job; does not wait."""
        self._stopping.set()
        for process in list(self._processes.values()):
            _say_drain(process)

    def stop(self) -> None:
        """Ask the workers to finish, or to hand back what takes longer than the time to drain; wait for that."""
        self.drain()
        deadline = time.monotonic() + self._config.drain_s + _KILL_AFTER_S
        for thread in self._slots:
            thread.join(max(0.0, deadline - time.monotonic()))
        self.kill()
        for thread in self._slots:
            thread.join(_KILL_AFTER_S)
        self._ended.set()
        self._heart.join(_KILL_AFTER_S)

    def kill(self) -> None:
        """End the workers at once; what they held goes back to the queue."""
        self._stopping.set()
        for process in list(self._processes.values()):
            process.kill()

    @property
    def alive(self) -> int:
        """How many workers run."""
        return len(self._processes)

    def _keep(self, slot: int) -> None:
        failures = 0
        while not self._stopping.is_set():
            worker = str(uuid.uuid4())
            process = subprocess.Popen(
                [sys.executable, "-m", "daguerre.jobs.worker", worker],
                stdin=subprocess.PIPE, text=True, env=self._environment(slot),
            )  # fmt: skip
            self._processes[worker] = process
            if self._stopping.is_set():
                _say_drain(process)
            code = process.wait()
            # In this order: a lease that is still kept alive cannot be taken away for good.
            del self._processes[worker]
            held = self._settle(worker, drained=self._stopping.is_set())
            if self._stopping.is_set():
                return
            _log.warning("worker ended", worker=worker, code=code, jobs=held)
            failures = 0 if held else failures + 1
            if failures:
                self._stopping.wait(min(_LONGEST_PAUSE_S, 0.25 * 2**failures))

    def _settle(self, worker: str, *, drained: bool) -> int:
        while True:
            try:
                return self._engine.abandon(worker, "drained" if drained else "lost")
            except Exception:
                _log.exception("jobs of a dead worker could not be taken away")
                if drained or self._stopping.wait(_HEARTBEAT_S):
                    return 0

    def _beat(self) -> None:
        while not self._ended.wait(_HEARTBEAT_S):
            try:
                alive = list(self._processes)
                for claim in self._engine.heartbeat(alive, LEASE_S) if alive else ():
                    since = claim.job.claimed_at or time.time()
                    if time.time() - since > self._config.job_timeout_s:
                        self._end_slow(claim.worker, claim.job.id)
            except Exception:
                _log.exception("heartbeat failed")

    def _end_slow(self, worker: str, job: str) -> None:
        process = self._processes.get(worker)
        if process is not None:
            _log.warning("job takes too long", worker=worker, job=job)
            self._engine.abandon(worker, "timeout")
            process.kill()

    def _environment(self, slot: int) -> Mapping[str, str]:
        memory = self._config.worker_memory_bytes or share_of_memory(self.count)
        chosen = {"DAGUERRE_WORKER_MEMORY_BYTES": str(memory), "DAGUERRE_DATA": str(self._config.data)}
        if not self._config.threads:
            chosen["DAGUERRE_THREADS"] = str(max(1, cores() // self.count))
        if gpus() and self._config.device != "cpu" and "CUDA_VISIBLE_DEVICES" not in os.environ:
            chosen["CUDA_VISIBLE_DEVICES"] = str(slot % gpus())
        return {**os.environ, **chosen}


def default_count(config: Config) -> int:
    """One worker per GPU, else one per four cores: one photo uses several cores well, not many."""
    if config.device != "cpu" and gpus():
        return gpus()
    return max(1, cores() // 4)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> int:
    """NVIDIA's GPUs, where the installed runtime can use them."""
    from importlib.metadata import PackageNotFoundError, version
    from pathlib import Path

    try:
        version("onnxruntime-gpu")
    except PackageNotFoundError:
        return 0
    return sum(path.name[6:].isdigit() for path in Path("/dev").glob("nvidia*"))


def _say_drain(process: subprocess.Popen[str]) -> None:
    try:
        assert process.stdin is not None
        process.stdin.write("drain\n")
        process.stdin.close()
    except (OSError, ValueError):  # It has ended already.
        pass
