"""What a person sees of a batch."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

if TYPE_CHECKING:
    from daguerre.pipeline.result import Restoration
    from daguerre.progress import ProgressEvent

_DONE = {
    "negative": "negative developed",
    "scratch_removal": "damage repaired",
    "denoise": "noise reduced",
    "face_enhancement": "faces enhanced",
    "colorize": "color added",
}

_SETTLED_S = 2.0
"""Seconds before which the time left is a guess."""


class Report:
    """One line per photo on stdout (or stderr), failures on stderr, a bar where stderr is a terminal."""

    def __init__(
        self, sizes: list[int], *, to_stderr: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``sizes`` are the photos' bytes, which share the bar."""
        self._errors = Console(stderr=True, highlight=False, soft_wrap=True)
        self._lines = self._errors if to_stderr or self._errors.is_terminal else Console(
            highlight=False, soft_wrap=True, file=sys.stdout
        )  # fmt: skip
        self._sizes = list(sizes)
        self._clock = clock
        self._counts = {"restored": 0, "skipped": 0, "planned": 0}
        self._began = clock()
        self._left = TimeLeft(clock)
        self._photo = ""
        self._bar: Progress | None = None
        self._task = TaskID(0)
        if self._errors.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                TextColumn("{task.fields[stage]}", markup=False), TextColumn("{task.fields[left]}", markup=False),
                console=self._errors, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("", total=1, stage="", left="")
        self._index = 0

    def __enter__(self) -> Report:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, name: str) -> None:
        """A photo is next."""
        self._index += 1
        self._began = self._clock()
        self._photo = name if len(self._sizes) == 1 else f"{self._index}/{len(self._sizes)} {name}"
        self._show(0, "")

    def progress(self, event: ProgressEvent) -> None:
        """The photo has come so far."""
        self._show(event.percent, event.stage)

    def expect(self, size: int) -> None:
        """One more photo of ``size`` bytes."""
        self._sizes.append(size)

    def _show(self, percent: int, stage: str) -> None:
        if self._bar is None:
            return
        before, own = sum(self._sizes[: self._index - 1]), self._sizes[self._index - 1]
        share = (before + own * percent / 100) / sum(self._sizes)
        self._bar.update(
            self._task, completed=share, description=self._photo, stage=stage, left=spoken(self._left.seconds(share))
        )  # fmt: skip

    def restored(self, photo: Path, path: Path, result: Restoration) -> None:
        """The photo's result is stored at ``path``."""
        self._counts["restored"] += 1
        done = ", ".join(_DONE.get(step, step) for step in result.steps)
        if not done:
            done = "not restored: model missing" if result.left_out else "nothing to restore"
        seconds = self._clock() - self._began
        self._lines.print(Text(f"{photo} -> {path}  ({done}; {seconds:.1f} s)"))
        self._warn(photo, result)

    def unchanged(self, photo: Path, result: Restoration) -> None:
        """The photo came back as it was, so there is nothing to store."""
        self._counts["skipped"] += 1
        why = "not restored: model missing" if result.left_out else "nothing to restore"
        self._lines.print(Text(f"{photo}  ({why})"))
        self._warn(photo, result)

    def _warn(self, photo: Path, result: Restoration) -> None:
        for warning in result.warnings:
            self._errors.print(Text(f"{photo}: {warning}", style="yellow"))
        if result.left_out:
            self._errors.print(Text("Install the missing models with: daguerre models install", style="yellow"))

    def skipped(self, photo: Path, path: Path, why: str = "already there") -> None:
        """The photo's result was there before."""
        self._counts["skipped"] += 1
        # What is skipped takes no time and says nothing about the rest.
        self._left.leave_out(self._sizes[self._index - 1] / sum(self._sizes))
        self._lines.print(Text(f"{photo} -> {path}  ({why})"))

    def planned(self, photo: Path, path: Path) -> None:
        """The photo would be restored to ``path``."""
        self._counts["planned"] += 1
        self._lines.print(Text(f"{photo} -> {path}"))

    def failed(self, sentence: str) -> None:
        """A photo failed."""
        self._errors.print(Text(sentence, style="red"))

    def note(self, sentence: str) -> None:
        """Something about the whole batch."""
        self._errors.print(Text(sentence))

    def summary(self, failures: int) -> None:
        """The counts, where there were several photos."""
        if len(self._sizes) > 1:
            planned = self._counts["planned"]
            done = f"{planned} would be restored" if planned else f"{self._counts['restored']} restored"
            self._errors.print(Text(f"{done}, {self._counts['skipped']} skipped, {failures} failed."))


class TimeLeft:
    """How long the rest takes, from the share that is done."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._skipped = 0.0

    def leave_out(self, share: float) -> None:
        """``share`` 0-1 of the whole took no time."""
        self._skipped += share

    def seconds(self, share: float) -> float | None:
        """The seconds left with ``share`` 0-1 done; None as long as nothing can be said."""
        done, elapsed = share - self._skipped, self._clock() - self._began
        return elapsed * (1 - share) / done if done > 0.02 and elapsed > _SETTLED_S else None


def spoken(seconds: float | None) -> str:
    """``about 3 min left``, or nothing."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"about {max(1, round(seconds))} s left"
    minutes = round(seconds / 60)
    return f"about {minutes} min left" if minutes < 60 else f"about {minutes // 60} h {minutes % 60} min left"
