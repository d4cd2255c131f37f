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
from typing import TYPE_CHECKING, Any, Unpack

from daguerre.errors import (
    BrokenImage,
    Canceled,
    CannotWrite,
    DaguerreError,
    ImageTooLarge,
    InvalidImage,
    InvalidMask,
    InvalidSettings,
    JobFailed,
    ModelDamaged,
    ModelError,
    ModelFailed,
    ModelNotInstalled,
    NotAnImage,
    ServiceError,
    ServiceRefused,
    ServiceUnreachable,
    UnsupportedImage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from daguerre.album import FoundPhoto
    from daguerre.client import AsyncClient, Client, JobStatus
    from daguerre.face import Face
    from daguerre.imaging.photo import Photo
    from daguerre.imaging.sources import Source
    from daguerre.pipeline.many import BatchEvent, Outcome
    from daguerre.pipeline.restorer import MaskSource, Restorer
    from daguerre.pipeline.result import Restoration
    from daguerre.progress import CancelToken, ProgressEvent
    from daguerre.settings import ColorHint, Settings, SettingsFields

    __version__: str

__all__ = [
    "AsyncClient",
    "BatchEvent",
    "BrokenImage",
    "CancelToken",
    "Canceled",
    "CannotWrite",
    "Client",
    "ColorHint",
    "DaguerreError",
    "Face",
    "FoundPhoto",
    "ImageTooLarge",
    "InvalidImage",
    "InvalidMask",
    "InvalidSettings",
    "JobFailed",
    "JobStatus",
    "ModelDamaged",
    "ModelError",
    "ModelFailed",
    "ModelNotInstalled",
    "NotAnImage",
    "Outcome",
    "Photo",
    "ProgressEvent",
    "Restoration",
    "Restorer",
    "ServiceError",
    "ServiceRefused",
    "ServiceUnreachable",
    "Settings",
    "UnsupportedImage",
    "__version__",
    "open",
    "restore",
    "restore_async",
    "split",
]

# ONNX Runtime's builds report how they are used, and keep a database of it, unless they are told before they load.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_LAZY = {
    "AsyncClient": "daguerre.client",
    "Client": "daguerre.client",
    "JobStatus": "daguerre.client",
    "BatchEvent": "daguerre.pipeline.many",
    "CancelToken": "daguerre.progress",
    "ColorHint": "daguerre.settings",
    "Face": "daguerre.face",
    "FoundPhoto": "daguerre.album",
    "Outcome": "daguerre.pipeline.many",
    "Photo": "daguerre.imaging.photo",
    "ProgressEvent": "daguerre.progress",
    "Restoration": "daguerre.pipeline.result",
    "Restorer": "daguerre.pipeline.restorer",
    "Settings": "daguerre.settings",
}
_shared: Restorer | None = None
_lock = threading.Lock()


def open(source: Source, *, max_pixels: int = 500_000_000, recover: bool = False) -> Photo:
    """Decode a photo of any supported format, or take a PIL image or a NumPy array for one.

    ``recover`` takes a truncated or damaged file for what it holds. Raises :class:`InvalidImage`.
    """
    from daguerre.imaging import sources

    return sources.opened(source, max_pixels=max_pixels, recover=recover)[0]


def restore(
    source: Source,
    settings: Settings | None = None,
    *,
    mask: MaskSource | None = None,
    infrared_file: Source | None = None,
    on_progress: Callable[[ProgressEvent], object] | None = None,
    cancel: CancelToken | None = None,
    **settings_fields: Unpack[SettingsFields],
) -> Restoration:
    """Restore one photo with a :class:`Restorer` that the process shares; see :meth:`Restorer.restore`."""
    return _restorer().restore(
        source, settings, mask=mask, infrared_file=infrared_file, on_progress=on_progress, cancel=cancel,
        **settings_fields,
    )  # fmt: skip


async def restore_async(
    source: Source,
    settings: Settings | None = None,
    *,
    mask: MaskSource | None = None,
    infrared_file: Source | None = None,
    on_progress: Callable[[ProgressEvent], object] | None = None,
    cancel: CancelToken | None = None,
    **settings_fields: Unpack[SettingsFields],
) -> Restoration:
    """As :func:`restore`, without holding up the event loop; see :meth:`Restorer.restore_async`."""
    return await _restorer().restore_async(
        source,
        settings,
        mask=mask,
        infrared_file=infrared_file,
        on_progress=on_progress,
        cancel=cancel,
        **settings_fields,
    )


def split(
    page: Source, *, upright: bool = True, recover: bool = False, cancel: CancelToken | None = None
) -> list[FoundPhoto]:
    """The photos on a scanned album page, or on one photographed by a phone, in reading order.

    ``page`` is a path, the bytes of a file, a binary file object, a PIL image, a NumPy array or a Photo; all pages of a
    file are looked at. Each :class:`FoundPhoto` has its ``corners`` ``[4, 2]`` in pixels of the page, its ``angle`` and
    its straightened ``photo``, which keeps the page's depth, profile and resolution. Photos may overlap a little and
    lie at any angle, on paper of any color. With ``upright`` faces decide, where they do so clearly, which side is up.
    A page without photos gives an empty list.

    Raises :class:`InvalidImage` and :class:`Canceled`; TypeError for a source of another kind.
    """
    from daguerre import album

    restorer = _restorer()
    return album.split(
        page, restorer.cache, upright=upright, max_pixels=restorer.config.max_pixels, recover=recover, cancel=cancel
    )


def _restorer() -> Restorer:
    """The restorer that the process shares."""
    global _shared
    from daguerre.pipeline.restorer import Restorer

    with _lock:
        if _shared is None:
            _shared = Restorer()
        return _shared


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        globals()[name] = value = version("daguerre")
        return value
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'daguerre' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
