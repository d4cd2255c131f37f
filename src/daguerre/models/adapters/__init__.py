"""How each kind of network is called: one module per kind, with a class ``Adapter``.

A network's entry names its module. An adapter is made from the loaded session and the entry, and offers
what its role asks for in :mod:`daguerre.models.roles`; nothing else knows the names of a network's inputs.
"""

from __future__ import annotations

import importlib
from typing import Any

from daguerre.models.catalog import Network
from daguerre.models.session import Session


def adapt(network: Network, session: Session) -> Any:
    """The adapter that ``network`` names, around its ``session``."""
    return importlib.import_module(f"{__name__}.{network.adapter}").Adapter(session, network)
