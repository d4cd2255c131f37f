"""Models in one file, for machines without a network: a tar of the store's files, each verified by its digest."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from daguerre.errors import CannotWrite, InstallFailed
from daguerre.files import whole_file
from daguerre.models.catalog import Catalog, Model
from daguerre.models.install.installer import Installer, locked, parts
from daguerre.models.install.store import Store

_CHUNK = 1 << 20
_TOLERANCE = 1.5


def export(models: Sequence[Model], store: Store, path: Path) -> list[Model]:
    """Write those of ``models`` that are installed to the tar ``path``, whole or not at all, and give them.

    Raises InstallFailed where none is, ModelDamaged and CannotWrite.
    """
    chosen = [model for model in models if store.installed(model)]
    if not chosen:
        raise InstallFailed("None of these models is installed, so there is nothing to export.")
    try:
        with whole_file(path) as file, tarfile.open(fileobj=file, mode="w") as tar:
            for model in chosen:
                tar.add(store.verified(model), arcname=model.file, recursive=False)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror or error}.") from None
    return chosen


def load(
    path: Path, catalog: Catalog, store: Store, *, accept_licences: bool = False, name: str | None = None
) -> list[Model]:
    """Install the models in the tar or zip ``path``, called ``name``, or the one that it is, and give them.

    Whatever else is in it is left there. Raises LicenceNotAccepted, and InstallFailed where the archive cannot be read,
    holds none of ``catalog``'s files, or one that is not the published one.
    """
    wanted: dict[str, list[Model]] = {}
    for model in catalog:
        if model.tier == "full":
            wanted.setdefault(model.file, []).append(model)
    installed: list[Model] = []
    title = name or path.name
    with locked(store.folder):
        try:
            for member, size, file in _members(path) if title not in wanted else _alone(path, title):
                models = wanted.get(member)
                if models is None or models[0] in installed:
                    continue
                Installer.check_licences(models, accept_licences)
                _install(models[0], size, file, store, where="the archive" if member != title else str(path.parent))
                installed += models
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError):
            # zipfile raises the last two for compressions that it does not know and for passwords.
            raise InstallFailed(f"{title} is not an archive that can be read, or it is damaged.") from None
        except OSError as error:
            raise InstallFailed(f"{title}: {error.strerror or 'it is not an archive that can be read'}.") from None
    if not installed:
        raise InstallFailed(f"There is no model in {title} that can be installed.")
    return installed


def copy(folder: Path, models: Sequence[Model], store: Store, *, accept_licences: bool = False) -> list[Model]:
    """Install those of ``models`` that are missing from the files in ``folder``, such as a shared disk, and give them.

    Raises LicenceNotAccepted, and InstallFailed where a file is not there or not the published one.
    """
    Installer.check_licences(models, accept_licences)
    with locked(store.folder):
        missing = [model for model in models if not store.installed(model)]
        for model in missing:
            try:
                with (folder / model.file).open("rb") as file:
                    _install(model, (folder / model.file).stat().st_size, file, store, where=str(folder))
            except OSError as error:
                raise InstallFailed(f"{folder / model.file}: {error.strerror or error}.") from None
    return missing


def _alone(path: Path, name: str) -> Iterator[tuple[str, int, IO[bytes]]]:
    """The file itself."""
    with path.open("rb") as file:
        yield name, path.stat().st_size, file


def _members(path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """The plain files of the archive: name, size, content. Names with folders are none of ours."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    with archive.open(entry) as file:
                        yield entry.filename, entry.file_size, file
        return
    with tarfile.open(path, "r:*") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is not None:
                with content:
                    yield member.name.removeprefix("./"), member.size, content


def _install(model: Model, size: int, file: IO[bytes], store: Store, *, where: str = "the archive") -> None:
    """Raises InstallFailed; the file is then not there, or the one that was."""
    most = model.size_bytes or int(model.expected_bytes * _TOLERANCE)
    target = store.path(model)
    digest, written = hashlib.sha256(), 0
    with whole_file(target) as out:
        while size <= most and written <= most and (data := file.read(_CHUNK)):
            out.write(data)
            digest.update(data)
            written += len(data)
        if digest.hexdigest() != model.sha256:
            raise InstallFailed(f"{model.file} in {where} is not the file that was published; it was not installed.")
    for one in parts(target):
        one.unlink(missing_ok=True)
