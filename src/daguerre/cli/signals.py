"""SIGINT and SIGTERM, turned into a clean end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType


class Stop:
    """Notes the first SIGINT or SIGTERM; a second one interrupts at once.

    Until somebody listens, the first one interrupts too.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._listener: Callable[[], object] | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._received)

    def listen(self, listener: Callable[[], object]) -> None:
        """Call ``listener`` on the first signal instead of interrupting."""
        self._listener = listener

    @property
    def exit_code(self) -> int | None:
        """128 plus the signal's number, ``None`` when none came."""
        return None if self.signal is None else 128 + self.signal

    def _received(self, number: int, frame: FrameType | None) -> None:
        again = self.signal is not None
        self.signal = self.signal or number
        if again or self._listener is None:
            raise KeyboardInterrupt
        self._listener()
