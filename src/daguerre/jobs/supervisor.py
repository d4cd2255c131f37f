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
from daguerre.jobs.limits import share_of_memory
from daguerre.jobs.queue import LEASE_S, JobQueue

_HEARTBEAT_S = 1.0
_LONGEST_PAUSE_S = 30.0
_KILL_AFTER_S = 5.0

_log = structlog.get_logger()


class Supervisor:
    """``count`` workers, from :meth:`start` to :meth:`stop`.

    A worker that dies gives its job back at once, and a spare, which has started already, takes its
    place: starting takes a second, many on a busy machine. One that dies without having had a job is started
    again after a pause that doubles each time, up to half a minute.
    """

    def __init__(self, queue: JobQueue, config: Config, count: int) -> None:
        self.count = count
        self._queue = queue
        self._config = config
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._spare: tuple[str, subprocess.Popen[str]] | None = None
        self._spare_lock = threading.Lock()
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
        for process in self._all():
            _say(process, "drain", last=True)

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
        for process in self._all():
            process.kill()

    @property
    def alive(self) -> int:
        """How many workers run."""
        return len(self._processes)

    def _keep(self, slot: int) -> None:
        failures = 0
        while not self._stopping.is_set():
            worker, process = self._take_spare() or self._spawn()
            self._processes[worker] = process
            _say(process, f"work {self._gpu(slot)}".strip())
            if self._stopping.is_set():
                _say(process, "drain", last=True)
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

    def _spawn(self) -> tuple[str, subprocess.Popen[str]]:
        worker = str(uuid.uuid4())
        command = [sys.executable, "-m", "daguerre.jobs.worker", worker]
        return worker, subprocess.Popen(command, stdin=subprocess.PIPE, text=True, env=self._environment())

    def _take_spare(self) -> tuple[str, subprocess.Popen[str]] | None:
        with self._spare_lock:
            spare, self._spare = self._spare, None
        return spare if spare is not None and spare[1].poll() is None else None

    def _fill_spare(self) -> None:
        with self._spare_lock:
            missing = self._spare is None or self._spare[1].poll() is not None
            if missing and len(self._processes) == self.count and not self._stopping.is_set():
                self._spare = self._spawn()

    def _all(self) -> list[subprocess.Popen[str]]:
        with self._spare_lock:
            spare = [] if self._spare is None else [self._spare[1]]
        return [*self._processes.values(), *spare]

    def _settle(self, worker: str, *, drained: bool) -> int:
        while True:
            try:
                return self._queue.abandon(worker, "drained" if drained else "lost")
            except Exception:
                _log.exception("jobs of a dead worker could not be taken away")
                if drained or self._stopping.wait(_HEARTBEAT_S):
                    return 0

    def _beat(self) -> None:
        while not self._ended.wait(_HEARTBEAT_S):
            try:
                alive = list(self._processes)
                for claim in self._queue.heartbeat(alive, LEASE_S) if alive else ():
                    since = claim.job.claimed_at or time.time()
                    if time.time() - since > self._config.job_timeout_s:
                        self._end_slow(claim.worker, claim.job.id)
                self._fill_spare()
            except Exception:
                _log.exception("heartbeat failed")

    def _end_slow(self, worker: str, job: str) -> None:
        process = self._processes.get(worker)
        if process is not None:
            _log.warning("job takes too long", worker=worker, job=job)
            self._queue.abandon(worker, "timeout")
            process.kill()

    def _gpu(self, slot: int) -> str:
        """The GPU of a slot, where there are some to choose from."""
        if not gpus() or self._config.device == "cpu" or "CUDA_VISIBLE_DEVICES" in os.environ:
            return ""
        return str(slot % gpus())

    def _environment(self) -> Mapping[str, str]:
        memory = self._config.worker_memory_bytes or share_of_memory(self.count)
        chosen = {"DAGUERRE_WORKER_MEMORY_BYTES": str(memory), "DAGUERRE_DATA": str(self._config.data)}
        if self._config.warm:
            chosen["DAGUERRE_WARM"] = "1"
        if not self._config.threads:
            chosen["DAGUERRE_THREADS"] = str(max(1, cores() // self.count))
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


def _say(process: subprocess.Popen[str], line: str, *, last: bool = False) -> None:
    try:
        assert process.stdin is not None
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        if last:
            process.stdin.close()
    except (OSError, ValueError):  # It has ended already.
        pass
