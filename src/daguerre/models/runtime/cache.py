"""The loaded models, one per role."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path
from typing import TypeVar

from daguerre.config import Config
from daguerre.errors import ModelNotInstalled, OutOfMemory
from daguerre.models.adapters import Role
from daguerre.models.catalog import Catalog, Model, WantedTier
from daguerre.models.install.store import Store
from daguerre.models.runtime import memory
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.models.runtime.session import Session

Served = TypeVar("Served")

_NEEDS = 3
"""Memory that a model may need while it is loaded, in sizes of its file: the file, its weights, optimized ones."""

_SPARE_BYTES = 256 * 2**20


class ModelCache:
    """Hands out one :class:`Session` per model, loaded on first use and kept. Thread-safe.

    A model that nobody used for ``model_idle_s`` is dropped, and so are all others where memory is too short to load
    one more; running work keeps its own until it ends.
    """

    def __init__(self, catalog: Catalog, store: Store, config: Config) -> None:
        self.catalog = catalog
        self.store = store
        self._config = config
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}
        self._watch: threading.Timer | None = None

    def __reduce__(self) -> tuple[type[ModelCache], tuple[Catalog, Store, Config]]:
        return ModelCache, (self.catalog, self.store, self._config)

    @property
    def loaded_ids(self) -> tuple[str, ...]:
        """The ids of the models in memory."""
        with self._lock:
            return tuple(self._sessions)

    def model(self, role: str, tier: WantedTier = "auto") -> Model:
        """The model for ``role``: with ``auto`` the best that is installed.

        Raises :class:`~daguerre.errors.ModelNotInstalled` when there is none.
        """
        chosen = self._config.roles.get(role)
        if chosen is not None and tier == "auto":
            return self._chosen(role, chosen)
        candidates = self.catalog.for_role(role, None if tier == "auto" else tier)
        if tier == "full" and not candidates:
            # Nobody publishes one for this role: the tier is full without it.
            candidates = self.catalog.for_role(role)
        for model in candidates:
            if self._installed(model):
                return model
        if candidates and self.store.path(candidates[-1]).exists():
            return candidates[-1]  # of the wrong size: loading it says so
        kind = "" if tier == "auto" else f" {tier}"
        raise ModelNotInstalled(f"No{kind} model for {role.replace('_', ' ')} is installed.")

    def _chosen(self, role: str, id: str) -> Model:
        """The model that the configuration names."""
        named = [model for model in self.catalog.for_role(role) if model.id == id]
        if not named:
            raise ModelNotInstalled(f"There is no model {id} for {role}, which DAGUERRE_ROLES names.")
        if not self._installed(named[0]):
            raise ModelNotInstalled(f"The model {id}, which DAGUERRE_ROLES names for {role}, is not installed.", id)
        return named[0]

    def _installed(self, model: Model) -> bool:
        """Whether its file and those of its parts are there."""
        return all(self.store.installed(one) for one in (model, *(self.catalog.get(id) for id in model.parts)))

    def session(self, model: Model) -> Session:
        """The loaded model; raises a :class:`~daguerre.errors.ModelError`."""
        with self._lock:
            loading = self._loading.setdefault(model.id, threading.Lock())
        with loading:
            with self._lock:
                session = self._sessions.get(model.id)
                if session is not None:
                    session.used_at = time.monotonic()
                    return session
            session = self._load(model)
            with self._lock:
                self._sessions[model.id] = session
                self._watch_idle()
            return session

    def loaded(self, model: Model) -> LoadedModel:
        """``model`` and its parts, loaded; raises a :class:`~daguerre.errors.ModelError`."""
        return LoadedModel(model, self.session(model), tuple(self.session(self.catalog.get(id)) for id in model.parts))

    def adapter(self, role: Role[Served], model: Model) -> Served:
        """``model``, loaded, as the protocol of ``role`` has it (:mod:`daguerre.models.roles`); raises a ModelError."""
        return role.adapt(self.loaded(model))

    def warm(self, *roles: str, tier: WantedTier = "auto") -> list[str]:
        """Load what ``roles``, or all of them, would use, with its parts; the ids of the models that do them.

        Roles without an installed model are passed over. Raises a ModelError where one cannot be loaded.
        """
        ids = []
        for role in roles or self.catalog.roles:
            try:
                model = self.model(role, tier)
            except ModelNotInstalled:
                continue
            self.loaded(model)
            ids.append(model.id)
        return ids

    def release(self) -> None:
        """Forget every loaded model; running work keeps its own until it ends."""
        with self._lock:
            self._sessions = {}

    def _load(self, model: Model) -> Session:
        path = self.store.verified(model)
        if memory.available_bytes() < _NEEDS * path.stat().st_size + _SPARE_BYTES:
            self._make_room()
        try:
            return self._session(path)
        except OutOfMemory:
            self._make_room()
            return self._session(path)

    def _session(self, path: Path) -> Session:
        config = self._config
        return Session(path, device=config.device, threads=config.threads, precision=config.precision)

    def _make_room(self) -> None:
        self.release()
        gc.collect()

    def _watch_idle(self) -> None:
        """Look again when the first model may have been idle for long enough. Called with the lock held."""
        idle_s = self._config.model_idle_s
        if not idle_s or self._watch is not None or not self._sessions:
            return
        soonest = min(session.used_at for session in self._sessions.values()) + idle_s - time.monotonic()
        self._watch = threading.Timer(max(soonest, 0.01), self._drop_idle)
        self._watch.daemon = True
        self._watch.start()

    def _drop_idle(self) -> None:
        with self._lock:
            self._watch = None
            since = time.monotonic() - self._config.model_idle_s
            self._sessions = {id: session for id, session in self._sessions.items() if session.used_at > since}
            self._watch_idle()
