"""The folders that agents may use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from daguerre.errors import DaguerreError, WrongUsage


class OutsideFolders(DaguerreError):
    """A path is outside the allowed folders, or a link leads out of them."""


class Folders:
    """The allowed ``folders``. Raises WrongUsage where there are none, and where one is not a folder."""

    def __init__(self, folders: Sequence[Path]) -> None:
        if not folders:
            raise WrongUsage("Name the folders that agents may use, such as: daguerre mcp --folder ~/Pictures")
        named = [Path(os.path.abspath(folder.expanduser())) for folder in folders]
        for folder in named:
            if not folder.is_dir():
                raise WrongUsage(f"--folder {folder}: there is no such folder.")
        self.roots = tuple(dict.fromkeys(Path(os.path.realpath(folder)) for folder in named))
        self._first = named[0]
        self._names = (*named, *self.roots)

    def __str__(self) -> str:
        return ", ".join(str(root) for root in self.roots)

    def path(self, given: str) -> Path:
        """The path without links that ``given`` names, which need not exist; a relative one starts at the first folder.

        Raises OutsideFolders. What is outside by its name alone is refused before the file system is asked.
        """
        if not given or "\0" in given:
            raise OutsideFolders("That is not a path.")
        path = Path(os.path.abspath(self._first / Path(given).expanduser()))
        if not any(path.is_relative_to(name) for name in self._names):
            raise OutsideFolders(f"{given} is outside the folders that agents may use: {self}.")
        found = Path(os.path.realpath(path))
        if not any(found.is_relative_to(root) for root in self.roots):
            raise OutsideFolders(f"{given} leads out of the folders that agents may use: {self}.")
        return found

    def photo(self, given: str) -> Path:
        """As :meth:`path`, of a file that exists. Raises WrongUsage where it does not."""
        path = self.path(given)
        if not path.exists():
            raise WrongUsage(f"{given}: no such file.")
        if not path.is_file():
            raise WrongUsage(f"{given}: not a file.")
        return path
