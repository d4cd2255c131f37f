"""Bundles of networks: what there is, what is installed, and what it enables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from daguerre.config import Config
from daguerre.models import embedded
from daguerre.models.catalog import Catalog
from daguerre.models.store import Store


@dataclass(frozen=True, slots=True)
class Bundle:
    """Networks that are installed together: those of the catalog's tier ``full``."""

    id: str
    name: str
    description: str
    estimated_size: str
    enables_tools: tuple[str, ...]


PHOTO_RESTORATION = Bundle(
    id="photo-restoration",
    name="Photo Restoration",
    description="Published networks for scratch repair, face enhancement, denoising and colorization",
    estimated_size="800 MB - 1 GB",
    enables_tools=("restore-photo",),
)


class Features:
    """Answers from the catalog and from the files that lie in the store, each time anew."""

    def __init__(self, config: Config) -> None:
        self._folder = config.data / "models"
        self._store = Store(self._folder)
        self._catalog: Catalog = embedded.catalog()
        self.bundles = (PHOTO_RESTORATION,)

    def bundle(self, id: str) -> Bundle | None:
        """The bundle of that id."""
        return next((bundle for bundle in self.bundles if bundle.id == id), None)

    def installed(self, bundle: Bundle) -> bool:
        """Whether there are networks of the bundle, and all of them are in the store."""
        networks = [network for network in self._catalog if network.tier == "full"]
        return bool(networks) and all(self._store.installed(network) for network in networks)

    def describe(self, bundle: Bundle) -> dict[str, Any]:
        """The bundle as clients see it."""
        networks = [network for network in self._catalog if network.tier == "full"]
        installed = self.installed(bundle)
        return {
            "id": bundle.id,
            "name": bundle.name,
            "description": bundle.description,
            "status": "installed" if installed else "not_installed",
            "installedVersion": max(network.id.rpartition("@")[2] for network in networks) if installed else None,
            "estimatedSize": bundle.estimated_size,
            "licences": sorted({network.licence for network in networks}),
            "enablesTools": list(bundle.enables_tools),
            "progress": None,
            "error": None,
        }

    def installed_bytes(self) -> int:
        """The bytes of every file among the installed networks."""
        return sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())

    def networks(self) -> list[dict[str, Any]]:
        """Every network that can be used, and whether its file is there."""
        return [
            {"id": network.id, "role": network.role, "installed": self._store.installed(network)}
            for network in self._catalog
        ]
