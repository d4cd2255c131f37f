"""Starts worker processes, watches them, keeps their leases alive and replaces those that end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping

import structlog

from daguerre.config import Config, cores
from daguerre.jobs.limits import share_of_memory
from daguerre.jobs.queue import LEASE_S, JobQueue
from daguerre.jobs.records import Claim

_HEARTBEAT_S = 1.0
_LONGEST_PAUSE_S = 30.0
_KILL_AFTER_S = 5.0
_HUNG_AFTER_S = 5.0

_log = structlog.get_logger()


class WorkerProcess:
    """A worker as its supervisor sees it: a process, a line to it, and what it says it is at.

    Raises ``OSError`` where the system cannot start another process.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.id = str(uuid.uuid4())
        self.busy: str | None = None
        """The token of the claim that it works on."""
        command = [sys.executable, "-m", "daguerre.jobs.worker", self.id]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        try:
            threading.Thread(target=self._listen, name=f"worker {self.id}", daemon=True).start()
        except RuntimeError as error:
            self._process.kill()
            self._process.wait()
            raise OSError(str(error)) from error

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def say(self, line: str, *, last: bool = False) -> None:
        """Tell it something; ``last`` hangs up."""
        assert self._process.stdin is not None
        # It may have ended already.
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            if last:
                self._process.stdin.close()

    def wait(self) -> int:
        """Until it ends; gives its exit code."""
        return self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            for line in self._process.stdout:
                _, _, token = line.strip().partition("busy ")
                self.busy = token or None


class Supervisor:
    """``count`` workers, from :meth:`start` to :meth:`stop`.

    A worker that dies gives its job back at once, and a spare, which has started already, takes its
    place: starting takes a second, many on a busy machine. One that dies without having had a job, or cannot be
    started, is started again after a pause that doubles each time, up to half a minute.
    """

    def __init__(
        self, queue: JobQueue, config: Config, count: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.count = count
        self.problem: str | None = None
        """Why workers cannot be started, where that is so."""
        self._queue = queue
        self._config = config
        self._clock = clock
        self._workers: dict[str, WorkerProcess] = {}
        self._spare: WorkerProcess | None = None
        self._spare_lock = threading.Lock()
        self._begun: dict[str, float] = {}
        self._astray: dict[str, float] = {}
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
        for worker in self._all():
            worker.say("drain", last=True)

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
        for worker in self._all():
            worker.kill()

    @property
    def alive(self) -> int:
        """How many workers run."""
        return len(self._workers)

    def _keep(self, slot: int) -> None:
        failures = 0
        while not self._stopping.is_set():
            worker = self._take_spare() or self._spawn()
            held = 0 if worker is None else self._lead(worker, slot)
            failures = 0 if held else failures + 1
            if failures:
                self._stopping.wait(min(_LONGEST_PAUSE_S, 0.25 * 2**failures))

    def _lead(self, worker: WorkerProcess, slot: int) -> int:
        """Let a worker work until it ends; gives the number of jobs that it held then."""
        self._workers[worker.id] = worker
        worker.say(f"work {self._gpu(slot)}".strip())
        if self._stopping.is_set():
            worker.say("drain", last=True)
        code = worker.wait()
        # In this order: a lease that is still kept alive cannot be taken away for good.
        del self._workers[worker.id]
        held = self._settle(worker.id, drained=self._stopping.is_set())
        if not self._stopping.is_set():
            _log.warning("worker ended", worker=worker.id, code=code, jobs=held)
        return held

    def _spawn(self) -> WorkerProcess | None:
        """A new process, or ``None`` where the system cannot give one now."""
        try:
            worker = WorkerProcess(self._environment())
        except OSError as error:
            self.problem = f"cannot be started: {error.strerror or error}"
            _log.error("a worker cannot be started", reason=str(error))
            return None
        self.problem = None
        return worker

    def _take_spare(self) -> WorkerProcess | None:
        with self._spare_lock:
            spare, self._spare = self._spare, None
        return spare if spare is not None and spare.alive else None

    def _fill_spare(self) -> None:
        with self._spare_lock:
            missing = self._spare is None or not self._spare.alive
            if missing and len(self._workers) == self.count and not self._stopping.is_set():
                self._spare = self._spawn()

    def _all(self) -> list[WorkerProcess]:
        with self._spare_lock:
            spare = [] if self._spare is None else [self._spare]
        return [*self._workers.values(), *spare]

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
                alive = list(self._workers)
                held = self._queue.heartbeat(alive, LEASE_S) if alive else []
                self._end_slow(held)
                self._end_hung(held)
                self._fill_spare()
            except Exception:
                _log.exception("heartbeat failed")

    def _end_slow(self, held: Iterable[Claim]) -> None:
        """Time is counted here, beside the work: the wall's clock may leap."""
        now = self._clock()
        self._begun = {claim.token: self._begun.get(claim.token, now) for claim in held}
        for claim in held:
            worker = self._workers.get(claim.worker)
            if worker is not None and now - self._begun[claim.token] > self._config.job_timeout_s:
                _log.warning("job takes too long", worker=claim.worker, job=claim.job.id)
                self._queue.abandon(claim.worker, "timeout")
                worker.kill()

    def _end_hung(self, held: Iterable[Claim]) -> None:
        """A worker at a job that was taken away, by a cancel for one, has to notice it in time."""
        now, tokens = self._clock(), {claim.token for claim in held}
        workers = list(self._workers.values())
        astray = {worker.busy for worker in workers if worker.busy is not None and worker.busy not in tokens}
        self._astray = {token: self._astray.get(token, now) for token in astray}
        for worker in workers:
            if worker.busy is not None and now - self._astray.get(worker.busy, now) > _HUNG_AFTER_S:
                _log.warning("worker does not let go of a job", worker=worker.id)
                worker.kill()

    def _gpu(self, slot: int) -> str:
        """The GPU of a slot, where there are some to choose from."""
        if not gpus() or self._config.device == "cpu" or "CUDA_VISIBLE_DEVICES" in os.environ:
            return ""
        return str(slot % gpus())

    def _environment(self) -> Mapping[str, str]:
        memory = self._config.worker_memory_bytes or share_of_memory(self.count)
        chosen = {
            "DAGUERRE_WORKER_MEMORY_BYTES": str(memory), "DAGUERRE_DATA": str(self._config.data),
            "DAGUERRE_DEVICE": self._config.device, "DAGUERRE_QUEUES": ",".join(self._config.queues),
        }  # fmt: skip
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


def gpus() -> int:
    """NVIDIA's GPUs, where the installed runtime can use them."""
    from importlib.metadata import PackageNotFoundError, version
    from pathlib import Path

    try:
        version("onnxruntime-gpu")
    except PackageNotFoundError:
        return 0
    return sum(path.name[6:].isdigit() for path in Path("/dev").glob("nvidia*"))
