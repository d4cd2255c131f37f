"""Every model that there is: those of the package and those that can be installed."""

from __future__ import annotations

from daguerre.models.catalog import Catalog, embedded, published


def known() -> Catalog:
    """A catalog of all of them."""
    return Catalog(*embedded.catalog(), *published.MODELS)
