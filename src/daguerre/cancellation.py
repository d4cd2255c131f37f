"""The token that stops running work."""

from __future__ import annotations

import threading

from daguerre.errors import Canceled


class CancelToken:
    """Asks running work to stop. Any thread may cancel; the work notices at its next tile."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask for the stop. Cannot be taken back."""
        self._event.set()

    @property
    def canceled(self) -> bool:
        """Whether the stop was asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise :class:`~daguerre.errors.Canceled` when the stop was asked for."""
        if self._event.is_set():
            raise Canceled("The restoration was canceled.")
