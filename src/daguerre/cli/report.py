"""What a person sees of a batch."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

if TYPE_CHECKING:
    from daguerre.pipeline.result import Restoration
    from daguerre.progress import ProgressEvent

_DONE = {
    "scratch_removal": "damage filled",
    "denoise": "noise reduced",
    "face_enhancement": "faces enhanced",
    "colorize": "coloured",
}


class Report:
    """One line per photo on stdout (or stderr), failures on stderr, a bar where stderr is a terminal."""

    def __init__(self, total: int, *, to_stderr: bool = False) -> None:
        self._errors = Console(stderr=True, highlight=False, soft_wrap=True)
        self._lines = self._errors if to_stderr or self._errors.is_terminal else Console(
            highlight=False, soft_wrap=True, file=sys.stdout
        )  # fmt: skip
        self._total = total
        self._counts = {"restored": 0, "skipped": 0}
        self._began = time.monotonic()
        self._bar: Progress | None = None
        self._task = TaskID(0)
        if self._errors.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                TextColumn("{task.fields[stage]}", markup=False), TimeElapsedColumn(),
                console=self._errors, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("", total=100 * max(total, 1), stage="")
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
        self._began = time.monotonic()
        if self._bar is not None:
            self._bar.update(
                self._task,
                completed=100 * (self._index - 1),
                description=f"{self._index}/{self._total} {name}",
                stage="",
            )

    def progress(self, event: ProgressEvent) -> None:
        """The photo has come so far."""
        if self._bar is not None:
            self._bar.update(self._task, completed=100 * (self._index - 1) + event.percent, stage=event.stage)

    def restored(self, photo: Path, path: Path, result: Restoration) -> None:
        """The photo's result is stored at ``path``."""
        self._counts["restored"] += 1
        done = ", ".join(_DONE.get(step, step) for step in result.steps) or "nothing to restore"
        seconds = time.monotonic() - self._began
        self._lines.print(Text(f"{photo} -> {path}  ({done}; {seconds:.1f} s)"))
        for warning in result.warnings:
            self._errors.print(Text(f"{photo}: {warning}", style="yellow"))

    def skipped(self, photo: Path, path: Path) -> None:
        """The photo's result was there before."""
        self._counts["skipped"] += 1
        self._lines.print(Text(f"{photo} -> {path}  (there already)"))

    def failed(self, sentence: str) -> None:
        """A photo failed."""
        self._errors.print(Text(sentence, style="red"))

    def note(self, sentence: str) -> None:
        """Something about the whole batch."""
        self._errors.print(Text(sentence))

    def summary(self, failures: int) -> None:
        """The counts, where there were several photos."""
        if self._total > 1:
            counts = f"{self._counts['restored']} restored, {self._counts['skipped']} skipped, {failures} failed."
            self._errors.print(Text(counts))
