"""A photo as a file."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of a file, its format's name and usual extension (with the dot).

    ``warnings`` are sentences about what the format could not hold.
    """

    data: bytes = field(repr=False)
    format: str
    extension: str
    warnings: list[str] = field(default_factory=list)
