"""Pages as files, pictures or arrays, and the photos on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from daguerre.album.cut import Cut
from daguerre.album.found import FoundPhoto
from daguerre.album.geometry import angle_of, reading_order
from daguerre.album.search import Found, find_photos
from daguerre.album.upright import quarters_to_upright
from daguerre.errors import ModelError
from daguerre.imaging import sources
from daguerre.imaging.photo import Photo
from daguerre.imaging.sources import Source
from daguerre.models import adapters
from daguerre.models.runtime.cache import ModelCache
from daguerre.progress import CancelToken, Track


def split(
    source: Source,
    cache: ModelCache,
    *,
    upright: bool = True,
    max_pixels: int = 500_000_000,
    recover: bool = False,
    cancel: CancelToken | None = None,
) -> list[FoundPhoto]:
    """The photos on the page or pages that ``source`` holds, in reading order; see :func:`daguerre.split`."""
    first, origin = sources.opened(source, max_pixels=max_pixels, recover=recover)
    name = "" if origin.path is None else Path(origin.path).name
    track = Track(cancel=cancel)
    found: list[FoundPhoto] = []
    for page in (first, *first.pages):
        track.check()
        photos = find_photos(page.pixels)
        order = reading_order([photo.corners for photo in photos])
        found += [_found(page, name, photos[index], cache if upright else None, track) for index in order]
    return found


def _found(page: Photo, name: str, photo: Found, cache: ModelCache | None, track: Track) -> FoundPhoto:
    """The photo, the right way up where its faces say what that is."""
    corners, quarters, model = photo.corners, 0, None
    if cache is not None:
        try:
            entry = cache.model(adapters.FACE_DETECTION.name)
            detector = cache.adapter(adapters.FACE_DETECTION, entry)
            quarters = quarters_to_upright(Cut(corners)(page.pixels), detector, track)
            model = entry.id
        except ModelError:
            quarters = 0  # Without a detector nothing says which side is up.
    corners = np.roll(corners, -quarters, axis=0)
    return FoundPhoto(corners, angle_of(corners), quarters != 0, float(photo.support.mean()), page, name, model)
