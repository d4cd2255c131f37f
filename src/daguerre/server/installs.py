"""Installations as jobs: in a thread of the server, with their progress where that of photos is.

Their leases are kept alive here. Of a server that is gone they run out, and the queue ends the jobs.
"""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import suppress

import structlog

from daguerre.cancellation import CancelToken
from daguerre.config import Config
from daguerre.database.errors import DatabaseError
from daguerre.errors import Canceled, ModelError
from daguerre.failures import FAILURES, Failure, failure_of
from daguerre.jobs.errors import LeaseLost
from daguerre.jobs.queue import JobQueue, Outcome
from daguerre.jobs.records import Claim, Submission
from daguerre.models.catalog.published import Bundle
from daguerre.models.install.installer import Installer, Progress
from daguerre.server.features import Features

_LEASE_S = 15.0
"""How long an installation counts as running when nothing is heard of its server."""

_PAUSE_S = 1.0

_log = structlog.get_logger()


class Installs:
    """Starts, watches and stops installations of bundles."""

    def __init__(self, queue: JobQueue, features: Features, config: Config) -> None:
        self._queue = queue
        self._features = features
        self._config = config
        self._worker = str(uuid.uuid4())
        self._stopping = CancelToken()
        self._threads: list[threading.Thread] = []

    def start(self, bundle: Bundle, owner: str | None) -> str | None:
        """The job that installs ``bundle``, its licences accepted; ``None`` where it is being installed already."""
        id = str(uuid.uuid4())
        if not self._features.begin(bundle, id):
            return None
        try:
            claim = self._queue.begin(Submission(id=id, filename=bundle.name, owner=owner), self._worker, _LEASE_S)
        except BaseException:
            self._features.end(bundle)
            raise
        thread = threading.Thread(target=self._install, args=(bundle, claim), name=f"install {bundle.id}", daemon=True)
        self._threads = [*(one for one in self._threads if one.is_alive()), thread]
        thread.start()
        return id

    def stop(self) -> None:
        """Stop what runs; what has come is kept."""
        self._stopping.cancel()
        for thread in self._threads:
            thread.join(10)

    def _install(self, bundle: Bundle, claim: Claim) -> None:
        cancel, done = CancelToken(), threading.Event()
        watching = threading.Thread(target=self._watch, args=(claim, cancel, done), daemon=True)
        watching.start()

        def listen(progress: Progress) -> None:
            running = self._features.at(bundle, progress)
            try:
                self._queue.progress(claim, running.stage, running.percent)
            except LeaseLost:
                cancel.cancel()
            except DatabaseError as problem:
                _log.warning("progress cannot be written", job=claim.job.id, reason=str(problem))

        error: str | None = None
        try:
            installer = Installer(self._features.store, self._config)
            installer.install(
                self._features.members(bundle), accept_licences=True, on_progress=listen, cancel=cancel
            )  # fmt: skip
            self._end(claim, bundle, None)
        except Canceled:
            self._end(claim, bundle, FAILURES["INTERRUPTED"])
        except ModelError as problem:
            error = str(problem)
            self._end(claim, bundle, FAILURES["INSTALL_FAILED"], error)
        except Exception as fault:
            _log.exception("an installation failed by a fault", job=claim.job.id)
            error = failure_of(fault).say()
            self._end(claim, bundle, failure_of(fault))
        finally:
            done.set()
            self._features.end(bundle, error)

    def _end(self, claim: Claim, bundle: Bundle, failure: Failure | None, details: str = "") -> None:
        """End the job, however long the database lets one wait, unless the server stops meanwhile."""
        while True:
            try:
                if failure is None:
                    result = {"bundle": bundle.id, "installed_version": bundle.version}
                    self._queue.finish(claim, Outcome(result, {}))
                else:
                    self._queue.fail(claim, failure.say(details), failure.code)
                return
            except LeaseLost:
                _log.info("an installation was canceled", job=claim.job.id)
                return
            except DatabaseError as error:
                _log.warning("the end of an installation cannot be written yet", job=claim.job.id, reason=str(error))
                if self._stopping.canceled:
                    return
                time.sleep(_PAUSE_S)

    def _watch(self, claim: Claim, cancel: CancelToken, done: threading.Event) -> None:
        """Keep the lease, and see that the job was not canceled nor the server stopped."""
        told = time.monotonic()
        while not done.wait(0.2):
            if self._stopping.canceled:
                cancel.cancel()
            # A database that does not answer is asked again.
            with suppress(DatabaseError):
                if time.monotonic() - told > _LEASE_S / 5:
                    self._queue.heartbeat([self._worker], _LEASE_S)
                    told = time.monotonic()
                if not self._queue.holds(claim):
                    cancel.cancel()
