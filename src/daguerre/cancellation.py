"""The token that stops running work."""

from __future__ import annotations

import threading
import time

from daguerre.errors import Canceled

_LOOK_S = 0.1


class CancelToken:
    """Asks running work to stop. Any thread may cancel; the work notices at its next tile.

    A token with a ``parent`` is canceled with it, and not the other way round.
    """

    def __init__(self, parent: CancelToken | None = None) -> None:
        self._event = threading.Event()
        self._parent = parent

    def cancel(self) -> None:
        """Ask for the stop. Cannot be taken back."""
        self._event.set()

    @property
    def canceled(self) -> bool:
        """Whether the stop was asked for."""
        return self._event.is_set() or (self._parent is not None and self._parent.canceled)

    def check(self) -> None:
        """Raise :class:`~daguerre.errors.Canceled` when the stop was asked for."""
        if self.canceled:
            raise Canceled("The restoration was canceled.")

    def sleep(self, seconds: float) -> None:
        """Wait ``seconds``. Raises :class:`~daguerre.errors.Canceled` as soon as the stop is asked for."""
        until = time.monotonic() + seconds
        self.check()
        while (left := until - time.monotonic()) > 0:
            # A signal's handler, which may be what cancels, runs between waits only.
            self._event.wait(min(left, _LOOK_S))
            self.check()
