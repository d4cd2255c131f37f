"""Finds the photos that the arguments name, and chooses the paths of their results."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from daguerre.errors import CannotWrite
from daguerre.files import make_folder
from daguerre.imaging import registry
from daguerre.naming import COMPARED, SUFFIX, compared, fitting


class UsageError(Exception):
    """The options contradict each other."""


@dataclass(frozen=True, slots=True)
class Job:
    """A photo, the folder of its result, and the result's exact path where the user gave one."""

    photo: Path
    folder: Path
    exact: Path | None = None

    @property
    def problem(self) -> str | None:
        """Why the photo cannot be restored, or ``None``."""
        if glob.has_magic(str(self.photo)) and not os.path.lexists(self.photo):
            return f"{self.photo}: no files match this pattern."
        if not self.photo.exists():
            return f"{self.photo}: no such file."
        if not self.photo.is_file():
            return f"{self.photo}: not a file."
        return None


class Places:
    """The jobs of ``arguments``, in order, each photo once.

    ``output`` is a folder if it is one, has no suffix, or with ``folder``; otherwise it is the path of a single result.
    In folders, hidden files, results of earlier runs and other kinds of files are left out; ``skipped`` counts the
    latter. ``backs`` are the backs of prints in them, which are copied. ``empty`` lists folders without photos, and
    ``passed`` counts subfolders that were not entered. Raises :class:`UsageError`.
    """

    def __init__(
        self,
        arguments: list[str],
        output: Path | None,
        *,
        recursive: bool = False,
        single: bool = False,
        folder: bool = False,
    ) -> None:
        self.skipped = 0
        self.empty: list[Path] = []
        self.passed = 0
        self.backs: list[Job] = []
        self.recursive = recursive
        self._seen: set[Path] = set()
        found = [pair for argument in arguments for pair in self._argument(argument)]
        several = folder or len(found) > 1 or any(Path(argument).is_dir() for argument in arguments)
        if single and several:
            raise UsageError("--mask, --mask-out and --faces-out work on one photo at a time.")
        if several and output is not None and not output.is_dir() and _names_a_file(output):
            raise UsageError(f"-o {output} names one file, but there may be several results. Name a folder instead.")
        self.backs = [
            replace(back, folder=back.photo.parent if output is None else output / back.folder) for back in self.backs
        ]
        exact = output if output is not None and not several and not _is_folder(output) else None
        self.jobs = [
            Job(photo, exact.parent if exact else photo.parent if output is None else output / below, exact)
            for photo, below in found
        ]
        self.photos = frozenset(real(job.photo) for job in self.jobs)

    def _argument(self, argument: str) -> Iterator[tuple[Path, Path]]:
        path = Path(argument)
        if not os.path.lexists(path) and glob.has_magic(argument):
            matches = sorted(glob.glob(argument, recursive=True))
            for match in matches:
                if not (Path(match).is_dir() and not self.recursive) and not _is_result(Path(match)):
                    yield from self._argument(match)
            if matches:
                return
        if path.is_dir():
            yield from self._folder(path)
        elif real(path) not in self._seen:
            self._seen.add(real(path))
            yield path, Path()

    def _folder(self, folder: Path) -> Iterator[tuple[Path, Path]]:
        count = 0
        for current, folders, names in os.walk(folder):
            inner = sorted(name for name in folders if not name.startswith("."))
            folders[:] = inner if self.recursive else []
            self.passed += 0 if self.recursive else len(inner)
            backs = _backs(names)
            for name in sorted(names):
                photo = Path(current, name)
                if name in backs:
                    self.backs.append(Job(photo, Path(current).relative_to(folder)))
                    continue
                if name.startswith(".") or _is_result(photo):
                    continue
                if photo.suffix.lower() not in registry.SUFFIXES:
                    self.skipped += 1
                    continue
                count += 1
                if real(photo) not in self._seen:
                    self._seen.add(real(photo))
                    yield photo, Path(current).relative_to(folder)
        if count == 0:
            self.empty.append(folder)


