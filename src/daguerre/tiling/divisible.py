"""Whether whoever calls a model has smaller pieces to offer where memory is short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_divisible: ContextVar[bool] = ContextVar("divisible", default=False)


@contextmanager
def divisible() -> Iterator[None]:
    """Within, a call that is short of memory raises OutOfMemory at once, and is made again in smaller pieces."""
    token = _divisible.set(True)
    try:
        yield
    finally:
        _divisible.reset(token)


def is_divisible() -> bool:
    """Whether this is within :func:`divisible`."""
    return _divisible.get()
