"""Install published models: several files side by side, under a lock, with progress."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from daguerre.cancellation import CancelToken
from daguerre.config import Config
from daguerre.errors import Canceled, InstallFailed, LicenceNotAccepted, ModelDamaged
from daguerre.models.catalog import Model
from daguerre.models.install.download import Download, Patience, Wanted
from daguerre.models.install.store import Store

PARALLEL = 3
"""Files that come at the same time."""
MARGIN_BYTES = 64_000_000
"""What must be free on the disk beyond the files."""
_REPORT_S = 0.2
_WINDOW_S = 8.0
_TOLERANCE = 1.5
"""How many times the expected size a file of unknown size may have."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes so far and in all, bytes per second lately, seconds left (``None`` while unknown), files that are done."""

    done_bytes: int
    total_bytes: int
    bytes_per_s: float
    left_s: float | None
    installed: int
    files: int

    @property
    def percent(self) -> int:
        """0-100."""
        return min(100, 100 * self.done_bytes // max(1, self.total_bytes))


@dataclass(slots=True)
class _Meter:
    """Adds up what the downloads report, and passes it on a few times a second."""

    listener: Callable[[Progress], object] | None
    models: Sequence[Model]
    bytes_of: dict[str, int] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    _seen: list[tuple[float, int]] = field(default_factory=list)
    _told: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def at(self, model: Model, size: int) -> None:
        with self._lock:
            self.bytes_of[model.id] = size
            now = time.monotonic()
            if now - self._told >= _REPORT_S:
                self._tell(now)

    def done(self, model: Model) -> None:
        with self._lock:
            self.finished.add(model.id)
            self._tell(time.monotonic())

    def _tell(self, now: float) -> None:
        self._told = now
        if self.listener is None:
            return
        total = sum(
            self.bytes_of.get(one.id, 0) if one.id in self.finished else one.expected_bytes for one in self.models
        )
        done = min(total, sum(self.bytes_of.values()))
        self._seen = [entry for entry in self._seen if now - entry[0] < _WINDOW_S and entry[1] <= done]
        self._seen.append((now, done))
        first = self._seen[0]
        speed = (done - first[1]) / (now - first[0]) if now > first[0] else 0.0
        left = (total - done) / speed if speed > 0 else None
        self.listener(Progress(done, total, speed, left, len(self.finished), len(self.models)))


class Installer:
    """Fetches models into a store's folder. One at a time per folder, in any process.

    ``source`` gives the only address to ask for a model's file.
    """

    def __init__(
        self,
        store: Store,
        config: Config,
        *,
        patience: Patience | None = None,
        source: Callable[[Model], str] | None = None,
    ) -> None:
        self._store = store
        self._config = config
        self._source = source
        self._patience = patience or Patience()

    def install(
        self,
        models: Sequence[Model],
        *,
        accept_licences: bool = False,
        on_progress: Callable[[Progress], object] | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Model]:
        """Install those of ``models`` that are missing or damaged, and give them.

        Raises :class:`~daguerre.errors.LicenceNotAccepted` where a licence forbids commercial use and
        ``accept_licences`` is false, :class:`~daguerre.errors.InstallFailed` and :class:`~daguerre.errors.Canceled`.
        What has come of a file stays for the next time.
        """
        self.check_licences(models, accept_licences)
        with locked(self._store.folder):
            missing = [model for model in models if not self._whole(model)]
            if not missing:
                return []
            if self._config.offline:
                raise InstallFailed(
                    "DAGUERRE_OFFLINE is set, so nothing is fetched. Use 'daguerre models import' with an archive."
                )
            homeless = [model.id for model in missing if not self.urls(model) and self._source is None]
            if homeless:
                raise InstallFailed(
                    f"No address is known for {', '.join(homeless)}. Use 'daguerre models import' with the file."
                )
            self._check_space(missing)
            self._fetch(missing, on_progress, cancel or CancelToken())
            return missing

    @staticmethod
    def check_licences(models: Sequence[Model], accepted: bool) -> None:
        """Raise LicenceNotAccepted unless all may be installed."""
        asking = [model for model in models if not model.commercial_use]
        if asking and not accepted:
            named = "; ".join(f"{one.id}: {one.licence}, {one.licence_url}" for one in asking)
            raise LicenceNotAccepted(
                f"The licence forbids commercial use ({named}). Read it and accept it with --accept-licence."
            )

    def remove(self, models: Sequence[Model]) -> list[Model]:
        """Delete the files of ``models`` and what has come of them; gives those that were there."""
        removed = []
        with locked(self._store.folder):
            for model in models:
                path = self._store.path(model)
                if path.exists():
                    removed.append(model)
                for one in (path, *parts(path)):
                    one.unlink(missing_ok=True)
        return removed

    def urls(self, model: Model) -> list[str]:
        """Where to ask, in this order: the site's own mirror, then the publisher's addresses; or the one ``source``."""
        if self._source is not None:
            return [self._source(model)]
        mirror = self._config.models_url
        return [*([f"{mirror.rstrip('/')}/{model.file}"] if mirror else []), *model.urls]

    def _whole(self, model: Model) -> bool:
        if not self._store.installed(model):
            return False
        try:
            self._store.verified(model)
        except ModelDamaged:
            return False
        return True

    def _check_space(self, models: Sequence[Model]) -> None:
        there = sum(one.stat().st_size for model in models for one in parts(self._store.path(model)) if one.exists())
        needed = sum(model.expected_bytes for model in models) - there + MARGIN_BYTES
        free = shutil.disk_usage(self._store.folder).free
        if free < needed:
            raise InstallFailed(
                f"There is not enough room: {megabytes(needed)} are needed in {self._store.folder}, "
                f"{megabytes(free)} are free. DAGUERRE_DATA chooses another folder."
            )

    def _fetch(
        self, models: Sequence[Model], on_progress: Callable[[Progress], object] | None, cancel: CancelToken
    ) -> None:
        import httpx

        meter = _Meter(on_progress, models)
        stop = CancelToken()
        timeout = httpx.Timeout(self._patience.stall_s, connect=self._patience.connect_s)
        agent = {"User-Agent": "daguerre"}
        with httpx.Client(follow_redirects=True, timeout=timeout, headers=agent) as client:

            def fetch(model: Model) -> None:
                most = model.size_bytes or int(model.expected_bytes * _TOLERANCE)
                wanted = Wanted(self._store.path(model), model.sha256, model.size_bytes, most)

                def report(size: int) -> None:
                    if cancel.canceled:
                        stop.cancel()
                    meter.at(model, size)

                Download(client, wanted, report, stop, self._patience).run(self.urls(model))
                meter.at(model, wanted.target.stat().st_size)
                meter.done(model)

            failures = []
            with ThreadPoolExecutor(PARALLEL) as pool:
                running = [pool.submit(fetch, model) for model in models]
                while not all(one.done() for one in running):
                    if cancel.canceled:
                        stop.cancel()
                    time.sleep(0.05)
                for one in running:
                    error = one.exception()
                    if error is not None and not isinstance(error, Canceled):
                        failures.append(error)
        if failures:
            unexpected = [error for error in failures if not isinstance(error, InstallFailed)]
            raise unexpected[0] if unexpected else InstallFailed(" ".join(str(error) for error in failures))
        cancel.check()


def parts(path: Path) -> tuple[Path, Path]:
    """What lies beside ``path`` while it is fetched."""
    return path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.part.json")


def megabytes(size: float) -> str:
    """``340 MB``."""
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one at a time in ``folder``, which is made. The system gives the lock up when its holder dies.

    Raises InstallFailed.
    """
    lock = FileLock(folder / ".install.lock", timeout=0, thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise InstallFailed("Another installation is at work in this folder. Wait for it to end.") from None
    except OSError as error:
        raise InstallFailed(f"The folder {folder} cannot be written: {error.strerror}.") from None
    try:
        yield
    finally:
        lock.release()