class Names:
    """Gives each job a path of its own, which is never that of a photo."""

    def __init__(self, photos: frozenset[Path]) -> None:
        self._taken = set(photos)

    def choose(self, job: Job, extension: str) -> Path:
        """The path for a result in the format of ``extension``; a file may exist there.

        A photo keeps its own suffix where that names the same format.
        """
        if job.exact is not None:
            return job.exact
        own = job.photo.suffix
        suffix = own if _kind(own) == _kind(extension) else f".{extension.lstrip('.')}"
        number = 1
        path = job.folder / fitting(job.photo.stem, f"{SUFFIX}{suffix}")
        while real(path) in self._taken:
            number += 1
            path = job.folder / fitting(job.photo.stem, f"{SUFFIX}-{number}{suffix}")
        return path

    def earlier(self, job: Job, format: str | None) -> Path | None:
        """The result of an earlier run, or ``None``; its format may be the stand-in for one that cannot be written."""
        first = format or job.photo.suffix
        form = registry.FORMATS.get(_kind(first))
        stand_ins = (".png", ".tif", ".avif") if form is None or form.fallback else ()
        paths = (self.choose(job, extension) for extension in dict.fromkeys((_extension(first), *stand_ins)))
        return next((path for path in paths if path.is_file()), None)

    def compared(self, result: Path) -> Path:
        """The path of the before-and-after picture that belongs to ``result``."""
        return compared(result)

    def take(self, path: Path) -> None:
        """Note that ``path`` is taken."""
        self._taken.add(real(path))

    def forbid_photo(self, path: Path) -> None:
        """Raise CannotWrite where ``path`` is one of the photos or another photo's result."""
        if real(path) in self._taken:
            raise CannotWrite(f"{path} is one of the photos. Daguerre never overwrites photos.")


def prepare(folder: Path) -> None:
    """Make ``folder``; raises CannotWrite where nothing can be written to it."""
    make_folder(folder, advice="Choose another one with -o.")


def likely_extension(photo: Path) -> str:
    """The likely suffix of the result: the photo's format is guessed from its name."""
    suffix = photo.suffix.lower()
    form = registry.FORMATS["raw"] if suffix in registry.RAW_SUFFIXES else registry.find(suffix)
    while form is not None and not form.writable and form.fallback is not None:
        form = registry.FORMATS[form.fallback]
    return suffix if form is None else form.extension


def _kind(suffix: str) -> str:
    form = registry.find(suffix)
    return suffix.lower().lstrip(".") if form is None else form.name


def _extension(name: str) -> str:
    form = registry.FORMATS.get(_kind(name))
    return form.extension if form is not None else name


def _backs(names: list[str]) -> set[str]:
    """The files in a folder that show the backs of prints, as Epson's FastFoto names them.

    ``NAME_b`` is the back of ``NAME``, and ``NAME_a`` the front as the scanner enhanced it.
    """
    photos = {name for name in names if Path(name).suffix.lower() in registry.SUFFIXES}
    stems = {Path(name).stem.casefold() for name in photos}
    found = set()
    for name in photos:
        front, mark, _ = Path(name).stem.casefold().rpartition("_b")
        if mark and front and Path(name).stem.casefold() == f"{front}_b" and stems & {front, f"{front}_a"}:
            found.add(name)
    return found


def _is_folder(path: Path) -> bool:
    return path.is_dir() or (not path.suffix and not path.is_file())


def _names_a_file(path: Path) -> bool:
    return path.exists() or path.suffix.lower() in registry.SUFFIXES


def _is_result(path: Path) -> bool:
    if path.stem.endswith(COMPARED):
        return True
    head, found, tail = path.stem.rpartition(SUFFIX)
    return bool(found and head) and (not tail or (tail[0] == "-" and tail[1:].isdigit()))


def real(path: Path) -> Path:
    """``path`` without links, which is the same for every name of a file."""
    return Path(os.path.realpath(path))
