"""The settings that options choose, for every command that takes them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daguerre.settings import Settings

_PARAMETERS = {"output_format": "format", "faces": "face", "color_hints": "hint", "models": "tier"}
"""Settings whose parameters have other names."""

_OF_FILES = frozenset({
    "context", "photos", "output", "recursive", "resume", "overwrite", "as_json", "save_recipe", "infrared_file",
    "mask", "mask_out", "faces_out", "compare", "dry_run", "watch", "device",
})  # fmt: skip
"""Parameters of ``daguerre restore`` that are no settings, but about files and the run."""


def chosen_settings(options: Mapping[str, Any], recipes: Path) -> Settings:
    """The settings of a command's ``options`` by the names of their parameters, upon those of its recipe in the folder
    ``recipes``, if it names one. Raises InvalidSettings.
    """
    from daguerre.cli.faces import chosen_face
    from daguerre.cli.hints import color_hint
    from daguerre.recipes import load_recipe
    from daguerre.settings import Settings

    wanted = {field: options.get(_PARAMETERS.get(field, field)) for field in Settings.model_fields}
    wanted["faces"] = [chosen_face(text) for text in options.get("face") or ()] or None
    wanted["color_hints"] = [color_hint(text) for text in options.get("hint") or ()] or None
    if wanted["color_hints"] and wanted["colorize"] is None:
        wanted["colorize"] = True
    if options.get("infrared_file") is not None:
        wanted["infrared"] = True
    recipe = options.get("recipe")
    start = Settings() if recipe is None else load_recipe(recipe, recipes)
    return start.updated(**{field: value for field, value in wanted.items() if value is not None})


def takes_settings_of(restore: Callable[..., None]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of ``restore`` that are settings, and ``--recipe``.

    The command finds them in its context's ``params``.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True)
        theirs = inspect.signature(restore, eval_str=True).parameters
        shared = [parameter for name, parameter in theirs.items() if name not in _OF_FILES]

        @functools.wraps(command)
        def call(**options: Any) -> None:
            command(**{name: value for name, value in options.items() if name in own.parameters})

        parameters = [*own.parameters.values(), *shared]
        call.__dict__.pop("__wrapped__")  # Its signature is another.
        call.__dict__["__signature__"] = own.replace(parameters=parameters)
        call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return call

    return decorate
