"""Parts of a file, as RFC 9110 lets a client ask for them.

Written by hand: Starlette reads ranges inside of its FileResponse alone, which wants a path; ours may lie in a store.
"""

from __future__ import annotations

import re

_SINGLE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)


class Unsatisfiable(Exception):
    """The file has no such part."""


def part(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """The start and the end (not included) of the one part that ``header`` asks for.

    ``None`` for the whole: without a header, and where it asks for several parts or cannot be
    understood, which a server may ignore. Raises :class:`Unsatisfiable`.
    """
    found = _SINGLE.fullmatch(header or "")
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start, end = int(first), min(size_bytes, int(last) + 1 if last else size_bytes)
        if last and int(last) < start:
            return None
    if start >= end:
        raise Unsatisfiable
    return start, end
