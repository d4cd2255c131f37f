"""The steps, in their order.

Each measures first. One that finds nothing to do hands its pixels back, and one that changed nothing is not reported.
Steps read and write pixels and nothing else. A new step is a function here, and its entry in :data:`STEPS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from daguerre import fading, negatives
from daguerre.imaging.photo import Pixels
from daguerre.infrared import find_dust
from daguerre.models import adapters
from daguerre.pipeline import damage, faces, inpaint
from daguerre.pipeline.colorize import colorize, parse_hint
from daguerre.pipeline.context import StepContext
from daguerre.pipeline.denoise import NoiseReducer, estimate_noise
from daguerre.pipeline.monochrome import Tone, is_neutral
from daguerre.pipeline.upscale import enlarge
from daguerre.progress import Track
from daguerre.settings import Settings


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    ``weight`` is its share of the time, per pixel; ``failure`` begins its warning; ``roles`` are those of the models
    without which it cannot run. ``develops``: what the photo shows is only known after it, so whether it is monochrome
    is judged again.
    """

    name: str
    stage: str
    weight: float
    failure: str
    wanted: Callable[[Settings], bool]
    apply: Callable[[Pixels, StepContext, Track], Pixels]
    roles: tuple[adapters.Role[Any], ...] = ()
    develops: bool = False


def _develop_negative(pixels: Pixels, context: StepContext, track: Track) -> Pixels:
    wanted = context.settings.negative
    look, apply = track.split(*_LOOK_AND_DEVELOP)
    kind: negatives.Kind | None = wanted if wanted in ("bw", "color") else None
    if wanted == "auto":

        def find_boxes(shown: Pixels, track: Track) -> list[negatives.Seen]:
            found = faces.find_faces(shown, context.model(adapters.FACE_DETECTION), track)
            return [negatives.Seen(face.box, face.confidence) for face in found]

        verdict = negatives.recognize(pixels, icc=context.icc, find_faces=find_boxes, track=look)
        if verdict.note is not None:
            context.report.warn(verdict.note)
        kind = verdict.kind
    if kind is None:
        return pixels
    if kind == "color" and pixels.shape[2] == 1:
        context.report.warn("The scan of the negative is gray, so its positive is gray, too.")
    context.negative = pixels
    return negatives.develop(pixels, kind, icc=context.icc, track=apply)


def _restore_faded(pixels: Pixels, context: StepContext, track: Track) -> Pixels:
    settings, strength = context.settings, float(context.settings.fading)
    if pixels.shape[2] == 1 or context.tone(pixels) is Tone.MONOCHROME:
        return fading.restore_tones(pixels, strength=strength, tone=settings.tone, icc=context.icc, track=track)
    if strength == 0:
        return pixels

    def find_boxes(track: Track) -> list[Sequence[float]]:
        return [face.box for face in faces.find_faces(pixels, context.model(adapters.FACE_DETECTION), track)]

    outcome = fading.restore_dyes(
        pixels, context.model(adapters.FADING), strength=strength, icc=context.icc, find_faces=find_boxes, track=track
    )
    if outcome.note is not None:
        context.report.warn(outcome.note)
    return outcome.pixels


_LOOK_AND_DEVELOP = (1, 3)
_SEARCH_AND_FILL = (3, 2)
_SEARCH_AND_ENHANCE = (3, 1)
_MEASURE_AND_REDUCE = (1, 30)
_ENLARGE_AND_ENHANCE = (20, 1)
"""Shares of the time of a step's passes on a damaged, noisy photo of 12 MP (``benchmarks.speed``)."""


def _remove_scratches(pixels: Pixels, context: StepContext, track: Track) -> Pixels:
    mask = context.mask
    search, fill = track.split(*_SEARCH_AND_FILL)
    if mask is None:
        sensitivity = float(context.settings.scratch_sensitivity)
        mask = damage.find(pixels, context.model(adapters.DAMAGE), sensitivity=sensitivity, track=search)
    if context.infrared is not None:
        # Dyes are known by their densities on the film itself.
        film = pixels if context.negative is None else context.negative
        dust = find_dust(film, context.infrared)
        if dust.warning is not None:
            context.report.warn(dust.warning)
        if dust.mask is not None:
            mask = mask | dust.mask
    if context.missing is not None:
        mask = mask | context.missing
    found = int(np.count_nonzero(mask))
    if found == 0:
        return pixels
    filled = inpaint.fill(pixels, mask, context.model(adapters.INPAINT), track=fill)
    context.report.damaged_pixels += found
    if context.is_first:
        context.report.damage = mask
    return filled


def _enhance_faces(pixels: Pixels, context: StepContext, track: Track) -> Pixels:
    search, enhance = track.split(*_SEARCH_AND_ENHANCE)
    detector = context.model(adapters.FACE_DETECTION)
    found = faces.find_faces(pixels, detector, search)
    # Chosen faces are the first page's.
    wanted = context.settings.faces if context.is_first or context.settings.faces is None else []
    found = faces.add_pointed_at(pixels, found, wanted, detector)
    chosen, warnings = faces.choose(found, wanted)
    for sentence in warnings:
        context.report.warn(sentence)
    if not chosen:
        if context.is_first:
            context.report.faces = [faces.Outcome(face, reason="not chosen").report() for face in found]
        return pixels
    if context.settings.upscale > 1 and context.has_model(adapters.UPSCALE):
        # Once, at the size that they will have.
        context.postponed = found, chosen
        return pixels
    return _enhanced(pixels, found, chosen, context, enhance)


