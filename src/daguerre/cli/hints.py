"""Colors of places, as the command line writes them."""

from __future__ import annotations

import re

from daguerre.errors import WrongUsage
from daguerre.settings import ColorHint

_HINT = re.compile(r"\s*(\d{1,9})\s*,\s*(\d{1,9})\s*[=:]\s*#?([0-9a-fA-F]{6})\s*")


def color_hint(text: str) -> ColorHint:
    """The hint that ``X,Y=#rrggbb`` gives; the number sign may be missing, since shells take it for a comment.

    Raises WrongUsage.
    """
    found = _HINT.fullmatch(text)
    if found is None:
        raise WrongUsage(f"--hint {text} is not of the form X,Y=#rrggbb, such as 120,80=#c0a080")
    return ColorHint(x=int(found[1]), y=int(found[2]), color=f"#{found[3]}")
