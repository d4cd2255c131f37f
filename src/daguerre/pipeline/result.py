"""The result of one restoration, and how it is stored and shown."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from daguerre.errors import CannotWrite, DaguerreError, InvalidSettings
from daguerre.face import Face
from daguerre.files import write_whole
from daguerre.imaging import registry
from daguerre.imaging.photo import Photo, Pixels
from daguerre.imaging.sources import Origin
from daguerre.naming import SUFFIX

if TYPE_CHECKING:
    from PIL import Image

    from daguerre.imaging import Encoded


@dataclass(slots=True, repr=False, eq=False)
class Restoration:
    """The restored photo and what was done to it.

    ``steps`` are those that changed the photo, in their order; ``left_out`` are those whose model is not installed.
    ``scratch_coverage`` is the percentage of pixels taken for damage, to two decimals; ``damage_mask`` is ``[H, W]``
    uint8, 255 where the first page was damaged, or ``None`` where nothing was repaired. ``noise_sigma`` is on a 0-255
    scale, ``None`` where noise was not measured. ``models`` maps roles to the models that ran, ``timings`` steps to
    seconds. ``origin`` is where the photo came from, ``date`` the one in EDTF that its metadata was given. Where the
    photo was enlarged, ``upscale`` times each way, the mask and the boxes of ``faces`` are still in the pixels of the
    photo that came.

    ``image`` and ``np.asarray(result)`` are the restored pixels; a notebook shows the photo before and after.
    """

    photo: Photo
    steps: list[str]
    left_out: list[str]
    scratch_coverage: float
    faces: list[Face]
    is_grayscale: bool
    colorized: bool
    damage_mask: npt.NDArray[np.uint8] | None
    noise_sigma: float | None
    models: dict[str, str]
    timings: dict[str, float]
    upscale: int = 1
    origin: Origin = field(default_factory=Origin)
    output_format: str | None = None
    quality: int | None = None
    notes: list[str] = field(default_factory=list)
    date: str | None = None
    _encoded: Encoded | None = None

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.photo.width

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.photo.height

    @property
    def original_size(self) -> int:
        """The bytes of the file that came; 0 for an image, an array or a Photo."""
        return self.origin.size_bytes

    @property
    def processed_size(self) -> int:
        """The bytes of the file that :meth:`encode` gives without arguments."""
        return len(self.encode().data)

    @property
    def warnings(self) -> list[str]:
        """Sentences: what was lost on the way in or out, what was ignored or could not run."""
        encoded = self._encoded.warnings if self._encoded is not None else []
        return list(dict.fromkeys([*self.photo.warnings, *self.notes, *encoded]))

    @property
    def before(self) -> Photo:
        """The photo as it came; a file is decoded once more. Raises :class:`~daguerre.errors.InvalidImage`."""
        return self.origin.again()

    @property
    def image(self) -> Image.Image:
        """The restored photo as a PIL image: ``I;16`` for gray of 16 bits, else 8 bits."""
        from daguerre.imaging import arrays

        return arrays.image_of(self.photo)

    @property
    def mask(self) -> Image.Image:
        """What was repaired, as a PIL image of mode L: white where the photo was damaged."""
        from PIL import Image

        if self.damage_mask is None:
            return Image.new("L", (self.width, self.height))
        return Image.fromarray(self.damage_mask)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Pixels:
        """The restored pixels in the photo's own depth: ``[H, W]``, ``[H, W, 3]`` or, with alpha, ``[H, W, 4]``."""
        return self.photo.__array__(dtype, copy)

    def encode(self, format: str | None = None, quality: int | None = None) -> Encoded:
        """The photo as a file: in ``format``, else the settings', else the input's. Its bytes are ``encode().data``.

        Raises :class:`~daguerre.errors.InvalidSettings` for a format that cannot be written.
        """
        from daguerre import imaging

        format, quality = format or self.output_format, quality or self.quality
        if (format, quality) != (self.output_format, self.quality):
            return imaging.encode(self.photo, format=format, quality=quality)
        if self._encoded is None:
            self._encoded = imaging.encode(self.photo, format=format, quality=quality)
        return self._encoded

    def save(
        self,
        path: str | os.PathLike[str] | None = None,
        format: str | None = None,
        quality: int | None = None,
        *,
        overwrite: bool = False,
    ) -> Path:
        """Write the photo at ``path``, whole or not at all, and give its path.

        The suffix of ``path`` decides the format; without one, ``format`` does, else the settings, else the input. In a
        folder, and without a ``path`` beside the photo that was restored, the file is called ``NAME_restored``.

        Raises :class:`~daguerre.errors.CannotWrite`, after which what lay at ``path`` is still there: also where
        ``path`` is the photo that was restored, unless ``overwrite``. Raises
        :class:`~daguerre.errors.InvalidSettings` where suffix and format contradict each other.
        """
        target = self.target(path, format, quality)
        named = path is not None and target == Path(path)
        encoded = self._encoded_for(target, format, quality) if named else self.encode(format, quality)
        if not overwrite and self.origin.path is not None and _same(target, self.origin.path):
            raise CannotWrite(f"{target} is the photo that was restored. overwrite=True replaces it.")
        return write_whole(target, encoded.data)

    def target(
        self, path: str | os.PathLike[str] | None = None, format: str | None = None, quality: int | None = None
    ) -> Path:
        """Where :meth:`save` writes the photo. Raises as it does."""
        target = self._beside() if path is None else Path(path)
        if path is not None and not target.is_dir():
            return target
        encoded = self.encode(format, quality)
        target = target if path is None else target / self._name()
        return target.with_name(target.name + self._extension(encoded.format, encoded.extension))

    def compare(self, path: str | os.PathLike[str], *, max_side: int = 2000, quality: int | None = None) -> Path:
        """Write one picture of the photo before and after, side by side, each of at most ``max_side`` pixels.

        The suffix of ``path`` decides the format. Raises CannotWrite, InvalidSettings and InvalidImage.
        """
        from daguerre import imaging
        from daguerre.imaging import display

        target = Path(path)
        if not target.suffix:
            raise InvalidSettings(("path", f"{target} has no suffix that names a format, such as .jpg"))
        form = registry.named(target.suffix)
        if self.origin.path is not None and _same(target, self.origin.path):
            raise CannotWrite(f"{target} is the photo that was restored.")
        photo = display.side_by_side(self.before, self.photo, max_side)
        return write_whole(target, imaging.encode(photo, format=form.name, quality=quality).data)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON carries it, in camelCase."""
        return {
            "originalSize": self.original_size,
            "processedSize": self.processed_size,
            "width": self.width,
            "height": self.height,
            "upscale": self.upscale,
            "steps": list(self.steps),
            "leftOut": list(self.left_out),
            "scratchCoverage": self.scratch_coverage,
            "facesEnhanced": sum(face.enhanced for face in self.faces),
            "faces": [face.to_dict() for face in self.faces],
            "isGrayscale": self.is_grayscale,
            "colorized": self.colorized,
            "noiseSigma": self.noise_sigma,
            "models": dict(self.models),
            "date": self.date,
            "warnings": self.warnings,
            "timings": dict(self.timings),
        }

    def __repr__(self) -> str:
        done = ", ".join(self.steps) or "nothing to restore"
        name = f" of {self.origin.path.name}" if self.origin.path is not None else ""
        return f"<Restoration{name}: {self.width} x {self.height}, {done}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from daguerre.imaging import display

        try:
            before = self.before
        except DaguerreError:
            return display.bundle(self.photo, repr(self))
        return display.bundle(self.photo, repr(self), before)

    def _encoded_for(self, target: Path, format: str | None, quality: int | None) -> Encoded:
        """The file for ``target``, in the format that its suffix names. Raises InvalidSettings and CannotWrite."""
        by_suffix = registry.find(target.suffix) if target.suffix else None
        wanted = format or self.output_format
        if by_suffix is None:
            if target.suffix.lower() in registry.RAW_SUFFIXES:
                raise CannotWrite(
                    f"Camera raw files cannot be written: name the file {target.with_suffix('.tif').name}."
                )
            return self.encode(format, quality)
        if wanted is not None and registry.named(wanted) is not by_suffix:
            sentence = f"{wanted} contradicts the name {target.name}, which asks for {by_suffix.title}"
            raise InvalidSettings(("format" if format else "output_format", sentence))
        own = wanted is None and by_suffix.name == self.photo.format
        encoded = self.encode(None if own else by_suffix.name, quality)
        if encoded.format != by_suffix.name:
            name = target.with_suffix(encoded.extension).name
            raise CannotWrite(f"{by_suffix.title} cannot be written: name the file {name}.")
        return encoded

    def _beside(self) -> Path:
        if self.origin.path is None:
            raise CannotWrite("The photo did not come from a path, so say where to save it: result.save(path).")
        return self.origin.path.with_name(self._name())

    def _name(self) -> str:
        return f"{self.origin.path.stem if self.origin.path is not None else 'photo'}{SUFFIX}"

    def _extension(self, format: str, extension: str) -> str:
        """The photo's own suffix where it names ``format``, else ``extension``."""
        own = "" if self.origin.path is None else self.origin.path.suffix
        form = registry.find(own) if own else None
        return own if form is not None and form.name == format else extension


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
