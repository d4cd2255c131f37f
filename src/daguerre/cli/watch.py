"""``daguerre restore --watch``: photos that arrive in a folder, each once it is whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

_LOOK_MS = 1000
_STILL_S = 2.0
"""A file that did not change for so long is whole: scanners and copies write without longer pauses."""


class Arrivals:
    """Tells which of the files that are seen are whole and new. A file that changes later is new again."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}
        self._given: dict[Path, tuple[int, int]] = {}

    def whole(self, paths: Iterable[Path], now: float) -> list[Path]:
        """Those of ``paths`` whose size and time are what they were ``_STILL_S`` ago, by a clock that says ``now``."""
        ready = []
        for path in paths:
            try:
                status = path.stat()
            except OSError:  # It has gone again.
                self._seen.pop(path, None)
                continue
            state = (status.st_size, status.st_mtime_ns)
            known, since = self._seen.get(path, (None, now))
            if known != state:
                self._seen[path] = (state, now)
            elif state[0] > 0 and now - since >= _STILL_S and self._given.get(path) != state:
                self._given[path] = state
                ready.append(path)
        return ready


def follow(folder: Path, look: Callable[[], None], ended: threading.Event, *, recursive: bool) -> None:
    """Call ``look`` at once, whenever something changes in ``folder``, and every second, until ``ended``.

    The second is for file systems that report no changes, such as network shares, and for files to become whole.
    """
    from watchfiles import watch

    look()
    for _ in watch(
        folder, recursive=recursive, stop_event=ended, yield_on_timeout=True, rust_timeout=_LOOK_MS,
        raise_interrupt=False, debug=False,
    ):  # fmt: skip
        look()
