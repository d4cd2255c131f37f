"""Many photos through one Restorer, each failing alone."""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daguerre.cli import faces
from daguerre.cli.outputs import Job, Names, Places, likely_extension, prepare
from daguerre.cli.report import Report
from daguerre.cli.signals import Stop
from daguerre.cli.watch import Arrivals, follow
from daguerre.config import Config, Device
from daguerre.errors import Canceled, CannotWrite, DaguerreError, InvalidSettings, ModelNotInstalled, WrongUsage
from daguerre.files import write_whole
from daguerre.imaging import registry
from daguerre.infrared.channel import is_infrared
from daguerre.progress import CancelToken
from daguerre.sentences import count, sentence
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
        compare: bool = False,
        dry_run: bool = False,
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
        self._compare = compare
        self._dry_run = dry_run
        self._left_out = False
        self._without_model = 0
        self._ended = threading.Event()
        self._names = Names(places.photos)
        self._cancel = CancelToken()
        self._restorer: Restorer | None = None
        if stop is not None:
            stop.listen(self._stop)

    def _stop(self) -> None:
        self._cancel.cancel()
        self._ended.set()

    def run(self) -> int:
        """0 when every photo was restored or skipped, 1 when one failed, 3 when only a model was missing."""
        failures = len(self._places.empty)
        jobs = [job for job in self._places.jobs if not self._is_channel(job)]
        sizes = [_size(job.photo) for job in jobs]
        with Report(sizes, to_stderr=self._as_json) as report:
            for folder in self._places.empty:
                report.failed(f"{folder}: no photos in this folder.")
            for job in jobs:
                if self._cancel.canceled:
                    break
                if not self._attempt(job, report):
                    if self._cancel.canceled:
                        break
                    failures += 1
            failures += self._copy_backs(self._places.backs, report)
            if self._places.skipped:
                report.note(f"Skipped {count(self._places.skipped, 'file')} of other kinds.")
            if self._places.passed:
                report.note(f"Skipped {count(self._places.passed, 'subfolder')}. Add -r to include subfolders.")
            if self._cancel.canceled:
                report.note("Stopped. Finished results are complete. Run the same command with --resume to continue.")
            report.summary(failures)
        if failures > self._without_model or self._cancel.canceled:
            return 1
        return 3 if self._left_out or self._without_model else 0

    def watch(self, folder: Path, again: Callable[[], Places]) -> int:
        """Restore what is in ``folder`` and what arrives there, each file once it is whole, until the process is told
        to stop; gives 0. ``again`` looks for photos. Results that are there already are left alone.
        """
        self._resume = True
        arrivals = Arrivals()
        with Report([], to_stderr=self._as_json) as report:
            report.note(f"Watching {folder}. Press Ctrl-C to stop.")

            def look() -> None:
                places = again()
                jobs = {job.photo: job for job in places.jobs if not self._is_channel(job)}
                for photo in arrivals.whole(jobs, time.monotonic()):
                    if self._cancel.canceled:
                        return
                    job = jobs[photo]
                    if self._names.earlier(job, self._format(job)) is None:
                        report.expect(_size(photo))
                        self._attempt(job, report)
                self._copy_backs([back for back in places.backs if not _copy(back).exists()], report)

            follow(folder, look, self._ended, recursive=self._places.recursive)
        return 0

    def _copy_backs(self, backs: list[Job], report: Report) -> int:
        """Put the ``backs`` of prints beside the results of their fronts; gives how many could not be copied."""
        failures, there = 0, 0
        for back in backs:
            path = _copy(back)
            if self._cancel.canceled:
                break
            if _same(path, back.photo) or (path.exists() and not self._overwrite):
                there += 1
                continue
            try:
                if not self._dry_run:
                    prepare(back.folder)
                    self._names.forbid_photo(path)
                    write_whole(path, back.photo.read_bytes())
            except (DaguerreError, OSError) as error:
                failures += 1
                report.failed(sentence(back.photo, error))
                continue
            report.note(f"{back.photo} -> {path}  (back of a print, {'to be ' if self._dry_run else ''}copied)")
            status = "planned" if self._dry_run else "copied"
            self._emit({"input": str(back.photo), "output": str(path), "status": status})
        if there:
            report.note(f"Left {count(there, 'back')} of prints (NAME_b) as they are. Name a file to restore it.")
        return failures

    def _is_channel(self, job: Job) -> bool:
        return self._settings.infrared and is_infrared(job.photo)

    def _attempt(self, job: Job, report: Report) -> bool:
        """Whether the photo was restored or skipped; says why where not."""
        try:
            self._one(job, report)
        except Canceled:
            return False
        except (InvalidSettings, WrongUsage, BrokenPipeError):  # All photos', or nobody reads what is said of them.
            raise
        except Exception as error:
            self._without_model += isinstance(error, ModelNotInstalled)
            said = sentence(job.photo, error)
            report.failed(said)
            self._emit({"input": str(job.photo), "output": None, "status": "failed", "error": said})
            return False
        return True

    def _format(self, job: Job) -> str | None:
        wanted = self._settings.output_format or ((job.exact.suffix or None) if job.exact else None)
        if wanted is not None:
            registry.named(wanted)  # raises before the work, not after it
        return wanted

    def _one(self, job: Job, report: Report) -> None:
        report.begin(job.photo.name)
        if job.problem is not None:
            raise FileNotFoundError(job.problem)
        wanted = self._format(job)
        earlier = self._names.earlier(job, wanted)
        if job.exact is not None:
            self._names.forbid_photo(job.exact)
        if earlier is not None and self._resume:
            self._leave(job, earlier, report)
            return
        if earlier is not None:
            self._check(earlier)
        if self._dry_run:
            self._tell(job, wanted, report)
            return
        prepare(job.folder)
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
        compared = self._names.compared(path)
        if self._compare and result.steps:
            self._check(compared)
            result.compare(compared)
        self._left_out = self._left_out or bool(result.left_out)
        report.restored(job.photo, path, result)
        self._emit({"input": str(job.photo), "output": str(path), "status": "restored", **result.to_dict()})

    def _tell(self, job: Job, wanted: str | None, report: Report) -> None:
        """What would be done."""
        path = self._names.choose(job, wanted or likely_extension(job.photo))
        self._names.take(path)
        report.planned(job.photo, path)
        self._emit({"input": str(job.photo), "output": str(path), "status": "planned"})

    def _leave(self, job: Job, path: Path, report: Report) -> None:
        self._names.take(path)
        report.skipped(job.photo, path)
        self._emit({"input": str(job.photo), "output": str(path), "status": "skipped"})

    def _check(self, path: Path) -> None:
        self._names.forbid_photo(path)
        if path.is_dir():
            raise CannotWrite(f"{path} is a folder.")
        if path.exists() and not self._overwrite:
            raise CannotWrite(f"{path} already exists. Use --overwrite to replace it or --resume to skip it.")

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

            self._restorer = Restorer(self._settings.models, self._device, config=Config())
        return self._restorer

    def _emit(self, line: dict[str, Any]) -> None:
        if self._as_json:
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
            print(json.dumps(line, ensure_ascii=False), file=sys.stdout, flush=True)


def _copy(back: Job) -> Path:
    return back.folder / back.photo.name


def _same(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)


def _size(photo: Path) -> int:
    """The file's bytes: what stands in for how long it takes."""
    try:
        return max(1, photo.stat().st_size)
    except OSError:
        return 1
