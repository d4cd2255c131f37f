"""How much memory is left."""

from __future__ import annotations

from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def available_bytes(meminfo: Path = _MEMINFO, group: Path = _GROUP) -> int | None:
    """What this process may still take: the machine's, or its control group's; ``None`` where nobody says."""
    known = [value for value in (_machine(meminfo), _group(group)) if value is not None]
    return min(known, default=None)


def _machine(meminfo: Path) -> int | None:
    try:
        for line in meminfo.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _group(group: Path) -> int | None:
    try:
        limit = (group / "memory.max").read_text("ascii").strip()
        if not limit.isdigit():
            return None
        used = int((group / "memory.current").read_text("ascii"))
        # Files that the kernel keeps for speed give way when memory is wanted.
        for line in (group / "memory.stat").read_text("ascii").splitlines():
            name, _, value = line.partition(" ")
            if name == "inactive_file":
                used -= int(value)
        return max(0, int(limit) - used)
    except (OSError, ValueError):
        return None
