"""Where the weights lie, and whether they are the right ones."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from daguerre.errors import ModelDamaged, ModelNotInstalled
from daguerre.models.catalog import Network

EMBEDDED = Path(__file__).parent / "weights"


class Store:
    """Finds a network's file and verifies it, once per file and process unless it has changed.

    Embedded networks lie in the package, the others in ``folder``. Thread-safe.
    """

    def __init__(self, folder: Path, *, embedded: Path = EMBEDDED) -> None:
        self._folder = folder
        self._embedded = embedded
        self._verified: dict[Path, tuple[int, int, str]] = {}
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """Where installed networks lie."""
        return self._folder

    def path(self, network: Network) -> Path:
        """Where the file lies, or would lie."""
        return (self._embedded if network.tier == "embedded" else self._folder) / network.file

    def installed(self, network: Network) -> bool:
        """Whether a file of the right size is there; its content is not read."""
        try:
            size = self.path(network).stat().st_size
        except OSError:
            return False
        return size > 0 if network.size_bytes is None else size == network.size_bytes

    def verified(self, network: Network) -> Path:
        """The file's path, after its size and SHA-256 were found right.

        Raises :class:`~daguerre.errors.ModelNotInstalled` or :class:`~daguerre.errors.ModelDamaged`.
        """
        path = self.path(network)
        try:
            status = path.stat()
        except OSError:
            raise ModelNotInstalled(f"The network {network.id} ({network.purpose}) is not installed.") from None
        seen = (status.st_mtime_ns, status.st_size, network.sha256)
        with self._lock:
            if self._verified.get(path) != seen:
                if network.size_bytes not in (None, status.st_size) or _sha256(path) != network.sha256:
                    raise ModelDamaged(f"The file of the network {network.id} is damaged: install it again.")
                self._verified[path] = seen
        return path


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelDamaged(f"The file {path.name} cannot be read: {error.strerror}.") from error
