"""The models that there are, and which of them would run, as JSON carries them."""

from __future__ import annotations

from typing import Any

from daguerre.config import Config
from daguerre.errors import ModelDamaged, ModelError, ModelNotInstalled
from daguerre.models.catalog.known import known
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache


def inventory(config: Config) -> list[dict[str, Any]]:
    """Every model with its ``state``: ``verified``, ``missing`` or ``damaged``."""
    store = Store(config.data / "models")
    rows = []
    for model in known():
        try:
            store.verified(model)
            state = "verified"
        except ModelNotInstalled:
            state = "missing"
        except (ModelDamaged, ModelError):
            state = "damaged"
        rows.append(
            {
                "id": model.id, "role": model.role, "tier": model.tier, "purpose": model.purpose,
                "licence": model.licence, "licenceUrl": model.licence_url,
                "commercialUse": model.commercial_use, "sizeBytes": model.size_bytes,
                "sha256": model.sha256, "state": state, "path": str(store.path(model)),
            }
        )  # fmt: skip
    return rows


def choices(config: Config) -> list[dict[str, Any]]:
    """For each role the model that would run, and why."""
    cache = ModelCache(known(), Store(config.data / "models"), config)
    rows = []
    for role in dict.fromkeys(model.role for model in cache.catalog):
        try:
            model, why = cache.model(role), ""
        except ModelNotInstalled as error:
            rows.append({"role": role, "id": None, "why": str(error)})
            continue
        others = [one for one in cache.catalog.for_role(role, "full") if not cache.store.installed(one)]
        if role in config.roles:
            why = "named by DAGUERRE_ROLES"
        elif model.tier == "full":
            why = "the best that is installed"
        elif others:
            why = "comes with the package; nothing better is installed"
        else:
            why = "comes with the package"
        rows.append({"role": role, "id": model.id, "why": why})
    return rows
