"""Entries of the catalog for models that a test makes."""

from __future__ import annotations

from typing import Any

from daguerre.models.catalog import Model
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.models.runtime.session import Session


def load(session: Session, **fields: Any) -> LoadedModel:
    """``session`` behind an entry with these ``fields``."""
    plain: dict[str, Any] = {
        "id": "full/made@1",
        "role": "made",
        "tier": "full",
        "file": "made.onnx",
        "sha256": "0" * 64,
        "size_bytes": 1,
        "licence": "",
        "purpose": "",
        "adapter": "Made",
    }
    return LoadedModel(Model(**{**plain, **fields}), session)
