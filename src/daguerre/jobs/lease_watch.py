"""Runs beside the work on one job: writes its progress, and stops it when the job is taken away."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from types import TracebackType

import structlog

from daguerre.cancellation import CancelToken
from daguerre.database.errors import DatabaseError
from daguerre.jobs.errors import LeaseLost
from daguerre.jobs.queue import JobQueue
from daguerre.jobs.records import Claim

STOPPED_BY_WATCH = 70
"""The exit code of a worker that had to be ended with its work."""

_PERIOD_S = 0.25
_PATIENCE_S = 2.0

_log = structlog.get_logger()


class LeaseWatch:
    """A context around the work on ``claim``.

    ``token`` is canceled when the lease is lost (``lost`` is true then) and when the time that ``deadline`` gives has
    passed; it is asked four times a second. Work that does not stop within two seconds of a lost lease is ended with
    its process, as another worker may have the job. A database that does not answer is asked again.
    """

    def __init__(self, queue: JobQueue, claim: Claim, deadline: Callable[[], float | None]) -> None:
        self.token = CancelToken()
        self.lost = False
        self._queue = queue
        self._claim = claim
        self._deadline = deadline
        self._over = threading.Event()
        self._pending: list[tuple[str, int]] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def report(self, stage: str, percent: int) -> None:
        """Note how far the work is: of each stage, the latest is written within a quarter of a second."""
        with self._lock:
            if self._pending and self._pending[-1][0] == stage:
                self._pending.pop()
            self._pending.append((stage, percent))

    def __enter__(self) -> LeaseWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if error is None:
            self._tell()

    def _run(self) -> None:
        lost_at = 0.0
        while not self._over.wait(_PERIOD_S):
            if self.lost:
                if time.monotonic() - lost_at > _PATIENCE_S:
                    os._exit(STOPPED_BY_WATCH)
                continue
            try:
                self._tell()
            except LeaseLost:
                self.lost, lost_at = True, time.monotonic()
                self.token.cancel()
            deadline = self._deadline()
            if deadline is not None and time.monotonic() > deadline:
                self.token.cancel()

    def _tell(self) -> None:
        """Write the pending reports. Raises LeaseLost."""
        with self._lock:
            pending, self._pending = self._pending, []
        try:
            for stage, percent in pending:
                self._queue.progress(self._claim, stage, percent)
            if not pending and not self._queue.holds(self._claim):
                raise LeaseLost("The job was taken away.")
        except DatabaseError as error:
            # The next report tells how far the work is by then.
            _log.warning("progress cannot be written", job=self._claim.job.id, reason=str(error))
