"""How this installation runs, as the commands ask for it."""

from __future__ import annotations

from typing import Any

from daguerre.config import Config
from daguerre.errors import WrongUsage


def configuration(**chosen: Any) -> Config:
    """The configuration, with what options have ``chosen``. Raises WrongUsage, which names what is wrong."""
    from pydantic import ValidationError

    try:
        return Config(**chosen)
    except ValidationError as error:
        names = ", ".join(f"DAGUERRE_{str(detail['loc'][0]).upper()}" for detail in error.errors())
        raise WrongUsage(f"The environment variable {names} has a value that is not possible.") from None
