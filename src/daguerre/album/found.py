"""A photo that was found on a page."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from daguerre.album.cut import Cut, cut_photo
from daguerre.errors import CannotWrite
from daguerre.files import write_whole
from daguerre.imaging import files
from daguerre.imaging.encoded import Encoded
from daguerre.imaging.metadata import provenance
from daguerre.imaging.photo import Photo, Pixels


@dataclass(frozen=True)
class FoundPhoto:
    """One photo on a page.

    ``corners`` ``[4, 2]`` float64 are x, y in pixels of the page, where the middle of the first pixel is at 0, 0: the
    first is the top left of :attr:`photo`, the others follow clockwise. ``angle`` is how far the photo lies turned on
    the page, in degrees clockwise, above -180 and up to 180. ``is_turned`` says that faces told which side is up;
    otherwise the photo is turned by at most 45 degrees. ``support`` 0-1 is how far its sides are seen.
    """

    corners: npt.NDArray[np.float64]
    angle: float
    is_turned: bool
    support: float
    page: Photo = field(repr=False)
    page_name: str = ""
    model: str | None = None
    """The id of the face detector, where it was asked."""

    @cached_property
    def photo(self) -> Photo:
        """The photo, straightened: of the page's depth, with its format, profile and resolution.

        Its XMP says which page it is from, and where it lay. A photo that lies upright on the page is copied sample by
        sample; others are interpolated once.
        """
        cut = cut_photo(self.page, self._cut)
        return provenance.record_page(
            cut, page=self.page_name, corners=self.corners, angle=self.angle,
            models={"face_detection": self.model} if self.is_turned and self.model is not None else {},
        )  # fmt: skip

    @property
    def pixels(self) -> Pixels:
        """The pixels of :attr:`photo`, ``[h, w, 1|3]``."""
        return self.photo.pixels

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of :attr:`photo` in pixels."""
        return self._cut.size

    def encode(self, format: str | None = None, quality: int | None = None) -> Encoded:
        """The photo as a file, by default of the page's format. Raises InvalidSettings and CannotWrite."""
        return files.encode(self.photo, format=format, quality=quality)

    def save(
        self, path: str | os.PathLike[str], format: str | None = None, quality: int | None = None, *,
        overwrite: bool = False,
    ) -> Path:  # fmt: skip
        """Write the photo at ``path``, whole or not at all, and give its path; its suffix decides the format.

        Raises :class:`~daguerre.errors.CannotWrite`, also where something lies at ``path``, unless ``overwrite``, and
        :class:`~daguerre.errors.InvalidSettings` for an unknown format.
        """
        target = Path(path)
        if target.exists() and not overwrite:
            raise CannotWrite(f"{target} already exists. overwrite=True replaces it.")
        return write_whole(target, self.encode(format or target.suffix or None, quality).data)

    def to_dict(self) -> dict[str, object]:
        """What JSON carries: corners, angle, whether faces said what is up, size and support."""
        return {
            "corners": [[round(float(value), 2) for value in corner] for corner in self.corners],
            "angle": round(self.angle, 2),
            "isTurned": self.is_turned,
            "width": self.size[0],
            "height": self.size[1],
            "support": round(self.support, 2),
        }

    @property
    def _cut(self) -> Cut:
        return Cut(self.corners)
