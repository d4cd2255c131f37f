"""The steps in their order, and one photo's way through them.

Each step measures first. One that finds nothing to do hands its pixels back, and one that
changed nothing is not reported. Steps read and write pixels and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from daguerre.errors import ModelNotInstalled
from daguerre.imaging.color.colorized import adapt_to_color
from daguerre.imaging.photo import Photo, Pixels
from daguerre.models import roles
from daguerre.models.catalog import WantedTier
from daguerre.models.runtime.cache import ModelCache
from daguerre.models.runtime.session import Session
from daguerre.pipeline.progress import CancelToken, Progress, ProgressEvent, Track
from daguerre.settings import Settings

_BAND_ROWS = 256

Mask = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Findings:
    """What was found and done, over all pages; ``damage``, ``faces`` and ``noise_sigma`` are the first page's."""

    steps: list[str] = field(default_factory=list)
    damage: Mask | None = None
    damaged_pixels: int = 0
    noise_sigma: float | None = None
    is_grayscale: bool = False
    faces: list[dict[str, Any]] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)

    def warn(self, sentence: str) -> None:
        """Note ``sentence`` once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)


@dataclass(slots=True)
class Page:
    """One page on its way: what the steps need to know of it."""

    index: int
    settings: Settings
    mask: Mask | None
    cache: ModelCache
    tier: WantedTier
    findings: Findings
    icc: bytes | None = None
    is_grayscale: bool = False
    colorized: bool = False
    used: list[Session] = field(default_factory=list)

    def session(self, role: str) -> Session:
        """The model for ``role``, noted as used. Raises ModelError."""
        model = self.cache.model(role, self.tier)
        session = self.cache.session(model)
        self.used.append(session)
        self.findings.models[role] = model.id
        return session

    def adapter(self, role: str) -> Any:
        """What :mod:`daguerre.models.roles` asks of ``role``, noted as used. Raises ModelError."""
        model = self.cache.model(role, self.tier)
        adapter = self.cache.adapter(model)
        self.used.append(self.cache.session(model))
        self.findings.models[role] = model.id
        if not model.commercial_use:
            self.findings.warn(f"Made with {model.id}, whose licence ({model.licence}) forbids commercial use.")
        return adapter

    def optional(self, role: str) -> Any | None:
        """As ``adapter``; ``None`` where no model of any tier is installed for ``role``."""
        try:
            return self.adapter(role)
        except ModelNotInstalled:
            return None


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``weight`` is its share of the time, per pixel; ``failure`` begins its warning."""

    name: str
    stage: str
    weight: float
    failure: str
    wanted: Callable[[Settings], bool]
    apply: Callable[[Pixels, Page, Track], Pixels]


def _remove_scratches(pixels: Pixels, page: Page, track: Track) -> Pixels:
    mask = page.mask if page.mask is not None else _damage(pixels, page, track)
    found = int(np.count_nonzero(mask))
    if found == 0:
        return pixels
    model = page.adapter(roles.INPAINT)
    from daguerre.pipeline import inpaint, windows

    if hasattr(model, "size"):
        filled = windows.fill(pixels, mask, model, track=track)
    else:
        filled = inpaint.fill(pixels, mask, model.session, track=track)
    page.findings.damaged_pixels += found
    if page.index == 0:
        page.findings.damage = mask
    return filled


def _damage(pixels: Pixels, page: Page, track: Track) -> Mask:
    model = page.session("damage")
    from daguerre.pipeline import damage

    sensitivity = float(page.settings.scratch_sensitivity)
    return damage.mask_of(damage.find(pixels, model, sensitivity=sensitivity, track=track), sensitivity)


def _reduce_noise(pixels: Pixels, page: Page, track: Track) -> Pixels:
    eye = page.session("noise")
    from daguerre.pipeline import denoise, noise

    profile = noise.estimate(pixels, eye, track=track)
    if page.index == 0:
        page.findings.noise_sigma = round(float(profile.sigma_255), 2)
    if not profile.visible:
        return pixels
    strength = float(page.settings.denoise_strength)
    return denoise.reduce(pixels, profile, page.session("denoise"), eye, strength=strength, track=track)


