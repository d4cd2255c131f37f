"""What a process may take of the machine."""

from __future__ import annotations

from daguerre.models.runtime.memory import total_bytes

LEAST_BYTES = 6 << 30
"""Below this the runtimes' own reservations of address space leave no room for a large photo."""


def limit_memory(address_space_bytes: int) -> None:
    """Cap the address space of this process, on systems that can; a photo that needs more fails alone."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = address_space_bytes if hard == resource.RLIM_INFINITY else min(address_space_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def share_of_memory(processes: int) -> int:
    """What one of ``processes`` may take: its part of the machine's memory, and never too little to work."""
    return max(LEAST_BYTES, total_bytes() // max(1, processes))


def raise_open_files(wanted: int = 65536) -> None:
    """Allow this process as many open files as it may allow itself: each listener is one."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
