"""How this installation runs, as the commands ask for it."""

from __future__ import annotations

from daguerre.config import Config
from daguerre.errors import WrongUsage


def configuration() -> Config:
    """The configuration. Raises WrongUsage, which names the environment variables that are wrong."""
    from pydantic import ValidationError

    try:
        return Config()
    except ValidationError as error:
        names = ", ".join(f"DAGUERRE_{str(detail['loc'][0]).upper()}" for detail in error.errors())
        raise WrongUsage(f"The environment variable {names} has a value that is not possible.") from None
