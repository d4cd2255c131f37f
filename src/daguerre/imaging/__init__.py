"""Photos from files and back. Nothing is loaded, no codec and no numpy, before the first name is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daguerre.imaging.description import Description
    from daguerre.imaging.encoded import Encoded
    from daguerre.imaging.files import content, encode, foreseen_losses, open_image, probe
    from daguerre.imaging.photo import Metadata, Photo, Pixels

__all__ = [
    "Description",
    "Encoded",
    "Metadata",
    "Photo",
    "Pixels",
    "content",
    "encode",
    "foreseen_losses",
    "open_image",
    "probe",
]

_HOMES = {
    "Description": "description", "Encoded": "encoded", "content": "files", "encode": "files",
    "foreseen_losses": "files", "open_image": "files", "probe": "files",
    "Metadata": "photo", "Photo": "photo", "Pixels": "photo",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
