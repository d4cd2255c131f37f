"""How each kind of model is called: one module per kind, with a class ``Adapter``.

A model's entry names its module. An adapter is made from the loaded session and the entry, and offers
what its role asks for in :mod:`daguerre.models.roles`; nothing else knows the names of a model's inputs.
"""

from __future__ import annotations

import importlib
from typing import Any

from daguerre.models.catalog import Model
from daguerre.models.runtime.session import Session


def adapt(model: Model, session: Session) -> Any:
    """The adapter that ``model`` names, around its ``session``."""
    return importlib.import_module(f"{__name__}.{model.adapter}").Adapter(session, model)
