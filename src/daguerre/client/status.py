"""What the service says of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The state of a job. ``percent`` is 0-100 and never falls; ``raw`` is all that the service says, as it says it.

    ``code`` names the row of :mod:`daguerre.failures` where the job has failed, and ``error`` is a sentence.
    """

    id: str
    phase: str
    stage: str
    percent: int
    result: Mapping[str, Any] | None
    error: str | None
    code: str | None
    raw: Mapping[str, Any]

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Self:
        """From the service's JSON."""
        return cls(
            state["jobId"], state["phase"], state["stage"], state["percent"], state.get("result"), state.get("error"),
            state.get("code"), state,
        )  # fmt: skip

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self.phase in ("complete", "failed")
