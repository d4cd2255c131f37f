"""What has served goes: old jobs, then the oldest where room is needed, and files without a job."""

from __future__ import annotations

import threading
import time

import structlog

from daguerre.config import Config
from daguerre.jobs.errors import StorageFull
from daguerre.jobs.queue import JobQueue
from daguerre.jobs.storage import Storage

_PERIOD_S = 5.0
_ORPHANS_S = 3600.0

_log = structlog.get_logger()


class Housekeeping:
    """Removes jobs that have ended, with their files; never one that waits or is at work."""

    def __init__(self, queue: JobQueue, storage: Storage, config: Config) -> None:
        self._queue = queue
        self._storage = storage
        self._retention_s = config.retention_hours * 3600
        self._limit_bytes = config.storage_limit_bytes
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Tidy every few seconds from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is being removed."""
        self._stopping.set()
        self._thread.join()

    def make_room(self, size_bytes: int) -> None:
        """Let ``size_bytes`` more be stored, at the cost of the oldest results. Raises StorageFull."""
        allowed = self._limit_bytes - size_bytes
        self._expire(allowed)
        if self._queue.load().stored_bytes > allowed:
            raise StorageFull("The storage is full.")

    def remove(self, job: str) -> bool:
        """Remove one job, whatever it does; false where there is none."""
        removed = self._queue.remove(job)
        for each in removed:
            self._storage.remove(each)
        return bool(removed)

    def _expire(self, allowed_bytes: int) -> None:
        for job in self._queue.expired(time.time() - self._retention_s, over_bytes=allowed_bytes):
            _log.info("job expired", job=job)
            self.remove(job)

    def _run(self) -> None:
        orphans_due, pause = time.monotonic(), 0.0
        while not self._stopping.wait(pause):
            pause = _PERIOD_S
            try:
                self._expire(self._limit_bytes)
                if time.monotonic() >= orphans_due:
                    orphans_due += _ORPHANS_S
                    self._remove_orphans()
            except Exception:
                _log.exception("housekeeping failed")

    def _remove_orphans(self) -> None:
        """Files whose job was removed, or never came to be."""
        self._storage.sweep()
        stored = self._storage.jobs(older_s=_ORPHANS_S)
        for job in stored - self._queue.known(stored):
            self._storage.remove(job)
