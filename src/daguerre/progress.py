"""Progress by finished tiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from daguerre.cancellation import CancelToken

__all__ = ["CancelToken", "Progress", "ProgressEvent", "Track"]


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """How far the work is: ``stage`` is a sentence for people, ``step`` a name, ``percent`` 0-100 and never falls."""

    stage: str
    percent: int
    step: str


class Track:
    """One step's part of the progress.

    The step calls :meth:`expect` with the number of its tiles, and :meth:`advance` after each. A step of several passes
    first splits its track (:meth:`split`), so that each pass gets its share. ``report`` is told the fraction done, 0-1;
    without arguments a track is silent.
    """

    def __init__(self, report: Callable[[float], None] | None = None, cancel: CancelToken | None = None) -> None:
        self._report = report
        self._cancel = cancel or CancelToken()
        self._total = 0
        self._done = 0

    def expect(self, tiles: int) -> None:
        """Add ``tiles`` to the work ahead. Raises :class:`~daguerre.errors.Canceled` when canceled."""
        self._total += tiles
        self.check()

    def advance(self, tiles: int = 1) -> None:
        """Count ``tiles`` as done. Raises :class:`~daguerre.errors.Canceled` when canceled."""
        self._done += tiles
        if self._report is not None and self._total > 0:
            self._report(min(1.0, self._done / self._total))
        self.check()

    def split(self, *weights: float) -> list[Track]:
        """Tracks for the passes to come, in order; ``weights`` are their shares of the time, in any unit."""
        total = sum(weights) or 1.0
        starts = accumulate(weights, initial=0.0)
        return [
            Track(self._portion(start / total, weight / total), self._cancel)
            for start, weight in zip(starts, weights, strict=False)
        ]

    def _portion(self, start: float, share: float) -> Callable[[float], None] | None:
        report = self._report
        return None if report is None else lambda fraction: report(start + share * fraction)

    def finish(self) -> None:
        """Count all of the track as done. Raises :class:`~daguerre.errors.Canceled` when canceled."""
        if self._report is not None:
            self._report(1.0)
        self.check()

    def check(self) -> None:
        """Raise :class:`~daguerre.errors.Canceled` when canceled."""
        self._cancel.check()


class Progress:
    """Weighs the tracks of one restoration into a percentage that never falls.

    ``weights`` maps each track's name to its share of the expected time, in any unit.
    """

    def __init__(
        self,
        weights: Mapping[str, float],
        on_progress: Callable[[ProgressEvent], object] | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        self.cancel = cancel or CancelToken()
        self._weights = dict(weights)
        self._fractions = dict.fromkeys(self._weights, 0.0)
        self._on_progress = on_progress
        self._percent = 0
        self._last: ProgressEvent | None = None

    def track(self, name: str, step: str, stage: str) -> Track:
        """The track ``name`` of ``weights``; listeners hear of it as ``stage`` of ``step``."""
        self.cancel.check()

        def report(fraction: float) -> None:
            self._fractions[name] = max(self._fractions[name], fraction)
            self._emit(stage, step)

        self._emit(stage, step)
        return Track(report, self.cancel)

    def finish(self, name: str) -> None:
        """Count the track ``name`` as done; the next event shows it."""
        self._fractions[name] = 1.0

    def complete(self) -> None:
        """Report 100 percent."""
        for name in self._fractions:
            self._fractions[name] = 1.0
        self._emit("Done", "")

    def _emit(self, stage: str, step: str) -> None:
        total = sum(self._weights.values()) or 1.0
        done = sum(weight * self._fractions[name] for name, weight in self._weights.items())
        self._percent = max(self._percent, min(100, int(100 * done / total + 1e-9)))
        event = ProgressEvent(stage, self._percent, step)
        if self._on_progress is not None and event != self._last:
            self._last = event
            self._on_progress(event)
