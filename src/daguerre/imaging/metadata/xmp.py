"""XMP packets as bytes: what has to change in them without a change of anything else."""

from __future__ import annotations

import re

_ORIENTATION = re.compile(rb"(tiff:Orientation(?:>|\s*=\s*[\"']))\s*([1-8])")


def orientation(packet: bytes | None) -> int:
    """The orientation 1-8 that ``packet`` names; 1 without one."""
    found = _ORIENTATION.search(packet or b"")
    return int(found[2]) if found else 1


def upright(packet: bytes | None) -> bytes | None:
    """The XMP ``packet`` with orientation 1."""
    return _ORIENTATION.sub(rb"\g<1>1", packet) if packet else None
