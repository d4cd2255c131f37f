"""``daguerre submit``: one job for each photo of a folder or a store, for a service to restore."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from daguerre.cli.configuration import configuration
from daguerre.cli.signals import Stop
from daguerre.errors import Canceled, DaguerreError, InvalidSettings, JobFailed, ServiceRefused, WrongUsage
from daguerre.extras import require
from daguerre.failures import failure_of
from daguerre.settings import Settings

if TYPE_CHECKING:
    from daguerre.cli.doors import Door
    from daguerre.cli.places import Item, Place

_LINE_S = 5.0

Outcome = Literal["restored", "skipped", "failed"]


def submit(
    stop: Stop,
    source: str,
    *,
    to: str,
    server: str | None,
    key: str | None,
    settings: str | None,
    parallel: int,
    failures: Path | None,
) -> int:
    """0 when every photo was restored, now or earlier. Raises what places, doors and settings do."""
    require("server", "daguerre submit")
    from daguerre.cli.doors import HttpDoor, QueueDoor
    from daguerre.cli.places import Place
    from daguerre.client import Client

    wanted = _settings(settings)
    here, there = Place(source), Place(to, made=True)
    with ExitStack() as stack:
        report = stack.enter_context(failures.open("w", encoding="utf-8")) if failures is not None else None
        door: Door
        if server is not None:
            door = HttpDoor(stack.enter_context(Client(server, key)), wanted)
        else:
            door = QueueDoor(configuration(), wanted)
        bulk = Bulk(here, there, door, parallel, report or sys.stdout)
        stop.listen(bulk.stop)
        return bulk.run(here.photos(wanted.model_dump(mode="json", exclude_unset=True), there))


class Bulk:
    """At most ``parallel`` photos on their way at a time. Failures become JSON lines in ``report``.

    Ids of jobs follow from what is wanted, so whoever begins again finds the jobs of before.
    """

    def __init__(self, source: Place, target: Place, door: Door, parallel: int, report: TextIO) -> None:
        self._source = source
        self._target = target
        self._door = door
        self._parallel = parallel
        self._report = report
        self._stopping = threading.Event()
        self._counts: dict[Outcome, int] = {"restored": 0, "skipped": 0, "failed": 0}

    def stop(self) -> None:
        """Begin nothing more, and wait for nothing: jobs that were submitted go on without us."""
        self._stopping.set()

    def run(self, items: list[Item]) -> int:
        """0 when every photo is done."""
        done = self._target.done()
        todo = [item for item in items if item.digest not in done]
        self._counts["skipped"] = len(items) - len(todo)
        with Summary(len(items), self._counts) as summary, ThreadPoolExecutor(self._parallel) as pool:
            summary.show()
            for each in as_completed([pool.submit(self._one, item) for item in todo]):
                outcome = each.result()
                if outcome is not None:
                    self._counts[outcome] += 1
                summary.show()
        if self._stopping.is_set():
            print("Stopped. The same command goes on from here.", file=sys.stderr)
        return int(self._counts["failed"] > 0 or self._stopping.is_set())

    def _one(self, item: Item) -> Outcome | None:
        if self._stopping.is_set():
            return None
        try:
            self._restore(item)
        except Canceled:
            return None
        except Exception as error:
            reason = error.reason if isinstance(error, JobFailed | ServiceRefused) else None
            known = isinstance(error, DaguerreError | OSError)
            line = {"source": item.name, "error": str(error) if known else repr(error),
                    "code": reason or failure_of(error).code}  # fmt: skip
            self._report.write(f"{json.dumps(line, ensure_ascii=False)}\n")  # Whole: other threads write too.
            self._report.flush()
            return "failed"
        return "restored"

    def _restore(self, item: Item) -> None:
        id = f"bulk-{item.digest}"
        with tempfile.TemporaryDirectory(prefix="daguerre-") as folder:
            path = Path(folder) / "photo"
            self._submit(id, item, path)
            try:
                self._door.wait(id, self._stopping.is_set)
            except JobFailed:
                self._door.remove(id)
                raise
            name = self._door.fetch(id, path)
            self._target.store(item, item.result(name), path)
        self._door.remove(id)

    def _submit(self, id: str, item: Item, scratch: Path) -> None:
        """A job of an earlier time will do, unless it has failed."""
        from daguerre.jobs.errors import JobExists

        try:
            self._door.submit(id, item, self._source, scratch, self._stopping.is_set)
            return
        except JobExists:
            pass
        try:
            self._door.wait(id, lambda: True)
        except Canceled:
            return
        except JobFailed:
            self._door.remove(id)
            self._door.submit(id, item, self._source, scratch, self._stopping.is_set)


class Summary:
    """How far all of it is: a bar on a terminal, else a line now and then, on standard error."""

    def __init__(self, total: int, counts: dict[Outcome, int]) -> None:
        self._total = total
        self._counts = counts
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._told = 0.0

    def __enter__(self) -> Summary:
        if self._console.is_terminal:
            self._bar = Progress(
                BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False),
                TimeRemainingColumn(), console=self._console, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("", total=self._total)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._console.print(Text(f"{self._words()}."))

    def show(self) -> None:
        """Something has changed."""
        if self._bar is not None:
            self._bar.update(self._task, completed=sum(self._counts.values()), description=self._words())
        elif time.monotonic() - self._told > _LINE_S:
            self._told = time.monotonic()
            self._console.print(Text(f"{sum(self._counts.values())} of {self._total}: {self._words()}"))

    def _words(self) -> str:
        restored, skipped, failed = (self._counts[name] for name in ("restored", "skipped", "failed"))
        return f"{restored} restored, {skipped} done before, {failed} failed"


def _settings(text: str | None) -> Settings:
    """From JSON as the service takes it, or from the file that ``@PATH`` names. Raises WrongUsage, InvalidSettings."""
    if text is None:
        return Settings()
    try:
        fields = json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    except ValueError:
        raise WrongUsage("--settings is not JSON.") from None
    if not isinstance(fields, dict):
        raise InvalidSettings(("settings", "must be an object"))
    settings, unknown = Settings.from_wire(fields)
    if unknown:
        raise InvalidSettings(*((name, "is not known") for name in unknown))
    return settings
