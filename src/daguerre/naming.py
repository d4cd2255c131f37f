"""What the files are called that are made of a photo."""

from __future__ import annotations

import os
from pathlib import Path

SUFFIX = "_restored"
COMPARED = "_before_after"
_LONGEST_NAME = 255


def fitting(stem: str, end: str) -> str:
    """``stem`` and ``end``; the stem is cut where the name would be too long for file systems."""
    room = _LONGEST_NAME - len(os.fsencode(end))
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + end


def compared(result: Path) -> Path:
    """The path of the before-and-after picture that belongs to ``result``."""
    return result.parent / fitting(result.stem.removesuffix(SUFFIX), f"{COMPARED}.jpg")
