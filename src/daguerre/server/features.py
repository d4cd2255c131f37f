"""Bundles of models: what there is, what is installed, what is being installed, and what it enables."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from daguerre.config import Config
from daguerre.models.catalog import Catalog, Model
from daguerre.models.catalog.known import known
from daguerre.models.catalog.published import BUNDLES, Bundle, members, optional
from daguerre.models.install.installer import Progress, megabytes
from daguerre.models.install.store import Store


@dataclass(frozen=True, slots=True)
class Running:
    """An installation: its job, and how far it is."""

    job: str
    percent: int = 0
    stage: str = "Starting..."


class Features:
    """Answers from the catalog and from the files that lie in the store, each time anew. Thread-safe."""

    def __init__(self, config: Config) -> None:
        self.store = Store(config.data / "models")
        self.catalog: Catalog = known()
        self.bundles = BUNDLES
        self.optional = optional(self.catalog)
        self._running: dict[str, Running] = {}
        self._errors: dict[str, str] = {}
        self._lock = threading.Lock()

    def bundle(self, id: str) -> Bundle | None:
        """The bundle of that id; each model that is in none counts as one."""
        return next((bundle for bundle in (*self.bundles, *self.optional) if bundle.id == id), None)

    def members(self, bundle: Bundle) -> list[Model]:
        """Its models."""
        return members(bundle, self.catalog)

    def installed(self, bundle: Bundle) -> bool:
        """Whether all of its models are in the store."""
        return all(self.store.installed(model) for model in self.members(bundle))

    def begin(self, bundle: Bundle, job: str) -> bool:
        """Note that ``job`` installs the bundle; false where another one does."""
        with self._lock:
            if bundle.id in self._running:
                return False
            self._running[bundle.id] = Running(job)
            self._errors.pop(bundle.id, None)
            return True

    def at(self, bundle: Bundle, progress: Progress) -> Running:
        """Note how far the installation is."""
        left = "" if progress.left_s is None else f", {_duration(progress.left_s)} left"
        done, total = megabytes(progress.done_bytes), megabytes(progress.total_bytes)
        stage = f"Installing models: {done} of {total}, {megabytes(progress.bytes_per_s)}/s{left}"
        with self._lock:
            running = Running(self._running[bundle.id].job, min(99, progress.percent), stage)
            self._running[bundle.id] = running
            return running

    def end(self, bundle: Bundle, error: str | None = None) -> None:
        """Note that the installation is over."""
        with self._lock:
            self._running.pop(bundle.id, None)
            if error is not None:
                self._errors[bundle.id] = error

    def describe(self, bundle: Bundle) -> dict[str, Any]:
        """The bundle as clients see it."""
        models, installed = self.members(bundle), self.installed(bundle)
        with self._lock:
            running, error = self._running.get(bundle.id), self._errors.get(bundle.id)
        status = "installing" if running else "installed" if installed else "error" if error else "not_installed"
        return {
            "id": bundle.id,
            "name": bundle.name,
            "description": bundle.description,
            "status": status,
            "installedVersion": bundle.version if installed else None,
            "estimatedSize": bundle.estimated_size,
            "licences": sorted({model.licence for model in models}),
            "enablesTools": list(bundle.enables_tools),
            "progress": {"percent": running.percent, "stage": running.stage} if running else None,
            "error": error if status == "error" else None,
            "jobId": running.job if running else None,
            "models": [
                {
                    "id": model.id, "role": model.role, "purpose": model.purpose,
                    "bytes": model.size_bytes, "licence": model.licence, "licenceUrl": model.licence_url,
                    "commercialUse": model.commercial_use, "installed": self.store.installed(model),
                }
                for model in models
            ],
        }  # fmt: skip

    def installed_bytes(self) -> int:
        """The bytes of every file among the installed models."""
        return sum(path.stat().st_size for path in self.store.folder.rglob("*") if path.is_file())

    def models(self) -> list[dict[str, Any]]:
        """Every model that comes with the package or is installed."""
        return [
            {"id": model.id, "role": model.role, "installed": there}
            for model in self.catalog
            if (there := self.store.installed(model)) or model.tier == "embedded"
        ]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
