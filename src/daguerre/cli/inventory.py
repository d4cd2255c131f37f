"""The models, as a list for people and for programs."""

from __future__ import annotations

import json

from daguerre.cli.configuration import configuration
from daguerre.models.inventory import choices, inventory


def show(as_json: bool) -> int:
    """Print the inventory; 1 when a model that comes with the package is not as it should be."""
    config = configuration()
    rows, chosen = inventory(config), choices(config)
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
