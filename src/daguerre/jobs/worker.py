"""A process that works on jobs: ``python -m daguerre.jobs.worker ID``, started by a supervisor.

The supervisor keeps the worker's leases alive. It speaks on standard input: ``work``, with the number of a GPU where
there is one, begins; ``drain`` ends after the job at hand; the end of the input means that the supervisor is gone.
The worker answers on standard output: ``busy TOKEN`` for each claim, then ``idle``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

import structlog

from daguerre import tracing
from daguerre.config import Config
from daguerre.database.errors import DatabaseError
from daguerre.errors import Canceled, ModelError
from daguerre.failures import failure_of
from daguerre.jobs import backends
from daguerre.jobs.errors import JobError, LeaseLost, StorageUnusable
from daguerre.jobs.lease_watch import STOPPED_BY_WATCH, LeaseWatch
from daguerre.jobs.limits import limit_memory, share_of_memory
from daguerre.jobs.queue import JobQueue, Reason, WorkerInfo
from daguerre.jobs.records import MAX_ATTEMPTS, Claim
from daguerre.jobs.restore import restore_job
from daguerre.jobs.storage import Storage
from daguerre.pipeline.restorer import Restorer

_PAUSE_S = 1.0

_log = structlog.get_logger()


class Worker:
    """Claims jobs and carries them out, one after the other."""

    def __init__(self, id: str, queue: JobQueue, storage: Storage, config: Config, line: TextIO) -> None:
        self._id = id
        self._queue = queue
        self._storage = storage
        self._config = config
        self._line = line
        self._restorer = Restorer(config=config)
        self._told = threading.Event()
        self._draining = threading.Event()
        self._drain_by: float | None = None
        self._wary = False
        """Whether the storage failed the last time it was used."""

    def work(self) -> None:
        """Wait until the supervisor says ``work``, then work until it says ``drain``."""
        self._told.wait()
        if self._draining.is_set():
            return
        if self._config.warm:
            self._warm()
        device = os.environ.get("CUDA_VISIBLE_DEVICES", self._config.device)
        self._queue.consume(
            WorkerInfo(self._id, socket.gethostname(), os.getpid(), device), self._handle, self._draining
        )

    def listen(self) -> None:
        """Do what the supervisor says. Runs in a thread of its own."""
        for line in sys.stdin:
            match line.split():
                case ["work"]:
                    self._told.set()
                case ["work", gpu]:
                    os.environ["CUDA_VISIBLE_DEVICES"] = gpu  # No runtime is loaded yet.
                    self._told.set()
                case ["drain"]:
                    self._drain_by = time.monotonic() + self._config.drain_s
                    self._draining.set()
                    self._told.set()
        if not self._draining.is_set():
            try:
                self._queue.abandon(self._id, "drained")
            finally:
                os._exit(STOPPED_BY_WATCH)

    def _say(self, words: str) -> None:
        """Tell the supervisor; :meth:`listen` notices one that is gone."""
        with contextlib.suppress(OSError):
            print(words, file=self._line, flush=True)

    def _warm(self) -> None:
        try:
            _log.info("models loaded", models=self._restorer.cache.warm())
        except ModelError as error:
            _log.warning("models not loaded", reason=str(error))

    def _handle(self, claim: Claim) -> None:
        self._say(f"busy {claim.token}")
        try:
            job = claim.job
            if job.attempts == 1 and job.claimed_at is not None:
                tracing.past("queue", job.created_at, job.claimed_at, parent=job.trace)
            with (
                structlog.contextvars.bound_contextvars(job=job.id, attempt=job.attempts),
                tracing.span("restore", parent=job.trace, job=job.id, attempt=job.attempts),
            ):
                self._restore(claim)
        finally:
            self._say("idle")
        while self._wary and not self._draining.is_set():
            self._wary = not self._stores()
            if self._wary:
                self._draining.wait(_PAUSE_S)

    def _restore(self, claim: Claim) -> None:
        watch = LeaseWatch(self._queue, claim, lambda: self._drain_by)
        _log.info("job started", filename=claim.job.filename)
        started = time.monotonic()
        try:
            with watch:
                outcome = restore_job(claim, self._storage, self._restorer, watch.report, watch.token)
            self._insist(lambda: self._queue.finish(claim, outcome))
            _log.info("job finished", seconds=round(time.monotonic() - started, 3))
        except (Canceled, LeaseLost):
            self._insist(lambda: self._let_go(claim, "drained"))
        except StorageUnusable as error:
            stores = self._stores()
            if stores and claim.job.attempts >= MAX_ATTEMPTS:
                self._refuse(claim, error)
            else:
                _log.warning("the storage cannot be used", reason=str(error))
                # One that answers again may be the same that did not a moment ago.
                self._insist(lambda: self._let_go(claim, "retried" if stores else "returned"))
                self._wary = True
        except Exception as error:
            self._refuse(claim, error)
        else:
            if claim.job.attempts > 1:
                self._clean(lambda: self._storage.prune(claim.job.folder, token=claim.token))

    def _refuse(self, claim: Claim, error: Exception) -> None:
        failure = failure_of(error)
        sentence = failure.tell(error)
        if failure.code == "INTERNAL_ERROR":
            _log.exception("job failed by a fault")
        else:
            _log.info("job failed", error=sentence, code=failure.code)
        try:
            self._insist(lambda: self._queue.fail(claim, sentence, failure.code))
        except LeaseLost:
            self._insist(lambda: self._forget(claim))

    def _insist(self, end: Callable[[], object]) -> None:
        """End a job, however long the database is away: finished work is not thrown away."""
        while True:
            try:
                end()
                return
            except DatabaseError as error:
                _log.warning("the end of a job cannot be written yet", reason=str(error))
                time.sleep(_PAUSE_S)

    def _stores(self) -> bool:
        """Whether files can be stored now."""
        try:
            self._storage.check()
        except (JobError, OSError):
            return False
        return True

    def _let_go(self, claim: Claim, reason: Reason) -> None:
        if self._queue.holds(claim):
            _log.info("job handed back")
            self._queue.abandon(self._id, reason)
        else:
            _log.info("job taken away")
            self._forget(claim)

    def _forget(self, claim: Claim) -> None:
        """Delete the files stored under this claim, or all of the job's where it was removed meanwhile."""
        folder = claim.job.folder
        gone = not self._queue.known_folders([folder])
        self._clean(lambda: self._storage.remove(folder if gone else f"{folder}/out/{claim.token}"))

    def _clean(self, remove: Callable[[], object]) -> None:
        """Delete files; housekeeping deletes later what cannot be deleted now."""
        try:
            remove()
        except JobError as error:
            _log.warning("files that are not needed stay for now", reason=str(error))


def main() -> None:
    """Work until told to stop, or until the supervisor is gone."""
    from daguerre.jobs.logs import configure_logs

    # Ctrl-C reaches the whole group of processes; the supervisor says what is to be done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What libraries print is for the log.
    config = Config()
    configure_logs()
    tracing.configure("worker")
    structlog.contextvars.bind_contextvars(worker=sys.argv[1])
    limit_memory(config.worker_memory_bytes or share_of_memory(1))
    database = backends.open_database(config)
    queue, storage = backends.job_queue(database, config), backends.file_storage(config)
    working = Worker(sys.argv[1], queue, storage, config, line)
    threading.Thread(target=working.listen, name="line", daemon=True).start()
    working.work()


if __name__ == "__main__":
    main()
