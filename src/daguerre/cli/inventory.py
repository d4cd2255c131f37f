"""The networks, as a list for people and for programs."""

from __future__ import annotations

import json
from typing import Any

from daguerre.cli.batch import configuration
from daguerre.errors import ModelDamaged, ModelError, ModelNotInstalled
from daguerre.models import embedded
from daguerre.models.store import Store


def inventory() -> list[dict[str, Any]]:
    """Every network with its ``state``: ``verified``, ``missing`` or ``damaged``."""
    store = Store(configuration().data / "models")
    rows = []
    for network in embedded.catalog():
        try:
            store.verified(network)
            state = "verified"
        except ModelNotInstalled:
            state = "missing"
        except (ModelDamaged, ModelError):
            state = "damaged"
        rows.append(
            {
                "id": network.id, "role": network.role, "tier": network.tier, "purpose": network.purpose,
                "licence": network.licence, "sizeBytes": network.size_bytes, "sha256": network.sha256,
                "state": state, "path": str(store.path(network)),
            }
        )  # fmt: skip
    return rows


def show(as_json: bool) -> int:
    """Print the inventory; 1 when a network that comes with the package is not as it should be."""
    rows = inventory()
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        width = max((len(row["id"]) for row in rows), default=0)
        for row in rows:
            size = f"{row['sizeBytes'] / 1e6:.1f} MB"
            print(f"{row['id']:{width}}  {size:>8}  {row['state']:8}  {row['licence']}  {row['purpose']}")
    return int(any(row["state"] != "verified" and row["tier"] == "embedded" for row in rows))
