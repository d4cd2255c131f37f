"""Photos that lie on their side, turned."""

from __future__ import annotations

from dataclasses import dataclass, replace

from daguerre.imaging import passthrough
from daguerre.imaging.codecs import oiio
from daguerre.imaging.containers import photoshop
from daguerre.imaging.metadata import exif
from daguerre.imaging.photo import Metadata, Original, Photo, Pixels

_ORIENTATIONS = {90: 6, 180: 3, 270: 8}
"""What EXIF calls a picture that has to be turned by so many degrees clockwise."""


@dataclass(frozen=True, slots=True)
class _QuarterTurns:
    """A :class:`~daguerre.imaging.photo.Turn`."""

    degrees: int
    size: tuple[int, int]

    @property
    def orientation(self) -> int:
        return _ORIENTATIONS[self.degrees]

    def __call__(self, samples: Pixels) -> Pixels:
        return oiio.turn_upright(samples, self.orientation)


def turned(photo: Photo, degrees: int) -> Photo:
    """``photo`` with every page turned by 0, 90, 180 or 270 ``degrees`` clockwise, and all that belongs to them.

    A JPEG that nobody changes further becomes the file that it was with another orientation in its EXIF block.
    """
    if degrees == 0:
        return photo
    result = _turned(photo, degrees)
    result.pages = [_turned(page, degrees) for page in photo.pages]
    if photo.original is not None and photo.coding is not None and not photo.pages:
        turn = _QuarterTurns(degrees, (photo.width, photo.height))
        unchanged = passthrough.find_untouched_file(photo)
        data = None if unchanged is None else photo.coding.turned_file(unchanged, turn)
        if data is not None:
            result.original = Original(data, passthrough.digest(result), replace(result.metadata))
    return result


def turn_samples(samples: Pixels, degrees: int) -> Pixels:
    """``[H, W, ...]`` turned by 0, 90, 180 or 270 ``degrees`` clockwise."""
    return samples if degrees == 0 else oiio.turn_upright(samples, _ORIENTATIONS[degrees])


def _turned(page: Photo, degrees: int) -> Photo:
    turn = _QuarterTurns(degrees, (page.width, page.height))
    return replace(
        page,
        pixels=turn(page.pixels),
        alpha=None if page.alpha is None else turn(page.alpha),
        missing=None if page.missing is None else turn(page.missing),
        coding=None if page.coding is None else page.coding.turned(turn),
        metadata=page.metadata if degrees == 180 else _lying(page.metadata),
        original=None,
        losses=[*page.losses, *(() if page.coding is None else page.coding.only_this_way_up())],
    )


def _lying(told: Metadata) -> Metadata:
    return replace(
        told,
        dpi=told.dpi and told.dpi[::-1],
        aspect=told.aspect and told.aspect[::-1],
        exif=exif.exchange_sides(told.exif),
        resources=photoshop.exchange_resolutions(told.resources),
    )
