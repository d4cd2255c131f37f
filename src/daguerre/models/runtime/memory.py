"""How much memory there is, and how much is left: the machine's, or this process's control group's.

psutil tells of the machine. Of control groups, which is what limits a container, no library of that size does.
"""

from __future__ import annotations

from pathlib import Path

import psutil

_GROUP = Path("/sys/fs/cgroup")


def total_bytes(group: Path = _GROUP) -> int:
    """What this process may take at most."""
    total = int(psutil.virtual_memory().total)
    return min(total, _limit(group) or total)


def available_bytes(group: Path = _GROUP) -> int:
    """What this process may still take."""
    available = int(psutil.virtual_memory().available)
    limit = _limit(group)
    if limit is None:
        return available
    try:
        used = int((group / "memory.current").read_text("ascii"))
        # Files that the kernel keeps for speed give way when memory is wanted.
        for line in (group / "memory.stat").read_text("ascii").splitlines():
            name, _, value = line.partition(" ")
            if name == "inactive_file":
                used -= int(value)
    except (OSError, ValueError):
        return available
    return min(available, max(0, limit - used))


def _limit(group: Path) -> int | None:
    try:
        text = (group / "memory.max").read_text("ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
