"""Range requests (RFC 9110, section 14).

Starlette parses ranges only within its FileResponse, which needs a local path; our files may lie in an object store.
"""

from __future__ import annotations

import re

_SINGLE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)


class Unsatisfiable(Exception):
    """The range lies beyond the end of the file."""


def part(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """The byte range that the ``Range`` header asks for, as start and end; the end is exclusive.

    ``None`` stands for the whole file: without a header, and where it is malformed or asks for several ranges, which a
    server may ignore. Raises :class:`Unsatisfiable`.
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
