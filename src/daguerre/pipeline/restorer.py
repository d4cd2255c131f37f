"""The engine that a program keeps: models loaded once, photos restored by any thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from daguerre.config import Config, Device
from daguerre.errors import InvalidImage, InvalidMask
from daguerre.imaging.photo import Photo, white_of
from daguerre.models.catalog import WantedTier
from daguerre.models.catalog.known import known
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache
from daguerre.pipeline.context import Mask, Report
from daguerre.pipeline.driver import restore_photo
from daguerre.pipeline.result import Restoration
from daguerre.progress import CancelToken, ProgressEvent
from daguerre.settings import Settings

Source = str | os.PathLike[str] | bytes | BinaryIO | Photo
MaskSource = Source | npt.NDArray[Any]


class Restorer:
    """Restores photos. Loads each model once, on first use; thread-safe.

    ``models`` is the tier for photos whose settings do not name one. ``device`` ``auto`` follows the
    configuration. ``cache`` replaces the models and their files.
    """

    def __init__(
        self,
        models: WantedTier = "auto",
        device: Device = "auto",
        *,
        config: Config | None = None,
        cache: ModelCache | None = None,
    ) -> None:
        config = config or Config()
        self.config = config if device == "auto" else config.model_copy(update={"device": device})
        self.models = models
        self.cache = cache or ModelCache(known(), Store(self.config.data / "models"), self.config)

    def restore(
        self,
        source: Source,
        settings: Settings | None = None,
        *,
        mask: MaskSource | None = None,
        on_progress: Callable[[ProgressEvent], object] | None = None,
        cancel: CancelToken | None = None,
        **settings_fields: Any,
    ) -> Restoration:
        """Restore a path, the bytes of a file, a binary file object or a Photo.

        ``settings_fields`` replace single fields of ``settings``. ``mask``, white where damaged and of
        the photo's size, replaces the detection of damage: a file as above, or an array ``[H, W]``
        or ``[H, W, C]`` of bool, integers (0 to the type's maximum) or floats (0-1).
        ``on_progress`` is called from the thread that calls this.

        Raises :class:`~daguerre.errors.InvalidImage`, :class:`~daguerre.errors.InvalidSettings`,
        :class:`~daguerre.errors.InvalidMask`, :class:`~daguerre.errors.ModelError` and
        :class:`~daguerre.errors.Canceled`.
        """
        from daguerre.imaging.metadata import provenance

        settings = (settings or Settings()).updated(**settings_fields)
        photo, size = self._open(source, recover=settings.recover)
        photo, report = restore_photo(
            photo,
            settings,
            self.cache,
            tier=settings.models if "models" in settings.model_fields_set else self.models,
            mask=None if mask is None else self._mask(mask, photo),
            on_progress=on_progress,
            cancel=cancel,
        )
        if mask is not None and not settings.scratch_removal:
            report.warn("The mask was not used: the removal of scratches is off.")
        if any(page.missing is not None for page in (photo, *photo.pages)) and not settings.scratch_removal:
            report.warn("What the file lacks was not filled in: the removal of scratches is off.")
        photo = provenance.record(photo, steps=report.steps, networks=report.models)
        return _restoration(photo, report, settings, size)

    def release(self) -> None:
        """Forget the loaded models; the next photo loads what it needs."""
        self.cache.release()

    def _open(self, source: Source, *, recover: bool = False) -> tuple[Photo, int]:
        from daguerre import imaging

        if isinstance(source, Photo):
            return source, 0
        data = imaging.content(source)
        return imaging.open_image(data, max_pixels=self.config.max_pixels, recover=recover), len(data)

    def _mask(self, source: MaskSource, photo: Photo) -> Mask:
        if isinstance(source, np.ndarray):
            values = source
        else:
            try:
                values = self._open(source)[0].pixels
            except InvalidImage as error:
                raise InvalidMask(f"The mask cannot be read: {error}") from error
        if values.ndim == 3 and values.shape[2] >= 1:
            values = values[:, :, :3].mean(axis=2, dtype=np.float32).astype(np.float32) / white_of(values.dtype)
        elif values.ndim == 2:
            values = values.astype(np.float32) / white_of(values.dtype)
        else:
            raise InvalidMask("The mask is not an image: it needs rows and columns.")
        if values.shape != (photo.height, photo.width):
            raise InvalidMask(
                f"The mask is {values.shape[1]} x {values.shape[0]} pixels, "
                f"the photo {photo.width} x {photo.height}: they must be of one size."
            )
        return np.asarray(values >= 0.5)


def _restoration(photo: Photo, report: Report, settings: Settings, size: int) -> Restoration:
    area = sum(page.height * page.width for page in (photo, *photo.pages))
    return Restoration(
        photo=photo,
        steps=report.steps,
        scratch_coverage=round(100 * report.damaged_pixels / area, 2),
        faces=report.faces,
        is_grayscale=report.is_grayscale,
        colorized="colorize" in report.steps,
        damage_mask=None if report.damage is None else report.damage.astype(np.uint8) * np.uint8(255),
        noise_sigma=report.noise_sigma,
        models=report.models,
        timings={step: round(seconds, 3) for step, seconds in report.timings.items()},
        original_size=size,
        output_format=settings.output_format,
        quality=settings.quality,
        notes=report.warnings,
    )
