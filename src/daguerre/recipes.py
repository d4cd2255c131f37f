"""Recipes: settings with a name in a TOML file, and those of a restored photo.

::

    # wedding.toml
    fading = 80
    fidelity = 0.9
    denoise = false
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from daguerre.errors import CannotWrite, InvalidImage, InvalidSettings
from daguerre.files import write_whole
from daguerre.settings import Settings

NAME = re.compile(r"[\w][\w .-]{0,99}", re.ASCII)
"""Names of recipes: harmless in file systems."""

_OF_ONE_PHOTO = ("faces", "color_hints", "rotate", "date", "caption")
_SUFFIX = ".toml"


def load_recipe(source: str | Path, folder: Path) -> Settings:
    """The settings of a recipe: a ``.toml`` file, a photo that Daguerre restored, or a name in ``folder``.

    Raises InvalidSettings: of the field ``recipe`` where there is none of that name.
    """
    path = Path(source)
    if path.suffix.lower() == _SUFFIX:
        return _parsed(path)
    if path.is_file():
        return _recorded(path)
    if not NAME.fullmatch(str(source)):
        raise InvalidSettings(("recipe", f"{source} is no name of a recipe"))
    return _parsed(folder / f"{source}{_SUFFIX}")


def save_recipe(settings: Settings, name: str, folder: Path) -> Path:
    """Keep what ``settings`` set, but for what is true of one photo only, as ``name`` in ``folder``; gives the file.

    A recipe of that name is replaced. Raises InvalidSettings and CannotWrite.
    """
    if not NAME.fullmatch(name):
        raise InvalidSettings(("save_recipe", f"{name} is no name of a recipe"))
    fields = settings.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude={*_OF_ONE_PHOTO})
    # What JSON makes of booleans, numbers and plain texts is TOML as well.
    lines = [f"{field} = {json.dumps(value)}\n" for field, value in fields.items()]
    path = folder / f"{name}{_SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder} could not be made: {error.strerror or error}.") from error
    return write_whole(path, "".join(lines).encode())


def list_recipes(folder: Path) -> dict[str, Settings]:
    """The recipes in ``folder`` by their names; those that cannot be read are left out."""
    found = {}
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            found[path.stem] = _parsed(path)
        except InvalidSettings:
            continue
    return found


def _parsed(path: Path) -> Settings:
    try:
        fields: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise InvalidSettings(("recipe", f"there is no recipe {path}")) from None
    except ValueError as error:
        raise InvalidSettings(("recipe", f"{path} is not TOML: {error}")) from None
    return Settings(**fields)


def _recorded(path: Path) -> Settings:
    from daguerre import imaging
    from daguerre.imaging.metadata import provenance

    try:
        fields = provenance.recorded_settings(imaging.open_image(path))
    except InvalidImage:
        fields = None
    if fields is None:
        raise InvalidSettings(("recipe", f"{path} is neither a recipe nor a photo that tells how it was restored"))
    return Settings(**fields)
