"""A decoded photo, on its way through the restoration steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[Any]
"""``[H, W, C]``: uint8 (0-255), uint16 (0-65535) or float32 (0-1, highlights may exceed 1)."""


@dataclass(slots=True)
class Metadata:
    """What a file says of its picture, as raw blocks that travel unread where possible.

    ``exif`` starts at the TIFF header (no ``Exif\\0\\0``), with orientation 1 and no thumbnail.
    ``dpi`` is horizontal and vertical, in pixels per inch.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None


@dataclass(slots=True)
class Photo:
    """One picture, upright, in its own depth.

    ``pixels`` is ``[H, W, 1]`` (grey) or ``[H, W, 3]`` (RGB), display-referred: what is linear
    in the file has passed an invertible curve. The dtype is the file's own depth: uint8, uint16
    or float32. The restoration steps read and write ``pixels`` and nothing else.

    ``alpha`` is ``[H, W]`` in the dtype of ``pixels``, or ``None``; never premultiplied.
    ``source`` is what the codec needs to write the same kind of file again (subsampling,
    quantisation tables, bit depth, compression, ink planes), opaque to everybody else.
    ``pages`` holds the further pages of a multi-page file, in order.
    ``warnings`` are sentences about what was lost or changed on the way in.
    """

    pixels: Pixels
    format: str
    alpha: Pixels | None = None
    metadata: Metadata = field(default_factory=Metadata)
    source: dict[str, Any] = field(default_factory=dict)
    pages: list[Photo] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

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
        return 1.0 if self.pixels.dtype.kind == "f" else float(np.iinfo(self.pixels.dtype).max)
