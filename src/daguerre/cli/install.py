"""``daguerre models install`` and its neighbours."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from daguerre.cancellation import CancelToken
from daguerre.cli.configuration import configuration
from daguerre.cli.signals import Stop
from daguerre.errors import Canceled, ModelError, WrongUsage
from daguerre.extras import require
from daguerre.models.catalog import Catalog, Model, UnknownModel
from daguerre.models.catalog.known import known
from daguerre.models.catalog.published import PHOTO_RESTORATION, named
from daguerre.models.install import archive
from daguerre.models.install.installer import Installer, Progress, megabytes
from daguerre.models.install.store import Store

_LINE_S = 5.0
_RETRY_S = 30.0
_SIGNED_S = 6 * 3600.0


class Listener:
    """Shows how far an installation is: a bar on a terminal, else a line now and then; or JSON lines on stdout."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Bar | None = None
        self._task = TaskID(0)
        self._told = 0.0
        if self._console.is_terminal and not as_json:
            self._bar = Bar(
                TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
                TimeRemainingColumn(), console=self._console, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("Installing", total=None)

    def __enter__(self) -> Listener:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """What the installer reports."""
        if self._as_json:
            say({
                "event": "progress", "doneBytes": progress.done_bytes, "totalBytes": progress.total_bytes,
                "bytesPerSecond": round(progress.bytes_per_s), "percent": progress.percent,
                "secondsLeft": None if progress.left_s is None else round(progress.left_s, 1),
            })  # fmt: skip
        elif self._bar is not None:
            self._bar.update(self._task, completed=progress.done_bytes, total=progress.total_bytes)
        elif time.monotonic() - self._told > _LINE_S or progress.installed == progress.files:
            self._told = time.monotonic()
            left = "" if progress.left_s is None else f", {progress.left_s:.0f} s left"
            speed = f"{megabytes(progress.bytes_per_s)}/s"
            done = f"{megabytes(progress.done_bytes)} of {megabytes(progress.total_bytes)}"
            self._console.print(f"{progress.percent} %: {done}, {speed}{left}")


def say(line: dict[str, Any]) -> None:
    """One JSON line on stdout."""
    print(json.dumps(line), flush=True)


def store() -> Store:
    """The store of this installation."""
    return Store(configuration().data / "models")


def meant(names: list[str], catalog: Catalog) -> list[Model]:
    """The models that ``names`` mean, the bundle where there is no name. Raises WrongUsage."""
    try:
        return named(names or [PHOTO_RESTORATION.id], catalog)
    except UnknownModel as error:
        raise WrongUsage(str(error)) from None


def install(names: list[str], stop: Stop, *, accept_licences: bool, as_json: bool, source: str | None = None) -> int:
    """Install, from ``source`` alone where there is one; 0 when all is there."""
    models = meant(names, known())
    cancel = CancelToken()
    stop.listen(cancel.cancel)
    try:
        if source is not None and "://" not in source:
            fetched = archive.copy(Path(source), models, store(), accept_licences=accept_licences)
        else:
            installer = Installer(store(), configuration(), source=None if source is None else addresses(source))
            with Listener(as_json) as listener:
                fetched = installer.install(
                    models, accept_licences=accept_licences, on_progress=listener, cancel=cancel
                )  # fmt: skip
    except Canceled:
        print("Stopped. What has come is kept: the same command goes on from there.", file=sys.stderr)
        return 1
    for model in models:
        state = "installed" if model in fetched else "there already"
        if as_json:
            say({"event": "installed", "id": model.id, "fetched": model in fetched})
        else:
            print(f"{model.id}  {state}  ({model.licence})")
    return 0


def addresses(source: str) -> Callable[[Model], str]:
    """Where models' files are below ``source``. Raises WrongUsage."""
    if source.startswith(("http://", "https://")):
        return lambda model: f"{source.rstrip('/')}/{model.file}"
    if not source.startswith("s3://"):
        raise WrongUsage(f"{source} is neither a folder nor an address like https:// or s3://.")
    require("server", f"Installing from {source}")
    from daguerre.jobs.object_storage import open_store, signed

    store = open_store(source, retry_s=_RETRY_S)
    return lambda model: signed(store, model.file, within_s=_SIGNED_S)


def verify(names: list[str]) -> int:
    """Check the digests of what is installed; 1 where one is wrong or nothing is there."""
    catalog, where = known(), store()
    models = meant(names, catalog) if names else list(catalog)
    wrong = 0
    for model in models:
        try:
            where.verified(model)
            print(f"{model.id}  as published")
        except ModelError as error:
            missing = not where.path(model).exists()
            if not (missing and not names and model.tier == "full"):
                wrong += 1
                print(f"{model.id}  {'missing' if missing else 'damaged'}: {error}")
    return int(wrong > 0)


def remove(names: list[str]) -> int:
    """Delete installed models."""
    removed = Installer(store(), configuration()).remove(meant(names, known()))
    for model in removed:
        print(f"{model.id}  removed")
    if not removed:
        print("None of these was installed.")
    return 0


def export(path: Path, names: list[str]) -> int:
    """Write an archive of installed models."""
    catalog = known()
    chosen = meant(names, catalog) if names else [model for model in catalog if model.tier == "full"]
    for model in archive.export(chosen, store(), path):
        print(f"{model.id}  written to {path}")
    return 0


def load(path: Path, *, accept_licences: bool) -> int:
    """Install from an archive."""
    for model in archive.load(path, known(), store(), accept_licences=accept_licences):
        print(f"{model.id}  installed")
    return 0
