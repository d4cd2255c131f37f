"""Many photos, in order, each failing alone."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from daguerre.errors import Canceled, DaguerreError
from daguerre.imaging.sources import Source
from daguerre.pipeline.result import Restoration
from daguerre.progress import CancelToken, ProgressEvent

Restore = Callable[[Source, Callable[[ProgressEvent], object] | None, CancelToken], Restoration]


@dataclass(frozen=True, slots=True)
class BatchEvent:
    """Where one of many photos stands: ``index`` counts from 0; ``total`` is ``None`` where nobody knows it."""

    index: int
    total: int | None
    source: Source
    event: ProgressEvent


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one photo: a ``result`` or an ``error``."""

    source: Source
    result: Restoration | None = None
    error: Exception | None = None

    def unwrap(self) -> Restoration:
        """The result; raises the error where there is none."""
        if self.result is None:
            raise self.error or DaguerreError("There is no result.")
        return self.result


def in_order(
    photos: Iterable[Source],
    restore: Restore,
    *,
    workers: int,
    on_progress: Callable[[BatchEvent], object] | None,
    cancel: CancelToken | None,
) -> Iterator[Outcome]:
    """What ``restore`` makes of ``photos``, by ``workers`` threads, as :meth:`Restorer.map` has it."""
    if workers < 1:
        raise ValueError("workers must be at least 1")
    total = len(photos) if isinstance(photos, list | tuple) else None
    return _outcomes(photos, total, restore, workers, on_progress, CancelToken(cancel))


def _outcomes(
    photos: Iterable[Source],
    total: int | None,
    restore: Restore,
    workers: int,
    on_progress: Callable[[BatchEvent], object] | None,
    token: CancelToken,
) -> Iterator[Outcome]:
    lock = threading.Lock()

    def one(index: int, source: Source) -> Outcome:
        def progress(event: ProgressEvent) -> None:
            assert on_progress is not None
            with lock:
                on_progress(BatchEvent(index, total, source, event))

        try:
            return Outcome(source, restore(source, None if on_progress is None else progress, token))
        except Canceled:
            raise
        except (DaguerreError, OSError, MemoryError, TypeError) as error:
            return Outcome(source, error=error)

    waiting: deque[Future[Outcome]] = deque()
    with ThreadPoolExecutor(workers, "restore") as pool:
        try:
            for index, source in enumerate(photos):
                token.check()
                waiting.append(pool.submit(one, index, source))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # The caller has left, or something failed: what runs stops at its next tile.
            for future in waiting:
                future.cancel()
            token.cancel()
