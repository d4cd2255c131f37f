"""The engine that a program keeps: models loaded once, photos restored by any thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Unpack, get_args

import numpy as np
import numpy.typing as npt

from daguerre import edtf
from daguerre.config import Config, Device
from daguerre.errors import InvalidImage, InvalidMask, InvalidSettings
from daguerre.imaging import arrays, limits, registry, sources
from daguerre.imaging.metadata import annotation, names, provenance
from daguerre.imaging.photo import Photo
from daguerre.imaging.sources import Origin, Source
from daguerre.infrared import find_channel
from daguerre.models.catalog import WantedTier
from daguerre.models.catalog.known import known
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache
from daguerre.pipeline.context import Mask, Report
from daguerre.pipeline.driver import restore_photo
from daguerre.pipeline.many import BatchEvent, Outcome, in_order
from daguerre.pipeline.result import Restoration
from daguerre.progress import CancelToken, ProgressEvent
from daguerre.settings import Settings, SettingsFields

MaskSource = Source


class Restorer:
    """Restores photos. Loads each model once, on first use; thread-safe.

    ``models`` is the tier for photos whose settings do not name one. ``device`` ``auto`` follows the
    configuration. ``cache`` replaces the models and their files. A pickled restorer loads its models anew.

    Raises :class:`~daguerre.errors.InvalidSettings` for a tier or a device that does not exist.
    """

    def __init__(
        self,
        models: WantedTier = "auto",
        device: Device = "auto",
        *,
        config: Config | None = None,
        cache: ModelCache | None = None,
    ) -> None:
        _check("models", models, get_args(WantedTier))
        _check("device", device, get_args(Device))
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
        infrared_file: Source | None = None,
        name: str | None = None,
        on_progress: Callable[[ProgressEvent], object] | None = None,
        cancel: CancelToken | None = None,
        **settings_fields: Unpack[SettingsFields],
    ) -> Restoration:
        """Restore a path, the bytes of a file, a binary file object, a PIL image, a NumPy array or a Photo.

        Arrays are ``[H, W]`` or ``[H, W, 1, 3 or 4]`` in RGB or RGBA: ``uint8``, ``uint16``, floats from 0 to 1, bool.
        ``settings_fields`` replace single fields of ``settings``. ``mask``, white where damaged and of the size of the
        photo once it is turned, replaces the detection of damage; any kind of source, and arrays of integers whose
        maximum is 1, 255 or 65535. ``infrared_file`` is a film scan's infrared channel, where it lies apart; with the
        setting ``infrared`` the one in the scan's own file, or beside it, is used. It adds to what is found.
        ``name`` is what the photo is called, where its path does not tell.
        ``on_progress`` is called from the thread that calls this.

        Raises :class:`~daguerre.errors.InvalidImage`, :class:`~daguerre.errors.InvalidSettings`,
        :class:`~daguerre.errors.InvalidMask`, :class:`~daguerre.errors.ModelError` and
        :class:`~daguerre.errors.Canceled`; TypeError for a source of another kind.
        """
        settings = self._settings(settings, settings_fields)
        photo, origin = sources.opened(
            source, max_pixels=self.config.max_pixels, recover=settings.recover, rotate=settings.rotate
        )
        damage = None if mask is None else self._mask(mask, photo)
        limits.check_enlarged(
            [(page.width, page.height) for page in (photo, *photo.pages)],
            settings.upscale,
            self.config.max_pixels,
            settings.output_format or photo.format,
        )
        channel, note = None, None
        if infrared_file is not None or settings.infrared:
            if settings.scratch_removal:
                channel, note = find_channel(origin, infrared_file, max_pixels=self.config.max_pixels)
            else:
                note = "The infrared channel was not used: the removal of scratches is off."
        came = photo
        photo, report = restore_photo(
            came,
            settings,
            self.cache,
            tier=settings.models if "models" in settings.model_fields_set else self.models,
            mask=None if damage is None else damage[0],
            infrared=channel,
            on_progress=on_progress,
            cancel=cancel,
        )
        if damage is not None:
            if not settings.scratch_removal:
                report.warn("The mask was not used: the removal of scratches is off.")
            elif damage[1]:
                report.warn(damage[1])
        if any(page.missing is not None for page in (photo, *photo.pages)) and not settings.scratch_removal:
            report.warn("What the file lacks was not filled in: the removal of scratches is off.")
        if note is not None:
            report.warn(note)
        dated = _date(settings, photo, name or origin.path, report)
        photo = provenance.record(photo, steps=report.steps, models=report.models, settings=settings.given)
        photo = annotation.annotate(photo, date=dated, caption=settings.caption)
        form = registry.FORMATS[photo.format]
        if (dated or settings.caption) and not report.steps and not (form.lossless or form.name in ("jpeg", "raw")):
            report.warn(f"{form.title} was encoded anew, to hold what was written into its metadata.")
        return _restoration(came, photo, report, settings, origin, dated)

    async def restore_async(
        self,
        source: Source,
        settings: Settings | None = None,
        *,
        mask: MaskSource | None = None,
        infrared_file: Source | None = None,
        on_progress: Callable[[ProgressEvent], object] | None = None,
        cancel: CancelToken | None = None,
        **settings_fields: Unpack[SettingsFields],
    ) -> Restoration:
        """As :meth:`restore`, in a thread of its own: the event loop goes on.

        ``on_progress`` is called in the event loop. When the awaiting task is canceled, the work stops at its next
        tile.
        """
        loop = asyncio.get_running_loop()
        token = CancelToken(cancel)

        def progress(event: ProgressEvent) -> None:
            assert on_progress is not None
            loop.call_soon_threadsafe(on_progress, event)

        try:
            return await asyncio.to_thread(
                self.restore,
                source,
                settings,
                mask=mask,
                infrared_file=infrared_file,
                on_progress=None if on_progress is None else progress,
                cancel=token,
                **settings_fields,
            )
        except asyncio.CancelledError:
            token.cancel()
            raise

    def map(
        self,
        photos: Iterable[Source],
        settings: Settings | None = None,
        *,
        workers: int = 1,
        on_progress: Callable[[BatchEvent], object] | None = None,
        cancel: CancelToken | None = None,
        **settings_fields: Unpack[SettingsFields],
    ) -> Iterator[Outcome]:
        """Restore many photos; yields an :class:`Outcome` for each, in their order.

        A photo that cannot be restored gives an outcome with an ``error`` and does not stop the others. ``workers``
        threads share the models; since a model uses all cores already, two are enough to read and write beside it. No
        more than ``workers`` results wait for the caller. ``on_progress`` is called from the workers, one at a time.

        Raises :class:`~daguerre.errors.InvalidSettings` at once, and :class:`~daguerre.errors.Canceled`.
        """
        wanted = self._settings(settings, settings_fields)

        def restore(
            source: Source, progress: Callable[[ProgressEvent], object] | None, token: CancelToken
        ) -> Restoration:
            return self.restore(source, wanted, on_progress=progress, cancel=token)

        return in_order(photos, restore, workers=workers, on_progress=on_progress, cancel=cancel)

    def release(self) -> None:
        """Forget the loaded models; the next photo loads what it needs."""
        self.cache.release()

    def _settings(self, settings: Settings | None, fields: SettingsFields) -> Settings:
        """The settings of one call; what needs no photo to be found wrong is found here."""
        settings = (settings or Settings()).updated(**fields)
        if settings.output_format is not None:
            registry.named(settings.output_format)
        return settings

    def _mask(self, source: MaskSource, photo: Photo) -> tuple[Mask, str | None]:
        """The mask, and a sentence where it marks nothing though it is not black."""
        values = self._mask_values(source)
        mask = arrays.mask_of(values)
        if mask.shape != (photo.height, photo.width):
            raise InvalidMask(
                f"The mask is {mask.shape[1]} x {mask.shape[0]} pixels, "
                f"the photo {photo.width} x {photo.height}: they must be of one size."
            )
        if not mask.any() and bool(np.any(values[..., :3])):
            return mask, "The mask marks nothing: nowhere is it brighter than half of white."
        return mask, None

    def _mask_values(self, source: MaskSource) -> npt.NDArray[Any]:
        if isinstance(source, np.ndarray):
            return source
        try:
            photo, _ = sources.opened(source, max_pixels=self.config.max_pixels)
        except InvalidImage as error:
            raise InvalidMask(f"The mask cannot be read: {error}") from error
        return arrays.array_of(photo)


def _check(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidSettings((name, f"must be one of {', '.join(choices)}"))


def _date(settings: Settings, photo: Photo, name: str | Path | None, report: Report) -> edtf.Date | None:
    """The date that ``photo`` is to be given. One that was read from names never replaces another."""
    if settings.date != "auto":
        return None if settings.date is None else edtf.parse(settings.date)
    found = None if name is None else names.find_date(name if isinstance(name, str) else name.absolute())
    if found is None:
        report.warn("No date was written: the names of the photo and its folders tell none beyond doubt.")
        return None
    if annotation.has_date(photo):
        report.warn(f"The photo has a date already, so the {found} in its name was not written.")
        return None
    return edtf.parse(found)


def _restoration(
    came: Photo, photo: Photo, report: Report, settings: Settings, origin: Origin, dated: edtf.Date | None
) -> Restoration:
    area = sum(page.height * page.width for page in (came, *came.pages))
    return Restoration(
        photo=photo,
        steps=report.steps,
        left_out=report.left_out,
        scratch_coverage=round(100 * report.damaged_pixels / area, 2),
        faces=report.faces,
        is_grayscale=report.is_grayscale,
        colorized="colorize" in report.steps,
        damage_mask=None if report.damage is None else report.damage.astype(np.uint8) * np.uint8(255),
        noise_sigma=report.noise_sigma,
        models=report.models,
        timings={step: round(seconds, 3) for step, seconds in report.timings.items()},
        origin=origin,
        upscale=photo.width // came.width,
        output_format=settings.output_format,
        quality=settings.quality,
        notes=report.warnings,
        date=None if dated is None else dated.text,
    )
