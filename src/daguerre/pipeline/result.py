"""The result of one restoration, and how it is stored."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from daguerre.files import write_whole
from daguerre.imaging.photo import Photo

if TYPE_CHECKING:
    from daguerre.imaging import Encoded


@dataclass(slots=True)
class Restoration:
    """The restored photo and what was done to it.

    ``steps`` are those that changed the photo, in their order. ``scratch_coverage`` is the percentage
    of pixels taken for damage, to two decimals; ``damage_mask`` is ``[H, W]`` uint8, 255 where the first
    page was damaged, or ``None`` where nothing was repaired. ``noise_sigma`` is on a 0-255 scale, ``None``
    where noise was not measured. ``models`` maps roles to the models that ran, ``timings`` steps to
    seconds. ``original_size`` is the bytes of the file that came, 0 for a Photo.
    """

    photo: Photo
    steps: list[str]
    scratch_coverage: float
    faces: list[dict[str, Any]]
    is_grayscale: bool
    colorized: bool
    damage_mask: npt.NDArray[np.uint8] | None
    noise_sigma: float | None
    models: dict[str, str]
    timings: dict[str, float]
    original_size: int
    output_format: str | None = None
    quality: int | None = None
    notes: list[str] = field(default_factory=list)
    _encoded: Encoded | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.photo.width

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.photo.height

    @property
    def processed_size(self) -> int:
        """The bytes of the file that :meth:`encode` gives without arguments."""
        return len(self.encode().data)

    @property
    def warnings(self) -> list[str]:
        """Sentences: what was lost on the way in or out, what was ignored or could not run."""
        encoded = self._encoded.warnings if self._encoded is not None else []
        return list(dict.fromkeys([*self.photo.warnings, *self.notes, *encoded]))

    def encode(self, format: str | None = None, quality: int | None = None) -> Encoded:
        """The photo as a file: in ``format``, else the settings', else the input's.

        Raises :class:`~daguerre.errors.InvalidSettings` for a format that cannot be written.
        """
        from daguerre import imaging

        format, quality = format or self.output_format, quality or self.quality
        if (format, quality) != (self.output_format, self.quality):
            return imaging.encode(self.photo, format=format, quality=quality)
        with self._lock:
            if self._encoded is None:
                self._encoded = imaging.encode(self.photo, format=format, quality=quality)
            return self._encoded

    def save(self, path: str | os.PathLike[str], format: str | None = None, quality: int | None = None) -> Path:
        """Write the file at ``path``, whole or not at all, and give the path.

        Raises :class:`~daguerre.errors.CannotWrite`; what lay at ``path`` is then still there.
        """
        return write_whole(Path(path), self.encode(format, quality).data)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON carries it, in camelCase."""
        return {
            "originalSize": self.original_size,
            "processedSize": self.processed_size,
            "width": self.width,
            "height": self.height,
            "steps": list(self.steps),
            "scratchCoverage": self.scratch_coverage,
            "facesEnhanced": sum(bool(face.get("enhanced")) for face in self.faces),
            "faces": list(self.faces),
            "isGrayscale": self.is_grayscale,
            "colorized": self.colorized,
            "noiseSigma": self.noise_sigma,
            "models": dict(self.models),
            "warnings": self.warnings,
            "timings": dict(self.timings),
        }
