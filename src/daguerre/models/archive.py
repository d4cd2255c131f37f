"""Networks in one file, for machines without a network: a tar of the store's files, each verified by its digest."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from daguerre.errors import CannotWrite, InstallFailed
from daguerre.models.catalog import Catalog, Network
from daguerre.models.installer import Installer, locked, parts
from daguerre.models.store import Store

_CHUNK = 1 << 20
_TOLERANCE = 1.5


def export(networks: Sequence[Network], store: Store, path: Path) -> list[Network]:
    """Write those of ``networks`` that are installed to the tar ``path``, whole or not at all, and give them.

    Raises InstallFailed where none is, ModelDamaged and CannotWrite.
    """
    chosen = [network for network in networks if store.installed(network)]
    if not chosen:
        raise InstallFailed("None of these networks is installed, so there is nothing to export.")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with tarfile.open(temporary, "w") as tar:
            for network in chosen:
                tar.add(store.verified(network), arcname=network.file, recursive=False)
        os.replace(temporary, path)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        temporary.unlink(missing_ok=True)
    return chosen


def load(
    path: Path, catalog: Catalog, store: Store, *, accept_licences: bool = False, name: str | None = None
) -> list[Network]:
    """Install the networks in the tar or zip ``path``, called ``name``, and give them.

    Whatever else is in it is left there. Raises LicenceNotAccepted, and InstallFailed where the archive cannot be read,
    holds none of ``catalog``'s files, or one that is not the published one.
    """
    wanted = {network.file: network for network in catalog if network.tier == "full"}
    installed: list[Network] = []
    title = name or path.name
    with locked(store.folder):
        try:
            for member, size, file in _members(path):
                network = wanted.get(member)
                if network is None or network in installed:
                    continue
                Installer.check_licences([network], accept_licences)
                _install(network, size, file, store)
                installed.append(network)
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError):
            # zipfile raises the last two for compressions that it does not know and for passwords.
            raise InstallFailed(f"{title} is not an archive that can be read, or it is damaged.") from None
        except OSError as error:
            raise InstallFailed(f"{title}: {error.strerror or 'it is not an archive that can be read'}.") from None
    if not installed:
        raise InstallFailed(f"There is no network in {title} that can be installed.")
    return installed


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


def _install(network: Network, size: int, file: IO[bytes], store: Store) -> None:
    most = network.size_bytes or int(network.expected_bytes * _TOLERANCE)
    target = store.path(network)
    part = target.with_name(f"{target.name}.import")
    digest, written = hashlib.sha256(), 0
    try:
        if size <= most:
            with part.open("wb") as out:
                while (data := file.read(_CHUNK)) and written <= most:
                    out.write(data)
                    digest.update(data)
                    written += len(data)
                out.flush()
                os.fsync(out.fileno())
        if digest.hexdigest() != network.sha256:
            raise InstallFailed(
                f"{network.file} in the archive is not the file that was published; it was not installed."
            )
        os.replace(part, target)
        for one in parts(target):
            one.unlink(missing_ok=True)
    finally:
        part.unlink(missing_ok=True)
