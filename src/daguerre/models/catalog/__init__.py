"""Every model as data.

A model is an entry here and an adapter (:mod:`daguerre.models.adapters`). Tiling, the store, the steps and the command
line read the entry and never ask for names. Nothing here needs numpy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from daguerre.tiling.geometry import Tiling, split

Tier = Literal["embedded", "full"]
WantedTier = Literal["auto", "embedded", "full"]
"""``auto``: the best that is installed."""

_ID = re.compile(r"(embedded|full)/[a-z0-9_-]+@[0-9]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    ``id`` is ``tier/name@version``; ``role`` is what it does in the pipeline (``damage``, ``inpaint``, ``noise``,
    ``denoise``, ...). ``file`` is its name in the store. ``adapter`` names the class that knows how to call it, in the
    table of :mod:`daguerre.models.adapters`. ``parts`` are the ids of models that it is made of beside its own file:
    they are loaded with it.

    A model sees either tiles of the photo or windows of one size. ``tile`` is the longest side of a tile and ``halo``
    how many of its pixels, on each side, see too little of their surroundings; ``window`` is the side of a window. The
    other is 0. All are in pixels, and the sides are multiples of ``multiple``. ``input_range`` is what black and white
    are in the model's input.

    Published models have ``urls``, tried in their order, and a ``licence_url``; those without an address are imported.
    Where the publisher says no size, ``size_bytes`` is ``None`` and ``about_bytes`` says what to expect.
    ``commercial_use`` is false where the licence forbids it: such a model is installed on consent alone, and results
    tell of it.
    """

    id: str
    role: str
    tier: Tier
    file: str
    sha256: str
    size_bytes: int | None
    licence: str
    purpose: str
    adapter: str
    urls: tuple[str, ...] = ()
    licence_url: str | None = None
    commercial_use: bool = True
    about_bytes: int = 0
    parts: tuple[str, ...] = ()
    input_range: tuple[float, float] = (0.0, 1.0)
    multiple: int = 1
    tile: int = 0
    halo: int = 0
    window: int = 0

    @property
    def tiling(self) -> Tiling:
        """How the photo is cut for it."""
        return Tiling(self.tile, self.halo, self.multiple)

    @property
    def expected_bytes(self) -> int:
        """Its size, or about that."""
        return self.size_bytes if self.size_bytes is not None else self.about_bytes


class InvalidModel(ValueError):
    """A model's entry contradicts itself."""


class DuplicateModel(ValueError):
    """Two models have the same id or the same file."""


class UnknownModel(LookupError):
    """No model has that id or role."""


class Catalog:
    """Models by id and by role. A registration that fails leaves the catalog unchanged."""

    def __init__(self, *models: Model) -> None:
        self._models: dict[str, Model] = {}
        self.register(*models)

    def register(self, *models: Model) -> None:
        """Add all of ``models`` or none; raises InvalidModel or DuplicateModel."""
        registered = dict(self._models)
        for model in models:
            _check(model)
            # Models of several roles may be one file.
            files = {(other.tier, other.file): other.sha256 for other in registered.values()}
            if model.id in registered or files.get((model.tier, model.file), model.sha256) != model.sha256:
                raise DuplicateModel(f"{model.id}: its id, or its file {model.file}, is taken")
            registered[model.id] = model
        for model in models:
            missing = [id for id in model.parts if id not in registered]
            if missing:
                raise InvalidModel(f"{model.id}: its parts {', '.join(missing)} are not in the catalog")
        self._models = registered

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def __len__(self) -> int:
        return len(self._models)

    def get(self, id: str) -> Model:
        """The model of that id; raises UnknownModel."""
        try:
            return self._models[id]
        except KeyError:
            raise UnknownModel(f"There is no model {id}.") from None

    @property
    def roles(self) -> tuple[str, ...]:
        """What the models do, each once; what only a part of another model does is no role."""
        parts = {id for model in self for id in model.parts}
        return tuple(dict.fromkeys(model.role for model in self if model.id not in parts))

    def for_role(self, role: str, tier: Tier | None = None) -> list[Model]:
        """The models that can do ``role``: the best tier first, then as they were registered."""
        found = [model for model in self if model.role == role and tier in (None, model.tier)]
        return sorted(found, key=lambda model: model.tier != "full")


def _check(model: Model) -> None:
    problems = []
    if not _ID.fullmatch(model.id) or not model.id.startswith(f"{model.tier}/"):
        problems.append("its id is not tier/name@version")
    if not _SHA256.fullmatch(model.sha256):
        problems.append("its sha256 is not 64 hexadecimal digits")
    if model.expected_bytes < 1:
        problems.append("its size is not positive")
    if "/" in model.file or "\\" in model.file or model.file in ("", ".", ".."):
        problems.append("its file is not a plain name")
    if min(model.tile, model.window, model.halo) < 0 or (model.tile > 0) == (model.window > 0):
        problems.append("it has neither a tile nor a window, or both")
    if model.multiple < 1 or model.tile % model.multiple or model.window % model.multiple:
        problems.append("its tile or window is not a multiple of what it needs")
    elif model.tile:
        try:
            split(1, 1, model.tiling)
        except ValueError as error:
            problems.append(str(error))
    if model.urls and model.tier == "embedded":
        problems.append("embedded models have no address")
    if any(not url.startswith("https://") for url in model.urls):
        problems.append("its address is not https")
    if problems:
        raise InvalidModel(f"{model.id}: {'; '.join(problems)}")
