"""The models, as a list for people and for programs."""

from __future__ import annotations

import json
from typing import Any

from daguerre.cli.configuration import configuration
from daguerre.errors import ModelDamaged, ModelError, ModelNotInstalled
from daguerre.models.catalog.known import known
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache


def inventory() -> list[dict[str, Any]]:
    """Every model with its ``state``: ``verified``, ``missing`` or ``damaged``."""
    store = Store(configuration().data / "models")
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


def choices() -> list[dict[str, Any]]:
    """For each role the model that would run, and why."""
    config = configuration()
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


def show(as_json: bool) -> int:
    """Print the inventory; 1 when a model that comes with the package is not as it should be."""
    rows, chosen = inventory(), choices()
    if as_json:
        print(json.dumps({"models": rows, "roles": chosen}, indent=2))
    else:
        width = max((len(row["id"]) for row in rows), default=0)
        for row in rows:
            size = "size unknown" if row["sizeBytes"] is None else f"{row['sizeBytes'] / 1e6:.1f} MB"
            terms = row["licence"] if row["commercialUse"] else f"{row['licence']}, not for commercial use"
            print(f"{row['id']:{width}}  {size:>12}  {row['state']:8}  {row['purpose']} ({terms})")
        print("\nWhat would run:")
        for row in chosen:
            print(f"  {row['role']:17} {row['id'] or '-':{width}}  {row['why']}")
    return int(any(row["state"] != "verified" and row["tier"] == "embedded" for row in rows))
