"""Daguerre restores old photographs: scratches, tears, dust and noise.

::

    import daguerre

    result = daguerre.restore("grandma.jpg")
    result.save("grandma_restored.jpg")
"""

from __future__ import annotations

import importlib
import os
import threading
from typing import TYPE_CHECKING, Any, BinaryIO

from daguerre.errors import (
    BrokenImage,
    Canceled,
    CannotWrite,
    DaguerreError,
    ImageTooLarge,
    InvalidImage,
    InvalidMask,
    InvalidSettings,
    ModelDamaged,
    ModelError,
    ModelFailed,
    ModelNotInstalled,
    NotAnImage,
    UnsupportedImage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from daguerre.imaging.photo import Photo
    from daguerre.pipeline.restorer import MaskSource, Restorer, Source
    from daguerre.pipeline.result import Restoration
    from daguerre.progress import CancelToken, ProgressEvent
    from daguerre.settings import Settings

__all__ = [
    "BrokenImage",
    "CancelToken",
    "Canceled",
    "CannotWrite",
    "DaguerreError",
    "ImageTooLarge",
    "InvalidImage",
    "InvalidMask",
    "InvalidSettings",
    "ModelDamaged",
    "ModelError",
    "ModelFailed",
    "ModelNotInstalled",
    "NotAnImage",
    "Photo",
    "ProgressEvent",
    "Restoration",
    "Restorer",
    "Settings",
    "UnsupportedImage",
    "open",
    "restore",
]

# ONNX Runtime's builds report how they are used, and keep a database of it, unless they are told before they load.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_LAZY = {
    "CancelToken": "daguerre.progress",
    "Photo": "daguerre.imaging.photo",
    "ProgressEvent": "daguerre.progress",
    "Restoration": "daguerre.pipeline.result",
    "Restorer": "daguerre.pipeline.restorer",
    "Settings": "daguerre.settings",
}
_shared: Restorer | None = None
_lock = threading.Lock()


def open(
    source: str | os.PathLike[str] | bytes | BinaryIO, *, max_pixels: int = 500_000_000, recover: bool = False
) -> Photo:
    """Decode a photo of any supported format; raises :class:`InvalidImage`.

    ``recover`` takes a truncated or damaged file for what it holds.
    """
    from daguerre import imaging

    return imaging.open_image(source, max_pixels=max_pixels, recover=recover)


def restore(
    source: Source,
    settings: Settings | None = None,
    *,
    mask: MaskSource | None = None,
    on_progress: Callable[[ProgressEvent], object] | None = None,
    cancel: CancelToken | None = None,
    **settings_fields: Any,
) -> Restoration:
    """Restore one photo with a :class:`Restorer` that the process shares; see :meth:`Restorer.restore`."""
    global _shared
    from daguerre.pipeline.restorer import Restorer

    with _lock:
        if _shared is None:
            _shared = Restorer()
    return _shared.restore(source, settings, mask=mask, on_progress=on_progress, cancel=cancel, **settings_fields)


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'daguerre' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