def _enhance_faces(pixels: Pixels, page: Page, track: Track) -> Pixels:
    detector = page.adapter(roles.FACE_DETECTION)
    from daguerre.pipeline import faces

    found = faces.find(pixels, detector, track)
    first = page.index == 0
    # Chosen faces are the first page's.
    wanted = page.settings.faces if first or page.settings.faces is None else []
    chosen, warnings = faces.choose(found, wanted)
    for sentence in warnings:
        page.findings.warn(sentence)
    if not chosen:
        if first:
            page.findings.faces = [faces.Outcome(face, reason="not chosen").report() for face in found]
        return pixels
    result, outcomes = faces.enhance(
        pixels, found, chosen, page.adapter(roles.FACE_RESTORATION), page.optional(roles.FACE_IDENTITY),
        fidelity=float(page.settings.fidelity), grey=page.is_grayscale or (not first and _is_grayscale(pixels)),
        track=track, eye=_eye_for_faces(page),
    )  # fmt: skip
    if first:
        page.findings.faces = [outcome.report() for outcome in outcomes]
    return result


def _eye_for_faces(page: Page) -> Any | None:
    """The embedded enhancer where another is used: it knows a sharp face."""
    role = roles.FACE_RESTORATION
    try:
        embedded = page.cache.model(role, "embedded")
    except ModelNotInstalled:
        return None
    return None if page.cache.model(role, page.tier) is embedded else page.cache.adapter(embedded)


def _colorize(pixels: Pixels, page: Page, track: Track) -> Pixels:
    page.cache.model("colorize", page.tier)
    hints = page.settings.color_hints or [] if page.index == 0 else []
    if not page.is_grayscale:
        unused = " Its colour hints were not used." if hints else ""
        where = "The photo" if page.index == 0 else f"Page {page.index + 1}"
        page.findings.warn(f"{where} is in colour already and was not colorized.{unused}")
        return pixels
    height, width = pixels.shape[:2]
    inside = [hint for hint in hints if hint.x < width and hint.y < height]
    if len(inside) < len(hints):
        page.findings.warn(f"Colour hints outside of the photo of {width} x {height} pixels were ignored.")
    model = page.adapter("colorize")
    from daguerre.pipeline import colorize

    painted = colorize.apply(
        pixels,
        model,
        strength=float(page.settings.colorize_strength),
        hinted=[colorize.hint(hint.x, hint.y, hint.color) for hint in inside],
        icc=page.icc,
        track=track,
    )
    if pixels.shape[2] == 1 and _is_neutral(painted):
        page.findings.warn("The photo was not colorized: no colours were found for it.")
        return pixels
    page.colorized = True
    return painted


STEPS: tuple[Step, ...] = (
    Step(
        "scratch_removal",
        "Removing scratches...",
        30,
        "Scratches were not repaired",
        lambda settings: settings.scratch_removal,
        _remove_scratches,
    ),
    Step(
        "face_enhancement",
        "Enhancing faces...",
        10,
        "Faces were not enhanced",
        lambda settings: settings.face_enhancement,
        _enhance_faces,
    ),
    Step(
        "denoise",
        "Reducing noise...",
        45,
        "Noise was not reduced",
        lambda settings: settings.denoise and settings.denoise_strength > 0,
        _reduce_noise,
    ),
    Step(
        "colorize",
        "Colorizing...",
        6,
        "The photo was not colorized",
        lambda settings: settings.colorize and settings.colorize_strength > 0,
        _colorize,
    ),
)


