"""One job's work: from its stored upload to its stored results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic.alias_generators import to_snake

from daguerre import tracing
from daguerre.jobs import filenames
from daguerre.jobs.queue import Outcome
from daguerre.jobs.records import MASK, PREVIEW, Claim, FileRole, StoredFile
from daguerre.jobs.storage import Storage, input_key, mask_key, output_key
from daguerre.settings import Settings

if TYPE_CHECKING:
    from daguerre.imaging.photo import Photo
    from daguerre.pipeline.restorer import Restorer
    from daguerre.progress import CancelToken, ProgressEvent

PREVIEW_PIXELS = 1600
"""The longest side of a preview."""

_PREVIEW_QUALITY = 85
_OPENED, _RESTORED, _ENCODED, _PREVIEWED = 2, 94, 97, 98
"""Percent of a job when its parts are done; the pipeline's own 0-100 lie between the first two."""


def restore_job(
    claim: Claim, storage: Storage, restorer: Restorer, report: Callable[[str, int], object], cancel: CancelToken
) -> Outcome:
    """Restore the photo of the claimed job and store its files. Raises what the library raises, and StorageFull."""
    job = claim.job

    def on_progress(event: ProgressEvent) -> None:
        if event.step:  # After the last step the pipeline is done, the job is not.
            begin(event.step)
            report(event.stage, _OPENED + event.percent * (_RESTORED - _OPENED) // 100)

    report("Opening the photo...", 1)
    with tracing.sequence() as begin, ExitStack() as stack:
        photo = stack.enter_context(storage.local(input_key(job.folder)))
        mask = stack.enter_context(storage.local(mask_key(job.folder))) if job.has_mask else None
        settings = Settings(**job.settings)
        restoration = restorer.restore(
            photo, settings, mask=mask, name=job.filename, on_progress=on_progress, cancel=cancel
        )
    report("Saving the photo...", _RESTORED)
    encoded = restoration.encode()
    cancel.check()
    name = filenames.restored(job.filename, encoded.extension)
    contents: dict[str, tuple[FileRole, bytes]] = {name: ("photo", encoded.data)}
    report("Saving the photo...", _ENCODED)
    contents[PREVIEW] = ("preview", preview(restoration.photo))
    if restoration.damage_mask is not None:
        contents[MASK] = ("mask", _png(restoration.damage_mask))
    cancel.check()
    report("Saving the photo...", _PREVIEWED)
    files = {}
    for each, (role, data) in contents.items():
        key = output_key(job.folder, claim.token, each)
        storage.put(key, data, name=each)
        files[each] = StoredFile(key, role, len(data), filenames.media_type(each), hashlib.sha256(data).hexdigest())
    result = {to_snake(field): value for field, value in restoration.to_dict().items()}
    result["warnings"] = [*job.notes, *result["warnings"]]
    return Outcome(result, files)


def preview(
    photo: Photo, longest: int = PREVIEW_PIXELS, format: str = "webp", quality: int = _PREVIEW_QUALITY
) -> bytes:
    """``photo`` with at most ``longest`` pixels on its longest side, 8-bit where the format is, with its profile."""
    import cv2
    import numpy as np

    from daguerre import imaging
    from daguerre.imaging.photo import Metadata

    scale = min(1.0, longest / max(photo.width, photo.height))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))

    def reduced(plane: Any) -> Any:
        if plane is None or scale == 1.0:
            return plane
        small = cv2.resize(np.ascontiguousarray(plane), size, interpolation=cv2.INTER_AREA)
        return small.reshape(*small.shape[:2], *plane.shape[2:])

    small = replace(
        photo, pixels=reduced(photo.pixels), alpha=reduced(photo.alpha), metadata=Metadata(icc=photo.metadata.icc),
        coding=None, original=None, pages=[], warnings=[], losses=[],
    )  # fmt: skip
    return imaging.encode(small, format=format, quality=quality).data


def _png(mask: Any) -> bytes:
    from daguerre import imaging
    from daguerre.imaging.photo import Photo

    return imaging.encode(Photo(mask[:, :, None], "png"), format="png").data
