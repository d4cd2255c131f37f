"""What a step is told beside the pixels, and where it says what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from daguerre.errors import ModelNotInstalled
from daguerre.face import Face
from daguerre.imaging.photo import Pixels
from daguerre.infrared import Channel
from daguerre.models import adapters
from daguerre.models.adapters import Role
from daguerre.models.catalog import WantedTier
from daguerre.models.roles import FaceRestorer, MonochromeJudge
from daguerre.models.runtime.cache import ModelCache
from daguerre.models.runtime.session import Session
from daguerre.pipeline.faces import candidates
from daguerre.pipeline.monochrome import Tone, judge_tone
from daguerre.settings import Settings

Mask = npt.NDArray[np.bool_]
Served = TypeVar("Served")


@dataclass(slots=True)
class Report:
    """What was found and done, over all pages; ``damage``, ``faces`` and ``noise_sigma`` are the first page's."""

    steps: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    damage: Mask | None = None
    damaged_pixels: int = 0
    noise_sigma: float | None = None
    is_grayscale: bool = False
    faces: list[Face] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)

    def warn(self, sentence: str) -> None:
        """Note ``sentence`` once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)


@dataclass(slots=True)
class StepContext:
    """One page of a photo on its way through the steps.

    ``mask`` ``[H, W]``, true where damaged, replaces detection; ``missing`` is true where a recovered file held no
    pixels. ``infrared`` is the channel of a film scanner, ``negative`` the scan of a film that was developed since.
    ``icc`` explains the code values. A step that colors the page sets ``colorized``. ``postponed`` are faces, and the
    positions of the chosen ones, that wait until they are large.
    """

    index: int
    settings: Settings
    mask: Mask | None
    cache: ModelCache
    tier: WantedTier
    report: Report
    icc: bytes | None = None
    missing: Mask | None = None
    infrared: Channel | None = None
    negative: Pixels | None = None
    colorized: bool = False
    postponed: tuple[list[candidates.Face], set[int]] | None = None
    used: list[Session] = field(default_factory=list)
    _tone: Tone | None = None

    @property
    def is_first(self) -> bool:
        """Whether this is the page that reports speak of."""
        return self.index == 0

    def tone(self, pixels: Pixels) -> Tone:
        """Whether the page is monochrome or in color, as the person says or as it is seen; judged once."""
        if self._tone is None:
            match self.settings.treat_as_grayscale:
                case "yes":
                    self._tone = Tone.MONOCHROME
                case "no":
                    self._tone = Tone.COLOR
                case _:
                    self._tone = judge_tone(pixels, self._judge())
        return self._tone

    def forget_tone(self) -> None:
        """Judge anew when asked: the page shows something else now."""
        self._tone = None

    def _judge(self) -> MonochromeJudge | None:
        try:
            return self.cache.adapter(adapters.MONOCHROME, self.cache.model(adapters.MONOCHROME.name))
        except ModelNotInstalled:
            return None

    def model(self, role: Role[Served]) -> Served:
        """The model for ``role``, noted as used. Raises ModelError."""
        model = self.cache.model(role.name, self.tier)
        loaded = self.cache.loaded(model)
        self.used.extend(loaded.sessions)
        self.report.models[role.name] = model.id
        if not model.commercial_use:
            self.report.warn(f"Made with {model.id}, whose licence ({model.licence}) forbids commercial use.")
        return role.adapt(loaded)

    def has_model(self, role: Role[Served]) -> bool:
        """Whether one is installed for ``role``."""
        try:
            self.cache.model(role.name, self.tier)
        except ModelNotInstalled:
            return False
        return True

    def optional_model(self, role: Role[Served]) -> Served | None:
        """As :meth:`model`; ``None`` where none of any tier is installed for ``role``."""
        try:
            return self.model(role)
        except ModelNotInstalled:
            return None

    def sharpness_reference(self) -> FaceRestorer | None:
        """The embedded face restorer where another is used: it knows a sharp face."""
        role = adapters.FACE_RESTORATION
        try:
            embedded = self.cache.model(role.name, "embedded")
        except ModelNotInstalled:
            return None
        chosen = self.cache.model(role.name, self.tier)
        return None if chosen is embedded else self.cache.adapter(role, embedded)
