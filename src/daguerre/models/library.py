"""The loaded networks, one per role."""

from __future__ import annotations

import threading
from typing import Any, Literal

from daguerre.config import Config
from daguerre.errors import ModelNotInstalled
from daguerre.models.adapters import adapt
from daguerre.models.catalog import Catalog, Network
from daguerre.models.session import Session
from daguerre.models.store import Store

Choice = Literal["auto", "embedded", "full"]


class Library:
    """Hands out one :class:`Session` per network, loaded on first use and kept. Thread-safe."""

    def __init__(self, catalog: Catalog, store: Store, config: Config) -> None:
        self.catalog = catalog
        self.store = store
        self._config = config
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}

    def network(self, role: str, choice: Choice = "auto") -> Network:
        """The network for ``role``: with ``auto`` the best that is installed.

        Raises :class:`~daguerre.errors.ModelNotInstalled` when there is none.
        """
        chosen = self._config.roles.get(role)
        if chosen is not None and choice == "auto":
            return self._chosen(role, chosen)
        candidates = self.catalog.for_role(role, None if choice == "auto" else choice)
        if choice == "full" and not candidates:
            # Nobody publishes one for this role: the tier is full without it.
            candidates = self.catalog.for_role(role)
        for network in candidates:
            if self.store.installed(network):
                return network
        if candidates and self.store.path(candidates[-1]).exists():
            return candidates[-1]  # of the wrong size: loading it says so
        kind = "" if choice == "auto" else f" {choice}"
        raise ModelNotInstalled(f"No{kind} network for {role} is installed.")

    def _chosen(self, role: str, id: str) -> Network:
        """The network that the configuration names."""
        named = [network for network in self.catalog.for_role(role) if network.id == id]
        if not named:
            raise ModelNotInstalled(f"There is no network {id} for {role}, which DAGUERRE_ROLES names.")
        if not self.store.installed(named[0]):
            raise ModelNotInstalled(f"The network {id}, which DAGUERRE_ROLES names for {role}, is not installed.")
        return named[0]

    def session(self, network: Network) -> Session:
        """The loaded network; raises a :class:`~daguerre.errors.ModelError`."""
        with self._lock:
            loading = self._loading.setdefault(network.id, threading.Lock())
        with loading:
            if network.id not in self._sessions:
                path = self.store.verified(network)
                self._sessions[network.id] = Session(
                    path,
                    device=self._config.device,
                    threads=self._config.threads,
                    precision=self._config.precision,
                )
            return self._sessions[network.id]

    def adapter(self, network: Network) -> Any:
        """The loaded network behind what its role asks for (:mod:`daguerre.models.roles`); raises a ModelError."""
        return adapt(network, self.session(network))

    def release(self) -> None:
        """Forget every loaded network; running work keeps its own until it ends."""
        with self._lock:
            self._sessions = {}
