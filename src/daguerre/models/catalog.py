"""Every network as data.

A network is an entry here plus the step that feeds it; tiling, the store and the command line
read the entry and never ask for names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Tier = Literal["embedded", "full"]

_ID = re.compile(r"(embedded|full)/[a-z0-9_-]+@[0-9]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Network:
    """One network.

    ``id`` is ``tier/name@version``; ``role`` is what it does in the pipeline (``damage``,
    ``inpaint``, ``noise``, ``denoise``, ...). ``file`` is its name in the store. ``tile`` is the largest side of its
    input, a multiple of ``multiple``, and ``halo`` how many pixels of it see too little of their
    surroundings. ``input_range`` is what its image input expects. ``adapter`` is the module of
    :mod:`daguerre.models.adapters` that knows how to call it.

    Published networks have ``urls``, tried in their order, and a ``licence_url``. Where the publisher says
    no size, ``size_bytes`` is ``None`` and ``about_bytes`` says what to expect. ``commercial_use`` is false where the
    licence forbids it: such a network is installed on consent alone, and results tell of it.
    """

    id: str
    role: str
    tier: Tier
    file: str
    sha256: str
    size_bytes: int | None
    licence: str
    purpose: str
    adapter: str = "plain"
    urls: tuple[str, ...] = ()
    licence_url: str | None = None
    commercial_use: bool = True
    about_bytes: int = 0
    input_range: tuple[float, float] = (0.0, 1.0)
    multiple: int = 1
    tile: int = 512
    halo: int = 32

    @property
    def expected_bytes(self) -> int:
        """Its size, or about that."""
        return self.size_bytes if self.size_bytes is not None else self.about_bytes


class InvalidNetwork(ValueError):
    """A network's entry contradicts itself."""


class DuplicateNetwork(ValueError):
    """Two networks have the same id or the same file."""


class UnknownNetwork(LookupError):
    """No network has that id or role."""


class Catalog:
    """Networks by id and by role. A registration that fails leaves the catalog unchanged."""

    def __init__(self, *networks: Network) -> None:
        self._networks: dict[str, Network] = {}
        self.register(*networks)

    def register(self, *networks: Network) -> None:
        """Add all of ``networks`` or none; raises InvalidNetwork or DuplicateNetwork."""
        registered = dict(self._networks)
        for network in networks:
            _check(network)
            files = {(other.tier, other.file) for other in registered.values()}
            if network.id in registered or (network.tier, network.file) in files:
                raise DuplicateNetwork(f"{network.id}: its id, or its file {network.file}, is taken")
            registered[network.id] = network
        self._networks = registered

    def __iter__(self) -> Iterator[Network]:
        return iter(self._networks.values())

    def __len__(self) -> int:
        return len(self._networks)

    def get(self, id: str) -> Network:
        """The network of that id; raises UnknownNetwork."""
        try:
            return self._networks[id]
        except KeyError:
            raise UnknownNetwork(f"There is no network {id}.") from None

    def for_role(self, role: str, tier: Tier | None = None) -> list[Network]:
        """The networks that can do ``role``: the best tier first, then as they were registered."""
        found = [network for network in self if network.role == role and tier in (None, network.tier)]
        return sorted(found, key=lambda network: network.tier != "full")


def _check(network: Network) -> None:
    problems = []
    if not _ID.fullmatch(network.id) or not network.id.startswith(f"{network.tier}/"):
        problems.append("its id is not tier/name@version")
    if not _SHA256.fullmatch(network.sha256):
        problems.append("its sha256 is not 64 hexadecimal digits")
    if network.expected_bytes < 1:
        problems.append("its size is not positive")
    if "/" in network.file or "\\" in network.file or network.file in ("", ".", ".."):
        problems.append("its file is not a plain name")
    if network.multiple < 1 or network.halo < 0 or network.tile % network.multiple:
        problems.append("its tile is not a multiple of what it needs")
    if network.tile <= 2 * network.halo:
        problems.append("its halo leaves nothing of the tile")
    if bool(network.urls) != (network.tier == "full"):
        problems.append("embedded networks have no address, the others have one")
    if any(not url.startswith("https://") for url in network.urls):
        problems.append("its address is not https")
    if problems:
        raise InvalidNetwork(f"{network.id}: {'; '.join(problems)}")
