"""What has served goes: old jobs, then the oldest where room is needed, and files without a job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

import structlog

from daguerre.config import Config
from daguerre.jobs.errors import StorageFull
from daguerre.jobs.queue import LEASE_S, JobQueue
from daguerre.jobs.records import Job
from daguerre.jobs.storage import Storage

PERIOD_S = LEASE_S / 2
"""Shorter than a lease: a queue that is asked less often takes the pauses for outages, and takes no job back."""

_ORPHANS_S = 3600.0
_SHORT_BYTES = 100_000_000
"""What is removed at a time where the disk is full."""

_LEAP_S = 30.0
_STEADY_S = 600.0
"""Nobody's photos go because a clock was wrong: it has to run evenly for so long before jobs are too old."""

_log = structlog.get_logger()


class SteadyClock:
    """Tells whether the wall's clock has run evenly with one that nobody sets, since the start and lately."""

    def __init__(self, wait_s: float, *, wall: Callable[[], float], clock: Callable[[], float]) -> None:
        self._wait_s = wait_s
        self._wall = wall
        self._clock = clock
        self._offset = wall() - clock()
        self._since = clock()

    def steady(self) -> bool:
        """Whether no leap was seen for the time to wait; has to be asked often."""
        offset, now = self._wall() - self._clock(), self._clock()
        if abs(offset - self._offset) > _LEAP_S:
            _log.warning("the clock was set", seconds=round(offset - self._offset))
            self._offset, self._since = offset, now
        return now - self._since >= self._wait_s


class Housekeeping:
    """Removes jobs that have ended, with their files; never one that waits or is at work.

    ``spools`` hold uploads that become no jobs: what processes that are gone have left there is removed too.
    """

    def __init__(
        self,
        queue: JobQueue,
        storage: Storage,
        config: Config,
        *,
        spools: Collection[Storage] = (),
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._storage = storage
        self._spools = spools
        self._retention_s = config.retention_hours * 3600
        self._limit_bytes = config.storage_limit_bytes
        self._wall = wall
        self._clock = clock
        self._steady = SteadyClock(min(_STEADY_S, self._retention_s), wall=wall, clock=clock)
        self._orphans_due = clock()
        self.lost: frozenset[str] = frozenset()
        """Jobs whose results are no longer in the storage, as of the last sweep."""
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
        free = self._storage.free_bytes()
        if free is not None and free < size_bytes:
            allowed = min(allowed, self._queue.stored_bytes() - (size_bytes - free))
        self._expire(allowed)
        if self._queue.stored_bytes() > allowed:
            raise StorageFull("The storage is full.")

    def remove(self, job: str) -> list[Job]:
        """Remove one job, whatever it does, with its photos' jobs, and give them."""
        found = self._queue.get(job)
        if found is None:
            return []
        # The files first: where the disk is full, that makes room for the database to note it.
        for each in [found, *self._queue.photos(job)]:
            self._storage.remove(each.folder)
        removed = self._queue.remove(job)
        for each in removed:  # A worker may have stored something in between.
            self._storage.remove(each.folder)
        return removed

    def tidy(self) -> None:
        """One round."""
        self._queue.maintain()
        free = self._storage.free_bytes()
        # A full disk, whoever has filled it, gets back what can be spared.
        short = free is not None and not free
        self._expire(self._queue.stored_bytes() - _SHORT_BYTES if short else self._limit_bytes)
        if self._clock() >= self._orphans_due:
            self._orphans_due = self._clock() + _ORPHANS_S
            self._remove_orphans()

    def _expire(self, allowed_bytes: int) -> None:
        before = self._wall() - self._retention_s if self._steady.steady() else 0.0
        for job in self._queue.expired(before, over_bytes=max(0, allowed_bytes)):
            _log.info("job expired", job=job)
            self.remove(job)

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = PERIOD_S
            try:
                self.tidy()
            except Exception:
                _log.exception("housekeeping failed")

    def _remove_orphans(self) -> None:
        """Files whose job was removed, or never came to be. Jobs without files stay: the storage may come back."""
        for swept in (self._storage, *self._spools):
            swept.sweep()
        stored = self._storage.folders(older_s=_ORPHANS_S)
        for folder in stored - self._queue.known_folders(stored):
            self._storage.remove(folder)
        offering = self._queue.offering(self._wall() - _ORPHANS_S)
        missing = offering.keys() - self._storage.folders(older_s=-_ORPHANS_S)
        # Some may have been removed while the storage was listed.
        self.lost = frozenset(self._queue.known(offering[folder] for folder in missing))
        for job in self.lost:
            _log.warning("files of a job are gone", job=job)
