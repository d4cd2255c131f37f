"""``daguerre split``: the photos on album pages as files of their own."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daguerre.cli.outputs import Job, Places, likely_extension, prepare, real
from daguerre.cli.signals import Stop
from daguerre.config import Config
from daguerre.errors import CannotWrite, DaguerreError, InvalidSettings
from daguerre.files import write_whole
from daguerre.imaging import registry
from daguerre.naming import fitting
from daguerre.progress import CancelToken
from daguerre.sentences import count, sentence

if TYPE_CHECKING:
    from daguerre.album import FoundPhoto
    from daguerre.models.runtime.cache import ModelCache

_NUMBERED = re.compile(r"(?P<page>.+)-\d{2,}")


class Splitter:
    """One ``daguerre split``. Never writes to a page, and photos whole or not at all."""

    def __init__(
        self,
        places: Places,
        *,
        upright: bool = True,
        recover: bool = False,
        overwrite: bool = False,
        dry_run: bool = False,
        as_json: bool = False,
        format: str | None = None,
        quality: int | None = None,
        stop: Stop | None = None,
    ) -> None:
        self._places = places
        self._upright = upright
        self._recover = recover
        self._overwrite = overwrite
        self._dry_run = dry_run
        self._as_json = as_json
        self._format = format
        self._quality = quality
        self._taken = set(places.photos)
        self._cancel = CancelToken()
        self._cache: ModelCache | None = None
        if stop is not None:
            stop.listen(self._cancel.cancel)

    def run(self) -> int:
        """0 when photos were found on every page, 1 when one page failed or none was found on it."""
        for folder in self._places.empty:
            _complain(f"{folder}: no pages in this folder.")
        failures, photos, pages = len(self._places.empty), 0, 0
        jobs = list(self._pages())
        for job in jobs:
            if self._cancel.canceled:
                break
            try:
                photos += self._one(job)
                pages += 1
            except (InvalidSettings, BrokenPipeError):  # All pages', or nobody reads what is said of them.
                raise
            except Exception as error:
                if self._cancel.canceled:
                    break
                failures += 1
                said = sentence(job.photo, error)
                _complain(said)
                self._emit({"input": str(job.photo), "output": None, "status": "failed", "error": said})
        if self._places.skipped:
            _complain(f"Skipped {count(self._places.skipped, 'file')} of other kinds.")
        if self._places.passed:
            _complain(f"Skipped {count(self._places.passed, 'subfolder')}. Add -r to include subfolders.")
        if self._cancel.canceled:
            _complain("Stopped. Finished photos are complete.")
        if len(jobs) > 1:
            verb = "would be written" if self._dry_run else "written"
            _complain(f"{count(photos, 'photo')} from {count(pages, 'page')} {verb}, {failures} failed.")
        return 1 if failures or self._cancel.canceled else 0

    def _pages(self) -> Iterator[Job]:
        """The pages; photos that an earlier run cut out of one of them are none."""
        stems = {(job.photo.parent, job.photo.stem) for job in self._places.jobs}
        for job in self._places.jobs:
            cut = _NUMBERED.fullmatch(job.photo.stem)
            if cut is None or (job.photo.parent, cut["page"]) not in stems:
                yield job

    def _one(self, job: Job) -> int:
        """Write the photos of one page; gives how many they are. Raises DaguerreError."""
        from daguerre import album

        if job.problem is not None:
            raise FileNotFoundError(job.problem)
        found = album.split(
            job.photo, self._models(), upright=self._upright, max_pixels=Config().max_pixels, recover=self._recover,
            cancel=self._cancel,
        )  # fmt: skip
        if not found:
            raise NoPhotos(f"{job.photo}: no photos were found on this page.")
        suffix = self._suffix(job.photo)
        paths = self._paths(job, len(found), suffix)
        for path in paths:
            self._check(path)
        if not self._dry_run:
            prepare(job.folder)
        for photo, path in zip(found, paths, strict=True):
            if self._cancel.canceled:
                break
            self._keep(job, photo, path)
        return len(found)

    def _keep(self, job: Job, photo: FoundPhoto, path: Path) -> None:
        warnings: list[str] = []
        if not self._dry_run:
            encoded = photo.encode(self._format, self._quality)
            path = path.with_suffix(path.suffix if _same_format(path.suffix, encoded.format) else encoded.extension)
            self._check(path)
            write_whole(path, encoded.data)
            warnings = [*photo.photo.warnings, *encoded.warnings]
        self._taken.add(real(path))
        status = "planned" if self._dry_run else "written"
        line: dict[str, Any] = {"input": str(job.photo), "output": str(path), "status": status}
        self._emit({**line, **photo.to_dict(), "warnings": warnings})
        if self._as_json:
            return
        width, height = photo.size
        turned = f", turned {photo.angle:.1f}°" if abs(photo.angle) >= 0.05 else ""
        print(f"{job.photo} -> {path}  ({width} x {height}{turned})", flush=True)
        for warning in warnings:
            _complain(f"{path}: {warning}")

    def _emit(self, line: dict[str, Any]) -> None:
        if self._as_json:
            print(json.dumps(line, ensure_ascii=False), flush=True)

    def _suffix(self, page: Path) -> str:
        """The suffix of the photos: the page's own where it names the format that they will have."""
        if self._format is not None:
            return registry.named(self._format).extension
        likely = likely_extension(page)
        return page.suffix if page.suffix.lower() == likely or _same_format(page.suffix, likely) else likely

    def _paths(self, job: Job, number: int, suffix: str) -> list[Path]:
        """``PAGE-01`` and so on, in the job's folder; ``PAGE-2-01`` where another page has these names."""
        turn = 1
        while True:
            stem = job.photo.stem if turn == 1 else f"{job.photo.stem}-{turn}"
            paths = [job.folder / fitting(stem, f"-{index:02}{suffix}") for index in range(1, number + 1)]
            if turn > 99 or not any(real(path) in self._taken for path in paths):
                return paths
            turn += 1

    def _check(self, path: Path) -> None:
        if real(path) in self._places.photos:
            raise CannotWrite(f"{path} is one of the pages. Daguerre never overwrites pages.")
        if path.is_dir():
            raise CannotWrite(f"{path} is a folder.")
        if path.exists() and not self._overwrite:
            raise CannotWrite(f"{path} already exists. Use --overwrite to replace it.")

    def _models(self) -> ModelCache:
        if self._cache is None:
            from daguerre.pipeline.restorer import Restorer

            self._cache = Restorer(config=Config()).cache
        return self._cache


class NoPhotos(DaguerreError):
    """Nothing on the page looks like a photo."""


def _same_format(one: str, other: str) -> bool:
    first, second = registry.find(one), registry.find(other)
    return first is not None and first is second


def _complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
