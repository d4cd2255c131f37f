"""Batches that are made while the network learns."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

Made = TypeVar("Made")


def make_ahead(make: Callable[[], Made], depth: int = 4) -> Iterator[Made]:
    """What ``make`` gives, without end, made by a thread that is up to ``depth`` ahead."""
    waiting: queue.Queue[Made] = queue.Queue(depth)

    def work() -> None:
        while True:
            waiting.put(make())

    threading.Thread(target=work, daemon=True).start()
    while True:
        yield waiting.get()
