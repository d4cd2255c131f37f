"""A face, as results tell of it and settings choose it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Face:
    """A face that was found in a photo, and what became of it.

    ``box`` is x, y, width and height in pixels of the photo, ``confidence`` 0-1. ``enhanced`` tells whether it was
    changed; ``reason`` says why it was not, or less than asked for. ``identity_similarity`` is the cosine of two
    embeddings, before and after, or ``None`` where no identity model is installed.
    """

    box: tuple[int, int, int, int]
    confidence: float
    enhanced: bool = False
    reason: str | None = None
    identity_similarity: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The face as JSON carries it, in camelCase; without a reason where there is none."""
        told: dict[str, Any] = {
            "box": list(self.box),
            "confidence": self.confidence,
            "identitySimilarity": self.identity_similarity,
            "enhanced": self.enhanced,
        }
        return told if self.reason is None else {**told, "reason": self.reason}
