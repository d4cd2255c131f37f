"""How this installation runs, as the commands ask for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from daguerre.config import Config
from daguerre.errors import WrongUsage

_OTHERS = (
    "DAGUERRE_ALBUM", "DAGUERRE_CHROMIUM", "DAGUERRE_DRAW_CORES", "DAGUERRE_IMMICH_KEY", "DAGUERRE_KEY",
    "DAGUERRE_PICTURES", "DAGUERRE_SQUEEZENET", "DAGUERRE_YUNET",
)  # fmt: skip
"""Variables of ``daguerre submit`` and ``daguerre immich``, the tests and the training."""


def configuration(**chosen: Any) -> Config:
    """The configuration, with what options have ``chosen``. Raises WrongUsage, which names what is wrong."""
    from pydantic import ValidationError

    for name in misspelt(os.environ):
        near = get_close_matches(name, _known(), 1)
        print(f"daguerre: {name} is not a setting{f'; did you mean {near[0]}?' if near else '.'}", file=sys.stderr)
    try:
        config = Config(**chosen)
    except ValidationError as error:
        fields = dict.fromkeys(str(detail["loc"][0]) for detail in error.errors())
        names = ", ".join(_called(field, chosen) for field in fields)
        raise WrongUsage(f"Invalid value for {names}.") from None
    _check_roles(config)
    return config


def _called(field: str, chosen: Mapping[str, Any]) -> str:
    """What set ``field``: an option, or else the environment."""
    return f"--{field.replace('_', '-')}" if field in chosen else f"the environment variable DAGUERRE_{field.upper()}"


def misspelt(environment: Mapping[str, str]) -> list[str]:
    """The ``DAGUERRE_*`` variables that mean nothing."""
    return sorted(name for name in environment if name.startswith("DAGUERRE_") and name not in _known())


def _known() -> list[str]:
    return [*(f"DAGUERRE_{name.upper()}" for name in Config.model_fields), *_OTHERS]


def _check_roles(config: Config) -> None:
    """Raise WrongUsage where ``DAGUERRE_ROLES`` names a role that there is not."""
    if not config.roles:
        return
    from daguerre.models.catalog.known import known

    roles = sorted(known().roles)
    for role in config.roles:
        if role not in roles:
            raise WrongUsage(f"DAGUERRE_ROLES: there is no role {role}. Roles are {', '.join(roles)}.")