def _enhanced(
    pixels: Pixels, found: list[faces.Face], chosen: set[int], context: StepContext, track: Track, factor: int = 1
) -> Pixels:
    """``pixels``, ``factor`` times as large as the photo in which the faces were ``found``, with the ``chosen``."""
    enhancer = faces.FaceEnhancer(
        context.model(adapters.FACE_RESTORATION),
        context.optional_model(adapters.FACE_IDENTITY),
        context.sharpness_reference(),
        fidelity=float(context.settings.fidelity),
        narrowest=factor * faces.NARROWEST,
        gray=context.tone(pixels) is Tone.MONOCHROME,
    )
    result, outcomes = enhancer.enhance(pixels, [face.enlarged(factor) for face in found], chosen, track)
    if context.is_first:
        told = [replace(outcome, face=face) for outcome, face in zip(outcomes, found, strict=True)]
        context.report.faces = [outcome.report() for outcome in told]
    return result


def _reduce_noise(pixels: Pixels, context: StepContext, track: Track) -> Pixels:
    estimator = context.model(adapters.NOISE)
    measure, reduce = track.split(*_MEASURE_AND_REDUCE)
    profile = estimate_noise(pixels, estimator, track=measure)
    if context.is_first:
        context.report.noise_sigma = round(float(profile.sigma_255), 2)
    if not profile.visible:
        return pixels
    reducer = NoiseReducer(context.model(adapters.DENOISE), estimator)
    return reducer.reduce(pixels, profile, strength=float(context.settings.denoise_strength), track=reduce)


def _colorize(pixels: Pixels, context: StepContext, track: Track) -> Pixels:
    settings = context.settings
    context.cache.model(adapters.COLORIZE.name, context.tier)
    hints = settings.color_hints or [] if context.is_first else []
    tone = context.tone(pixels)
    if tone is not Tone.MONOCHROME:
        unused = " Its color hints were not used." if hints else ""
        where = "The photo" if context.is_first else f"Page {context.index + 1}"
        reason = (
            "is in color already and was not colorized."
            if tone is Tone.COLOR
            else "may be in color, so it was not colorized. To color it all the same, treat it as grayscale."
        )
        context.report.warn(f"{where} {reason}{unused}")
        return pixels
    height, width = pixels.shape[:2]
    inside = [hint for hint in hints if hint.x < width and hint.y < height]
    if len(inside) < len(hints):
        context.report.warn(f"Color hints outside of the photo of {width} x {height} pixels were ignored.")
    colored = colorize(
        pixels,
        context.model(adapters.COLORIZE),
        strength=float(settings.colorize_strength),
        hints=[parse_hint(hint.x, hint.y, hint.color) for hint in inside],
        icc=context.icc,
        track=track,
    )
    if pixels.shape[2] == 1 and is_neutral(colored):
        context.report.warn("The photo was not colorized: no colors were found for it.")
        return pixels
    context.colorized = True
    return colored


def _upscale(pixels: Pixels, context: StepContext, track: Track) -> Pixels:
    factor = context.settings.upscale
    enlarging, enhancing = track.split(*_ENLARGE_AND_ENHANCE)
    large = enlarge(pixels, context.model(adapters.UPSCALE), factor, enlarging)
    if context.postponed is None:
        return large
    clearer = _enhanced(large, *context.postponed, context, enhancing, factor)
    if clearer is not large:
        context.report.steps.append("face_enhancement")
    return clearer


STEPS: tuple[Step, ...] = (
    Step(
        "negative",
        "Developing the negative...",
        8,
        "The negative was not developed",
        lambda settings: settings.negative != "off",
        _develop_negative,
        develops=True,
    ),
    Step(
        "fading",
        "Bringing back what faded...",
        12,
        "Fading was not undone",
        lambda settings: settings.fading > 0 or settings.tone == "neutral",
        _restore_faded,
        develops=True,
    ),
    Step(
        "scratch_removal",
        "Removing scratches...",
        34,
        "Scratches were not repaired",
        lambda settings: settings.scratch_removal,
        _remove_scratches,
        (adapters.DAMAGE, adapters.INPAINT),
    ),
    Step(
        "face_enhancement",
        "Enhancing faces...",
        11,
        "Faces were not enhanced",
        lambda settings: settings.face_enhancement,
        _enhance_faces,
        (adapters.FACE_DETECTION, adapters.FACE_RESTORATION),
    ),
    Step(
        "denoise",
        "Reducing noise...",
        25,
        "Noise was not reduced",
        lambda settings: settings.denoise and settings.denoise_strength > 0,
        _reduce_noise,
        (adapters.NOISE, adapters.DENOISE),
    ),
    Step(
        "colorize",
        "Colorizing...",
        2,
        "The photo was not colorized",
        lambda settings: settings.colorize and settings.colorize_strength > 0,
        _colorize,
        (adapters.COLORIZE,),
    ),
    Step(
        "upscale",
        "Enlarging...",
        90,
        "The photo was not enlarged",
        lambda settings: settings.upscale > 1,
        _upscale,
        (adapters.UPSCALE,),
    ),
)
