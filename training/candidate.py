"""A file that may become an embedded model, called as the pipeline would call it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from daguerre.models.adapters import Role
from daguerre.models.catalog import embedded
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.models.runtime.session import Session

Served = TypeVar("Served")


def load_candidate(role: Role[Served], path: Path, threads: int | None = None) -> Served:
    """The ONNX file ``path``, and its parts beside it, behind the entry of the embedded model of ``role``.

    Raises a ModelError.
    """
    catalog = embedded.catalog()
    entry = next(model for model in catalog if model.role == role.name)
    parts = tuple(Session(path.parent / catalog.get(part).file, threads=threads) for part in entry.parts)
    return role.adapt(LoadedModel(entry, Session(path, threads=threads), parts))
