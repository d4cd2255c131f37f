"""A decoded photo, on its way through the restoration steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

Pixels = npt.NDArray[Any]
"""``[H, W, C]``: uint8 (0-255), uint16 (0-65535) or float32 (0-1, highlights may exceed 1)."""


def white_of(dtype: npt.DTypeLike) -> float:
    """The value of white in samples of ``dtype``: the type's maximum for integers, 1 for floats and bools."""
    kind = np.dtype(dtype)
    return float(np.iinfo(kind).max) if kind.kind in "ui" else 1.0


@dataclass(slots=True)
class Metadata:
    """What a file says of its picture, as raw blocks that travel unread where possible.

    ``exif`` starts at the TIFF header (no ``Exif\\0\\0``), with orientation 1 and no thumbnail.
    ``resources`` are Photoshop's image resources but IPTC and thumbnails, ``comments`` texts as they are stored.
    ``xmp_is_ours``: the file came without XMP, which tells of the restoration only.
    ``dpi`` is horizontal and vertical, in pixels per inch; ``aspect`` the same where a file names no unit.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None
    aspect: tuple[float, float] | None = None
    resources: bytes | None = None
    comments: tuple[bytes, ...] = ()
    xmp_is_ours: bool = False


class Enlarge(Protocol):
    """Makes samples ``[H, W]`` or ``[H, W, C]`` of any depth larger by the same whole ``factor`` each way."""

    @property
    def factor(self) -> int:
        """How many times as long the sides become."""
        ...

    def __call__(self, samples: Pixels) -> Pixels:
        """``[factor * H, factor * W]`` or the same with ``C``, in the dtype that came."""
        ...


class Turn(Protocol):
    """Turns samples ``[H, W]`` or ``[H, W, C]`` of any depth clockwise, as a picture of ``size`` is turned."""

    @property
    def degrees(self) -> int:
        """90, 180 or 270, clockwise."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture before it is turned."""
        ...

    @property
    def orientation(self) -> int:
        """The same as one of EXIF's orientations: 6, 3 or 8."""
        ...

    def __call__(self, samples: Pixels) -> Pixels:
        """The samples turned, in the dtype that came."""
        ...


@dataclass(frozen=True, slots=True)
class Coding:
    """How a file stored its picture, for the codec that writes the same kind of file again.

    Each codec has its own: compression, tables, subsampling, bits, ink planes. Opaque to everybody else.
    """

    def in_full_color(self) -> Coding:
        """The coding for a picture whose new colors end at edges that the old file did not need to hold."""
        return self

    def enlarged(self, enlarge: Enlarge) -> Coding:
        """The coding for the picture enlarged, with what lies beside its pixels enlarged as well."""
        return self

    def cut(self, cut: Enlarge) -> Coding:
        """The coding for a part of the picture, which ``cut`` takes out of samples of its size, factor 1."""
        return self.enlarged(cut)

    def only_at_this_size(self) -> tuple[str, ...]:
        """What :meth:`enlarged` leaves out, in sentences for warnings."""
        return ()

    def turned(self, turn: Turn) -> Coding:
        """The coding for the picture turned, with what lies beside its pixels turned as well."""
        return self

    def turned_file(self, data: bytes, turn: Turn) -> bytes | None:
        """The file ``data`` with its picture's code as it is and a note that it is seen turned; ``None`` where there is
        no room for one."""
        return None

    def only_this_way_up(self) -> tuple[str, ...]:
        """What :meth:`turned` leaves out, in sentences for warnings."""
        return ()

    def only_here(self) -> tuple[str, ...]:
        """What the file holds that a file of another format will not, in words that go into a warning."""
        return ()


@dataclass(frozen=True, slots=True)
class Original:
    """The file that a photo came from, the digest of the samples it gave and what it said of them."""

    data: bytes = field(repr=False)
    digest: bytes
    metadata: Metadata


@dataclass(slots=True, repr=False)
class Photo:
    """One picture, upright, in its own depth.

    ``pixels`` is ``[H, W, 1]`` (gray) or ``[H, W, 3]`` (RGB), display-referred: what is linear
    in the file has passed an invertible curve. The dtype is the file's own depth: uint8, uint16
    or float32. The restoration steps read and write ``pixels`` and nothing else.

    ``alpha`` is ``[H, W]`` in the dtype of ``pixels``, or ``None``; never premultiplied.
    ``coding`` is what the codec needs to write the same kind of file again, ``original`` the file itself
    where it is kept to be given back untouched.
    ``missing`` ``[H, W]`` is true where a file that was recovered held no pixels, which have to be repaired.
    ``pages`` holds the further pages of a multi-page file, in order.
    ``warnings`` are sentences about what was changed on the way in; ``losses`` those about what a new file
    will not hold, which are of no account where the old one is given back.
    """

    pixels: Pixels
    format: str
    alpha: Pixels | None = None
    metadata: Metadata = field(default_factory=Metadata)
    coding: Coding | None = None
    original: Original | None = None
    missing: npt.NDArray[np.bool_] | None = None
    pages: list[Photo] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return int(self.pixels.shape[1])

    @property
    def white(self) -> float:
        """The value of white in ``pixels``: 255, 65535 or 1."""
        return white_of(self.pixels.dtype)

    @property
    def image(self) -> Image.Image:
        """The first page as a PIL image: ``I;16`` for gray of 16 bits, else 8 bits."""
        from daguerre.imaging import arrays

        return arrays.image_of(self)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Pixels:
        """The first page's pixels in their own depth: ``[H, W]``, ``[H, W, 3]`` or, with alpha, ``[H, W, 4]``."""
        from daguerre.imaging import arrays

        return np.array(arrays.array_of(self), dtype, copy=copy)

    def __repr__(self) -> str:
        color = "gray" if self.pixels.shape[2] == 1 else "RGB"
        alpha = ", alpha" if self.alpha is not None else ""
        pages = f", {1 + len(self.pages)} pages" if self.pages else ""
        return f"<Photo: {self.width} x {self.height}, {color} {self.pixels.dtype}{alpha}{pages}, from {self.format}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from daguerre.imaging import display

        return display.bundle(self, repr(self))
