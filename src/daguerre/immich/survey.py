"""Which photos of an album have a restored version already, and how one gets there.

A restored photo carries a note (Immich's asset metadata, under :data:`KEY`) with the id of its original. Nothing else
decides: names come twice in an album, and a file's checksum is not known before the photo is restored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daguerre.errors import ServiceRefused
from daguerre.immich.client import Immich
from daguerre.immich.records import Album, Asset
from daguerre.jobs import filenames

KEY = "daguerre"
_ORIGINAL = "restoredFrom"


@dataclass(slots=True)
class Survey:
    """``originals`` are the album's photos; ``restored`` are those of Daguerre, by the ids of their originals.

    ``videos``, ``live_photos`` and ``unmarked`` count what is passed over, the latter being photos called
    ``NAME_restored`` that came in another way.
    """

    originals: list[Asset] = field(default_factory=list)
    restored: dict[str, Asset] = field(default_factory=dict)
    videos: int = 0
    live_photos: int = 0
    unmarked: int = 0


def look_through(immich: Immich, album: Album) -> Survey:
    """What is in ``album``. Raises what :class:`Immich` does."""
    survey = Survey()
    for asset in immich.assets(albumIds=[album.id]):
        if asset.type != "IMAGE":
            survey.videos += not asset.is_trashed
        elif asset.visibility == "hidden" or asset.live_photo_video_id is not None:
            survey.live_photos += not asset.is_trashed
        elif _is_named_restored(asset):
            original = _original_of(immich, asset)
            if original is not None:
                _keep(survey.restored, original, asset)
            else:
                survey.unmarked += not asset.is_trashed
        elif not asset.is_trashed:
            survey.originals.append(asset)
    return survey


def find_restored(immich: Immich, original: Asset) -> Asset | None:
    """The restored version of ``original`` outside the album, as an interrupted run leaves it. Raises as above."""
    found: dict[str, Asset] = {}
    for asset in immich.assets(originalFileName=filenames.restored(original.original_file_name, "")):
        if _is_named_restored(asset) and _original_of(immich, asset) == original.id:
            _keep(found, original.id, asset)
    return found.get(original.id)


def mark_of(original: Asset) -> dict[str, dict[str, Any]]:
    """The note that says of a photo that it is ``original`` restored."""
    return {KEY: {_ORIGINAL: original.id}}


def _keep(restored: dict[str, Asset], original: str, asset: Asset) -> None:
    """One in the trash counts only where there is no other."""
    if original not in restored or restored[original].is_trashed:
        restored[original] = asset


def _is_named_restored(asset: Asset) -> bool:
    return Path(asset.original_file_name).stem.endswith(filenames.SUFFIX)


def _original_of(immich: Immich, asset: Asset) -> str | None:
    """The id of the photo that ``asset`` was made of; None where it has no such note, or its notes are another's."""
    try:
        note = immich.metadata(asset.id).get(KEY, {})
    except ServiceRefused as refusal:
        if refusal.status not in (400, 403, 404):
            raise
        return None
    original = note.get(_ORIGINAL)
    return original if isinstance(original, str) else None
