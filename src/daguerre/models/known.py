"""Every network that there is: those of the package and those that can be installed."""

from __future__ import annotations

from daguerre.models import embedded, published
from daguerre.models.catalog import Catalog


def known() -> Catalog:
    """A catalog of all of them."""
    return Catalog(*embedded.catalog(), *published.NETWORKS)
