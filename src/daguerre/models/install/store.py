"""Where the weights lie, and whether they are the right ones."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from daguerre.errors import ModelDamaged, ModelNotInstalled
from daguerre.models.catalog import Model
from daguerre.models.catalog.embedded import WEIGHTS


class Store:
    """Finds a model's file and verifies it, once per file and process unless it has changed.

    Embedded models lie in the package, the others in ``folder``. Thread-safe.
    """

    def __init__(self, folder: Path, embedded: Path = WEIGHTS) -> None:
        self._folder = folder
        self._embedded = embedded
        self._verified: dict[Path, tuple[int, int, str]] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Store], tuple[Path, Path]]:
        return Store, (self._folder, self._embedded)

    @property
    def folder(self) -> Path:
        """Where installed models lie."""
        return self._folder

    def path(self, model: Model) -> Path:
        """Where the file lies, or would lie."""
        return (self._embedded if model.tier == "embedded" else self._folder) / model.file

    def installed(self, model: Model) -> bool:
        """Whether a file of the right size is there; its content is not read."""
        try:
            size = self.path(model).stat().st_size
        except OSError:
            return False
        return size > 0 if model.size_bytes is None else size == model.size_bytes

    def verified(self, model: Model) -> Path:
        """The file's path, after its size and SHA-256 were found right.

        Raises :class:`~daguerre.errors.ModelNotInstalled` or :class:`~daguerre.errors.ModelDamaged`.
        """
        path = self.path(model)
        try:
            status = path.stat()
        except OSError:
            raise ModelNotInstalled(f"The model {model.id} ({model.purpose}) is not installed.", model.id) from None
        seen = (status.st_mtime_ns, status.st_size, model.sha256)
        with self._lock:
            if self._verified.get(path) != seen:
                if model.size_bytes not in (None, status.st_size) or _sha256(path) != model.sha256:
                    raise ModelDamaged(f"The file of the model {model.id} is damaged: install it again.")
                self._verified[path] = seen
        return path


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelDamaged(f"The file {path.name} cannot be read: {error.strerror}.") from error