def restore_photo(
    photo: Photo,
    settings: Settings,
    cache: ModelCache,
    *,
    tier: WantedTier = "auto",
    mask: Mask | None = None,
    on_progress: Callable[[ProgressEvent], object] | None = None,
    cancel: CancelToken | None = None,
    steps: tuple[Step, ...] = STEPS,
) -> tuple[Photo, Findings]:
    """A restored copy of ``photo`` with every page, and what was done to it.

    ``photo`` stays as it is; what no step changed is shared with it. ``mask`` ``[H, W]``, true where
    damaged, replaces detection on the first page. A model that is not installed leaves its step
    out, named in the warnings, unless ``tier`` asks for a tier: then ModelNotInstalled is raised.
    Raises Canceled and ModelError.
    """
    pages = [photo, *photo.pages]
    wanted = [step for step in steps if step.wanted(settings)]
    area = [page.height * page.width for page in pages]
    weights = {f"{index}/{step.name}": step.weight * pixels for index, pixels in enumerate(area) for step in wanted}
    progress = Progress(weights, on_progress, cancel)
    findings = Findings(is_grayscale=_is_grayscale(photo.pixels))
    if settings.color_hints and not any(step.name == "colorize" for step in wanted):
        findings.warn("The colour hints were not used: colorizing is off.")
    restored = []
    for index, page in enumerate(pages):
        work = Page(index, settings, mask if index == 0 else None, cache, tier, findings, page.metadata.icc)
        work.is_grayscale = findings.is_grayscale if index == 0 else settings.colorize and _is_grayscale(page.pixels)
        pixels = _restore_pixels(page.pixels, work, wanted, progress)
        result = replace(page, pixels=pixels, pages=[])
        restored.append(adapt_to_color(result) if work.colorized else result)
    findings.steps = [step.name for step in steps if step.name in findings.steps]
    progress.complete()
    return replace(restored[0], pages=restored[1:]), findings


def _restore_pixels(original: Pixels, page: Page, steps: list[Step], progress: Progress) -> Pixels:
    # A grey picture in an RGB file stays grey: its steps see one channel.
    neutral = original.shape[2] == 3 and _is_neutral(original)
    pixels = original[:, :, :1] if neutral else original
    changed = False
    for step in steps:
        name = f"{page.index}/{step.name}"
        track = progress.track(name, step.name, step.stage)
        started = time.perf_counter()
        before = page.findings.models.copy()
        try:
            result = step.apply(pixels, page, track)
        except ModelNotInstalled as error:
            if page.tier == "full":
                raise
            page.findings.warn(f"{step.failure}: {_lowered(str(error))}")
            page.findings.models = before
            result = pixels
        for session in page.used:
            for sentence in session.warnings:
                page.findings.warn(sentence)
        if result is not pixels and not _identical(result, pixels):
            pixels, changed = result, True
            if step.name not in page.findings.steps:
                page.findings.steps.append(step.name)
        seconds = page.findings.timings.get(step.name, 0.0) + time.perf_counter() - started
        page.findings.timings[step.name] = seconds
        progress.finish(name)
    if not changed:
        return original
    return np.repeat(pixels, 3, axis=2) if neutral and pixels.shape[2] == 1 else pixels


def _is_grayscale(pixels: Pixels) -> bool:
    from daguerre.pipeline.grey import is_grayscale

    return is_grayscale(pixels)


def _is_neutral(pixels: Pixels) -> bool:
    """Whether the three channels are equal everywhere."""
    for top in range(0, pixels.shape[0], _BAND_ROWS):
        band = pixels[top : top + _BAND_ROWS]
        if not (np.array_equal(band[..., 0], band[..., 1]) and np.array_equal(band[..., 0], band[..., 2])):
            return False
    return True


def _identical(first: Pixels, second: Pixels) -> bool:
    """Bit by bit, in bands."""
    return first.shape == second.shape and all(
        first[top : top + _BAND_ROWS].tobytes() == second[top : top + _BAND_ROWS].tobytes()
        for top in range(0, first.shape[0], _BAND_ROWS)
    )


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
