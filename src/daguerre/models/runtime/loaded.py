"""A model in memory: what an adapter is made of."""

from __future__ import annotations

from dataclasses import dataclass

from daguerre.models.catalog import Model
from daguerre.models.runtime.session import Session


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A catalog's entry, its session, and the sessions of its ``parts``, in the entry's order."""

    model: Model
    session: Session
    parts: tuple[Session, ...] = ()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All of them."""
        return (self.session, *self.parts)
