"""Events on their way from the database to every listener of this process: one reader, many queues."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog
from anyio import to_thread

from daguerre.jobs.queue import JobQueue
from daguerre.jobs.records import Event

_PERIOD_S = 0.05
_CENSUS_S = 5.0
_KEPT = 256
_PAGE = 1000

_log = structlog.get_logger()


class Subscription:
    """One listener's events. Of a slow one the oldest are dropped: each event tells the whole state."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._news = asyncio.Event()
        self._closed = False

    def push(self, event: Event) -> None:
        """Hand over one event."""
        self._events.append(event)
        self._news.set()

    def close(self) -> None:
        """There will be no more."""
        self._closed = True
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            while self._events:
                yield self._events.popleft()
            if self._closed:
                return
            self._news.clear()
            await self._news.wait()


class Broadcast:
    """Reads new events twenty times a second, however many listen. For one event loop."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._listeners: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._closed = False

    @contextmanager
    def subscribe(self, *jobs: str) -> Iterator[Subscription]:
        """The events of ``jobs`` from now on."""
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
        position = await self._position()
        census = time.monotonic()
        while True:
            await asyncio.sleep(_PERIOD_S)
            try:
                for event in await to_thread.run_sync(self._news, position):
                    position = event.number
                    for subscription in self._listeners.get(event.job, ()):
                        subscription.push(event)
                    if event.last:
                        await on_end(event.job)
                if self._listeners and time.monotonic() - census > _CENSUS_S:
                    census = time.monotonic()
                    await self._drop_removed()
            except Exception:
                _log.exception("events cannot be read")
                await asyncio.sleep(1)

    def _news(self, position: int) -> list[Event]:
        return self._queue.events(position, limit=_PAGE)

    async def _position(self) -> int:
        while True:
            try:
                return await to_thread.run_sync(self._queue.newest)
            except Exception:
                _log.exception("events cannot be read")
                await asyncio.sleep(1)

    async def _drop_removed(self) -> None:
        """Another process may have removed a job."""
        listened = list(self._listeners)
        known = await to_thread.run_sync(self._queue.known, listened)
        for job in set(listened) - known:
            self.drop(job)
