"""``daguerre immich``: the photos of an album on an Immich server, restored beside their originals."""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daguerre.cli.report import Report
from daguerre.cli.signals import Stop
from daguerre.config import Config, Device
from daguerre.errors import (
    Canceled,
    InvalidSettings,
    ModelNotInstalled,
    ServiceRefused,
    ServiceUnreachable,
    WrongUsage,
)
from daguerre.immich import Album, Asset, Immich, find_restored, look_through, mark_of
from daguerre.jobs import filenames
from daguerre.progress import CancelToken
from daguerre.sentences import count, sentence
from daguerre.settings import Settings

if TYPE_CHECKING:
    from daguerre.pipeline.restorer import Restorer
    from daguerre.pipeline.result import Restoration

_VARIABLE = "DAGUERRE_IMMICH_KEY"
_IN_TRASH = "in the trash: delete it there for good to restore the photo again"


def restore_album(
    stop: Stop,
    server: str,
    name: str,
    *,
    key_file: Path | None,
    settings: Settings,
    stack: bool,
    dry_run: bool,
    as_json: bool,
    device: Device,
) -> int:
    """0 when every photo was restored or skipped, 1 when one failed, 3 when only a model was missing.

    Raises WrongUsage and what :class:`Immich` does before the first photo.
    """
    cancel = CancelToken()
    stop.listen(cancel.cancel)
    with Immich(server, _key(key_file), cancel=cancel) as immich:
        try:
            immich.check_version()
            return AlbumRestorer(
                immich, immich.album(name), settings, stack=stack, dry_run=dry_run, as_json=as_json, device=device,
                cancel=cancel,
            ).run()  # fmt: skip
        except Canceled:
            print("Stopped.", file=sys.stderr)
            return 1


