"""Many photos through one Restorer, each failing alone."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daguerre.cli import faces
from daguerre.cli.configuration import configuration
from daguerre.cli.outputs import Job, Names, Places
from daguerre.cli.report import Report
from daguerre.cli.signals import Stop
from daguerre.config import Device
from daguerre.errors import Canceled, CannotWrite, DaguerreError, InvalidSettings
from daguerre.failures import failure_of
from daguerre.files import write_whole
from daguerre.imaging import registry
from daguerre.infrared.channel import is_infrared
from daguerre.progress import CancelToken
from daguerre.settings import Settings

if TYPE_CHECKING:
    from daguerre.pipeline.restorer import Restorer
    from daguerre.pipeline.result import Restoration


class Batch:
    """One ``daguerre restore``. Never writes to a photo, and results whole or not at all."""

    def __init__(
        self,
        places: Places,
        settings: Settings,
        *,
        device: Device = "auto",
        resume: bool = False,
        overwrite: bool = False,
        as_json: bool = False,
        mask: Path | None = None,
        mask_out: Path | None = None,
        faces_out: Path | None = None,
        infrared: Path | None = None,
        stop: Stop | None = None,
    ) -> None:
        self._places = places
        self._settings = settings
        self._device = device
        self._resume = resume
        self._overwrite = overwrite
        self._as_json = as_json
        self._mask = mask
        self._mask_out = mask_out
        self._faces_out = faces_out
        self._infrared = infrared
        self._names = Names(places.photos)
        self._cancel = CancelToken()
        self._restorer: Restorer | None = None
        if stop is not None:
            stop.listen(self._cancel.cancel)

    def run(self) -> int:
        """0 when every photo was restored or skipped, else 1."""
        failures = len(self._places.empty)
        jobs = self._places.jobs
        if self._settings.infrared:
            jobs = [job for job in jobs if not is_infrared(job.photo)]
        with Report(len(jobs), to_stderr=self._as_json) as report:
            for folder in self._places.empty:
                report.failed(f"{folder}: there are no photos in this folder.")
            for job in jobs:
                if self._cancel.canceled:
                    break
                try:
                    self._one(job, report)
                except Canceled:
                    break
                except (InvalidSettings, BrokenPipeError):  # All photos', or nobody reads what is said of them.
                    raise
                except Exception as error:
                    failures += 1
                    sentence = _sentence(job.photo, error)
                    report.failed(sentence)
                    self._emit({"input": str(job.photo), "output": None, "status": "failed", "error": sentence})
            if self._places.skipped:
                report.note(f"{_count(self._places.skipped, 'file')} of other kinds skipped.")
            if self._cancel.canceled:
                report.note("Stopped. The results so far are complete; --resume goes on from here.")
            report.summary(failures)
        return 1 if failures or self._cancel.canceled else 0

    def _one(self, job: Job, report: Report) -> None:
        report.begin(job.photo.name)
        if job.problem is not None:
            raise FileNotFoundError(job.problem)
        wanted = self._settings.output_format or ((job.exact.suffix or None) if job.exact else None)
        if wanted is not None:
            registry.named(wanted)  # raises before the work, not after it
        earlier = self._names.earlier(job, wanted)
        if job.exact is not None:
            self._names.forbid_photo(job.exact)
        if earlier is not None and self._resume:
            self._leave(job, earlier, report)
            return
        if earlier is not None:
            self._check(earlier)
        _prepare(job.folder)
        result = self._engine().restore(
            job.photo,
            self._settings if wanted is None else self._settings.updated(output_format=wanted),
            mask=self._mask,
            infrared_file=self._infrared,
            on_progress=report.progress,
            cancel=self._cancel,
        )
        path = self._names.choose(job, result.encode().extension)
        if self._resume and path.is_file():
            self._leave(job, path, report)
            return
        self._check(path)
        if self._mask_out is not None:
            self._save_mask(result, self._mask_out)
        if self._faces_out is not None:
            self._check(self._faces_out)
            faces.save(result, self._faces_out)
        result.save(path)
        self._names.take(path)
        report.restored(job.photo, path, result)
        self._emit({"input": str(job.photo), "output": str(path), "status": "restored", **result.to_dict()})

    def _leave(self, job: Job, path: Path, report: Report) -> None:
        self._names.take(path)
        report.skipped(job.photo, path)
        self._emit({"input": str(job.photo), "output": str(path), "status": "skipped"})

    def _check(self, path: Path) -> None:
        self._names.forbid_photo(path)
        if path.is_dir():
            raise CannotWrite(f"{path} is a folder.")
        if path.exists() and not self._overwrite:
            raise CannotWrite(f"{path} is already there: --overwrite replaces it, --resume skips it.")

    def _save_mask(self, result: Restoration, path: Path) -> None:
        import numpy as np

        from daguerre import imaging
        from daguerre.imaging.photo import Photo

        self._check(path)
        mask = result.damage_mask
        if mask is None:
            mask = np.zeros((result.height // result.upscale, result.width // result.upscale), np.uint8)
        write_whole(path, imaging.encode(Photo(mask[:, :, None], "png"), format=path.suffix or "png").data)

    def _engine(self) -> Restorer:
        if self._restorer is None:
            from daguerre.pipeline.restorer import Restorer

            self._restorer = Restorer(self._settings.models, self._device, config=configuration())
        return self._restorer

    def _emit(self, line: dict[str, Any]) -> None:
        if self._as_json:
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
            print(json.dumps(line, ensure_ascii=False), file=sys.stdout, flush=True)


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"The folder {folder} cannot be made: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotWrite(f"The folder {folder} cannot be written to: choose another with -o.")


def _sentence(photo: Path, error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"{photo}: {failure_of(error).say()}"
    if isinstance(error, FileNotFoundError) and error.errno is None:
        return str(error)
    if isinstance(error, OSError):
        return f"{photo}: {error.strerror or error}."
    text = " ".join(str(error).split()) or type(error).__name__
    if not isinstance(error, DaguerreError):
        return f"{photo}: an unexpected fault, please report it: {type(error).__name__}: {text}"
    return text if str(photo) in text else f"{photo}: {text}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
