"""Events on their way from the queue to every listener of this process: one reader, many listeners."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import structlog
from anyio import to_thread

from daguerre.jobs.queue import JobQueue
from daguerre.jobs.records import Event
from daguerre.server.wire import Frame, Wire

_WAIT_S = 1.0
_CENSUS_S = 5.0
_KEPT = 256

_log = structlog.get_logger()


class Subscription:
    """One listener's frames. Of a slow one the oldest are dropped: each frame tells the whole state."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque(maxlen=_KEPT)
        self._news = asyncio.Event()
        self.closed = False

    def push(self, frame: Frame) -> None:
        """Hand over one frame."""
        self._frames.append(frame)
        self._news.set()

    def close(self) -> None:
        """There will be no more."""
        self.closed = True
        self._news.set()

    async def next(self, within_s: float) -> Frame | None:
        """The next frame; ``None`` where none comes in time or, if ``closed``, ever."""
        if not self._frames and not self.closed:
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), within_s)
        return self._frames.popleft() if self._frames else None


class Broadcast:
    """Waits for new events, however many listen. For one event loop."""

    def __init__(self, queue: JobQueue, wire: Wire) -> None:
        self._queue = queue
        self._wire = wire
        self._listeners: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._seen: set[str] = set()
        self._closed = False

    @contextmanager
    def subscribe(self, *jobs: str) -> Iterator[Subscription]:
        """The frames of ``jobs`` from now on; of those that are still to come, from when they are there."""
        subscription = Subscription()
        if self._closed:
            subscription.close()
        for job in jobs:
            self._listeners[job].add(subscription)
        try:
            yield subscription
        finally:
            for job in set(jobs):
                self._listeners[job].discard(subscription)
                if not self._listeners[job]:
                    del self._listeners[job]
                    self._seen.discard(job)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(set[Subscription]().union(*self._listeners.values()))

    def drop(self, job: str) -> None:
        """End the streams of a job that is no more."""
        for subscription in self._listeners.get(job, ()):
            subscription.close()

    def close(self) -> None:
        """End every stream; clients come again when the server does."""
        self._closed = True
        for job in self._listeners:
            self.drop(job)

    async def run(self, on_end: Callable[[str], Awaitable[object]]) -> None:
        """Until cancelled. ``on_end`` is told of each job that ends."""
        position: int | None = None
        census = time.monotonic()
        while True:
            try:
                if position is None:
                    position = await to_thread.run_sync(self._queue.newest)
                events = await to_thread.run_sync(self._news, position, abandon_on_cancel=True)
                if events:
                    await self._hand_out([event for event in events if event.job in self._listeners])
                    position = events[-1].number
                for event in events:
                    if event.last:
                        await on_end(event.job)
                if self._listeners and time.monotonic() - census > _CENSUS_S:
                    census = time.monotonic()
                    await self._drop_removed()
            except Exception:
                _log.exception("events cannot be read")
                await asyncio.sleep(1)

    def _news(self, position: int) -> list[Event]:
        return self._queue.news(position, within_s=_WAIT_S)

    async def _hand_out(self, events: list[Event]) -> None:
        if not events:
            return
        for frame in await to_thread.run_sync(self._wire.frames, self._queue, events):
            for subscription in self._listeners.get(frame.job, ()):
                subscription.push(frame)

    async def _drop_removed(self) -> None:
        """Another process may have removed a job; one that nobody has seen is still to come."""
        listened = list(self._listeners)
        known = await to_thread.run_sync(self._queue.known, listened)
        for job in (self._seen & set(listened)) - known:
            self.drop(job)
        self._seen = known