class AlbumRestorer:
    """One ``daguerre immich``. Changes no original; a photo whose restored version is on the server is skipped."""

    def __init__(
        self,
        immich: Immich,
        album: Album,
        settings: Settings,
        *,
        stack: bool,
        dry_run: bool,
        as_json: bool,
        device: Device,
        cancel: CancelToken,
    ) -> None:
        self._immich = immich
        self._album = album
        self._settings = settings
        self._stack = stack
        self._dry_run = dry_run
        self._as_json = as_json
        self._device = device
        self._cancel = cancel
        self._restorer: Restorer | None = None
        self._left_out = False
        self._without_model = 0

    def run(self) -> int:
        """The exit code."""
        survey = look_through(self._immich, self._album)
        failures, unreachable = 0, False
        with Report([asset.size_bytes for asset in survey.originals], to_stderr=self._as_json) as report:
            for original in survey.originals:
                if self._cancel.canceled:
                    break
                try:
                    self._one(original, survey.restored.get(original.id), report)
                except Canceled:
                    break
                except (InvalidSettings, WrongUsage, BrokenPipeError):  # All photos', or nobody reads what is said.
                    raise
                except Exception as error:
                    failures += 1
                    self._without_model += isinstance(error, ModelNotInstalled)
                    self._fail(original, error, report)
                    # What no photo can be done without: a server, and a key that it takes.
                    unreachable = isinstance(error, ServiceUnreachable)
                    if unreachable or (isinstance(error, ServiceRefused) and error.status == 401):
                        break
            for number, what in (
                (survey.videos, "video"), (survey.live_photos, "live photo"),
                (survey.unmarked, "photo called NAME_restored that is not from here"),
            ):  # fmt: skip
                if number:
                    report.note(f"Passed over {count(number, what)}.")
            if not survey.originals:
                report.note(f"There are no photos to restore in the album “{self._album.album_name}”.")
            if self._cancel.canceled or unreachable:
                report.note("Stopped. Photos that were uploaded are complete. Run the same command again to continue.")
            report.summary(failures)
        if failures > self._without_model or self._cancel.canceled:
            return 1
        return 3 if self._left_out or self._without_model else 0

    def _one(self, original: Asset, there: Asset | None, report: Report) -> None:
        report.begin(original.original_file_name)
        found = there or find_restored(self._immich, original)
        if found is not None:
            if not self._dry_run and not found.is_trashed:
                self._finish(original, found, is_in_album=there is not None)
            why = _IN_TRASH if found.is_trashed else "already there"
            self._tell(original, found.original_file_name, "skipped")
            report.skipped(Path(original.original_file_name), Path(found.original_file_name), why)
        elif self._dry_run:
            name = filenames.restored(original.original_file_name, Path(original.original_file_name).suffix)
            self._tell(original, name, "planned")
            report.planned(Path(original.original_file_name), Path(name))
        else:
            self._restore(original, report)

    def _restore(self, original: Asset, report: Report) -> None:
        label = Path(original.original_file_name)
        with tempfile.TemporaryDirectory(prefix="daguerre-") as scratch:
            # Dates are read from the names of folders too.
            folder = Path(scratch) / filenames.safe(self._album.album_name)
            folder.mkdir()
            photo = folder / filenames.safe(original.original_file_name)
            self._immich.download(original, photo)
            result = self._engine().restore(
                photo, self._settings, on_progress=report.progress, cancel=self._cancel
            )  # fmt: skip
            self._left_out = self._left_out or bool(result.left_out)
            if not _differs(result, self._settings, photo):
                self._tell(original, None, "unchanged", result)
                report.unchanged(label, result)
                return
            name = filenames.restored(original.original_file_name, result.encode().extension)
            file = result.save(Path(scratch) / f"result{result.encode().extension}")
            in_trash = self._upload(original, file, name, result)
        self._tell(original, name, "skipped" if in_trash else "restored", result)
        if in_trash:
            report.skipped(label, Path(name), _IN_TRASH)
        else:
            report.restored(label, Path(name), result)

    def _upload(self, original: Asset, file: Path, name: str, result: Restoration) -> bool:
        """Put the result beside its original; true where it lies in the trash, from where it is not taken."""
        uploaded = self._immich.upload(
            file, name=name, created=original.file_created_at, modified=original.file_modified_at,
            visibility=original.visibility, metadata=mark_of(original),
        )  # fmt: skip
        asset = self._immich.asset(uploaded.id)
        if uploaded.status == "duplicate":
            if asset.is_trashed:
                return True
            for key, value in mark_of(original).items():
                self._immich.note(uploaded.id, key, value)
        self._finish(original, asset, is_in_album=False)
        return False

    def _finish(self, original: Asset, restored: Asset, *, is_in_album: bool) -> None:
        """What is still to do for a photo that was uploaded; into the album it comes once it has date and description,
        so that one which is there has them, or what somebody has made of them since.
        """
        if not is_in_album:
            description = original.exif_info.description if original.exif_info else None
            self._immich.describe(
                restored.id,
                description=self._settings.caption or description or None,
                # What is read from names replaces no date.
                taken=original.taken if self._settings.date in (None, "auto") else None,
            )
            self._immich.add(self._album, restored.id)
        stacked = restored.stack is not None and original.stack is not None and restored.stack.id == original.stack.id
        if self._stack and not stacked:
            self._immich.stack(restored.id, original.id)

    def _engine(self) -> Restorer:
        if self._restorer is None:
            from daguerre.pipeline.restorer import Restorer

            self._restorer = Restorer(self._settings.models, self._device, config=Config())
        return self._restorer

    def _fail(self, original: Asset, error: Exception, report: Report) -> None:
        said = sentence(Path(original.original_file_name), error)
        report.failed(said)
        self._emit({"input": original.original_file_name, "id": original.id, "output": None, "status": "failed",
                    "error": said})  # fmt: skip

    def _tell(self, original: Asset, output: str | None, status: str, result: Restoration | None = None) -> None:
        line = {"input": original.original_file_name, "id": original.id, "output": output, "status": status}
        self._emit({**line, **({} if result is None else result.to_dict())})

    def _emit(self, line: dict[str, Any]) -> None:
        if self._as_json:
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
            print(json.dumps(line, ensure_ascii=False), file=sys.stdout, flush=True)


def _differs(result: Restoration, settings: Settings, photo: Path) -> bool:
    """Whether the result is more than the photo in another format, which some cannot be written in."""
    wanted = bool(settings.rotate or settings.output_format or settings.quality or settings.date or settings.caption)
    return (bool(result.steps) or wanted) and result.encode().data != photo.read_bytes()


def _key(file: Path | None) -> str:
    """The API key. Raises WrongUsage where there is none."""
    if file is not None:
        try:
            key = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUsage(
                f"The key file {file} cannot be read: {getattr(error, 'strerror', None) or error}."
            ) from None
    else:
        key = os.environ.get(_VARIABLE, "").strip()
    if not key:
        raise WrongUsage(f"An Immich API key is needed: set {_VARIABLE}, or name a file that holds it with --key-file.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise WrongUsage("The Immich API key must be one line of letters, digits and signs.")
    return key
