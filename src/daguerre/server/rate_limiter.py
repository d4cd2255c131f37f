"""Limits on how often something may be done: token buckets.

Written by hand: the library `limits`, on which others build, has windows and no buckets.
"""

from __future__ import annotations

import time
from collections import OrderedDict

_REMEMBERED = 10_000


class RateLimiter:
    """``per_minute`` for each name, and as many at once. Not thread-safe: for the event loop alone."""

    def __init__(self, per_minute: int) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> float:
        """Take one; gives 0, or the seconds to wait where none is left."""
        now = time.monotonic()
        level, at = self._buckets.get(name, (self._capacity, now))
        level = min(self._capacity, level + (now - at) * self._per_second)
        taken = level >= 1
        self._buckets[name] = (level - 1 if taken else level, now)
        self._buckets.move_to_end(name)
        while len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if taken else (1 - level) / self._per_second
