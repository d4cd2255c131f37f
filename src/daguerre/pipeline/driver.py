"""One photo's way through the steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from daguerre.cancellation import CancelToken
from daguerre.errors import ModelNotInstalled
from daguerre.imaging.color.colorized import adapt_to_color
from daguerre.imaging.photo import Photo, Pixels
from daguerre.infrared import Channel
from daguerre.models.catalog import WantedTier
from daguerre.models.runtime.cache import ModelCache
from daguerre.pipeline.context import Mask, Report, StepContext
from daguerre.pipeline.monochrome import Tone, is_neutral
from daguerre.pipeline.steps import STEPS, Step
from daguerre.pipeline.upscale import enlarge_page
from daguerre.progress import Progress, ProgressEvent
from daguerre.settings import Settings

_BAND_ROWS = 256


def restore_photo(
    photo: Photo,
    settings: Settings,
    cache: ModelCache,
    *,
    tier: WantedTier = "auto",
    mask: Mask | None = None,
    infrared: Channel | None = None,
    on_progress: Callable[[ProgressEvent], object] | None = None,
    cancel: CancelToken | None = None,
    steps: tuple[Step, ...] = STEPS,
) -> tuple[Photo, Report]:
    """A restored copy of ``photo`` with every page, and what was done to it.

    ``photo`` stays as it is; what no step changed is shared with it. ``mask`` ``[H, W]``, true where damaged, replaces
    detection on the first page; the ``infrared`` channel of a film scan adds to it. A step whose model is not installed
    is left out and named in the warnings; with ``tier`` ``full`` ModelNotInstalled is raised. Raises Canceled and
    ModelError.
    """
    pages = [photo, *photo.pages]
    wanted = [step for step in steps if step.wanted(settings)]
    if tier == "full":
        for role in {role.name for step in wanted for role in step.roles}:
            cache.model(role, tier)  # Raises before the work, not in the midst of it.
    area = [page.height * page.width for page in pages]
    weights = {f"{index}/{step.name}": step.weight * pixels for index, pixels in enumerate(area) for step in wanted}
    progress = Progress(weights, on_progress, cancel)
    report = Report()
    if settings.color_hints and not any(step.name == "colorize" for step in wanted):
        report.warn("The color hints were not used: colorizing is off.")
    restored = []
    for index, page in enumerate(pages):
        context = StepContext(index, settings, mask if index == 0 else None, cache, tier, report, page.metadata.icc)
        context.missing = page.missing
        context.infrared = infrared if index == 0 else None
        if index == 0:
            report.is_grayscale = context.tone(page.pixels) is Tone.MONOCHROME
        pixels = _restore_pixels(page.pixels, context, wanted, progress)
        result = replace(page, pixels=pixels) if pixels.shape[:2] == page.pixels.shape[:2] else _enlarged(page, pixels)
        result.pages = []
        restored.append(adapt_to_color(result) if context.colorized else result)
    report.steps = [step.name for step in steps if step.name in report.steps]
    progress.complete()
    return replace(restored[0], pages=restored[1:]), report


def _enlarged(page: Photo, pixels: Pixels) -> Photo:
    return enlarge_page(page, pixels, pixels.shape[0] // page.height)


def _restore_pixels(original: Pixels, context: StepContext, steps: list[Step], progress: Progress) -> Pixels:
    # A gray photo in an RGB file stays gray: its steps see one channel.
    neutral = original.shape[2] == 3 and is_neutral(original)
    pixels = original[:, :, :1] if neutral else original
    changed = False
    for step in steps:
        name = f"{context.index}/{step.name}"
        track = progress.track(name, step.name, step.stage)
        started = time.perf_counter()
        before = context.report.models.copy()
        try:
            result = step.apply(pixels, context, track)
        except ModelNotInstalled as error:
            if context.tier == "full":
                raise
            context.report.warn(f"{step.failure}: {_lowered(str(error))}")
            context.report.models = before
            if step.name not in context.report.left_out:
                context.report.left_out.append(step.name)
            result = pixels
        for session in context.used:
            for sentence in session.warnings:
                context.report.warn(sentence)
        if result is not pixels and not _identical(result, pixels):
            pixels, changed = result, True
            if step.develops:
                if pixels.shape[2] == 3 and is_neutral(pixels):
                    pixels, neutral = pixels[:, :, :1], True
                context.forget_tone()
                if context.is_first:
                    context.report.is_grayscale = context.tone(pixels) is Tone.MONOCHROME
            if step.name not in context.report.steps:
                context.report.steps.append(step.name)
        seconds = context.report.timings.get(step.name, 0.0) + time.perf_counter() - started
        context.report.timings[step.name] = seconds
        progress.finish(name)
    if not changed:
        return original
    return np.repeat(pixels, 3, axis=2) if neutral and pixels.shape[2] == 1 else pixels


def _identical(first: Pixels, second: Pixels) -> bool:
    """Bit by bit, in bands."""
    return first.shape == second.shape and all(
        first[top : top + _BAND_ROWS].tobytes() == second[top : top + _BAND_ROWS].tobytes()
        for top in range(0, first.shape[0], _BAND_ROWS)
    )


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
