"""What agents can do: each tool, what it takes and what it answers. Nothing here knows the protocol."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from daguerre import imaging, naming
from daguerre.config import Config
from daguerre.errors import CannotWrite, WrongUsage
from daguerre.files import make_folder, write_whole
from daguerre.imaging import registry
from daguerre.mcp.folders import Folders
from daguerre.progress import CancelToken, ProgressEvent
from daguerre.settings import Settings

if TYPE_CHECKING:
    from PIL import Image

    from daguerre.pipeline.restorer import Restorer

LONGEST = 1024
"""Pixels of the longer side of the pictures that agents see."""
_COMPARED_LONGEST = 2000
_QUALITY = 85

_OVERWRITE = "Replace a file that exists. The photo itself is never replaced."


class Arguments(BaseModel):
    """What a tool takes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


class PhotoArguments(Arguments):
    """One photo."""

    path: str = Field(description="The photo. A relative path starts at the first allowed folder.")


class LookArguments(PhotoArguments):
    """A photo, and how large to show it."""

    max_side: Annotated[int, Field(ge=64, le=LONGEST)] = Field(
        default=LONGEST, description="Pixels of the longer side, at most."
    )


class RestoreArguments(PhotoArguments):
    """A photo, what is wanted for it, and where the result goes."""

    settings: Settings = Field(
        default_factory=Settings, description="What to do; every step measures first and leaves alone what is good."
    )
    output: str | None = Field(
        default=None,
        description="The result's path, whose suffix names its format, or a folder, which is made where it is missing. "
        "By default NAME_restored beside the photo.",
    )
    overwrite: bool = Field(default=False, description=_OVERWRITE)


class PairArguments(Arguments):
    """Two photos."""

    before: str = Field(description="The photo as it was.")
    after: str = Field(description="The photo as it is now, such as the output of restore.")


class CompareArguments(PairArguments):
    """Two photos, and where the picture of both goes."""

    output: str | None = Field(
        default=None,
        description="The picture's path, whose suffix names its format. By default NAME_before_after.jpg beside after.",
    )
    overwrite: bool = Field(default=False, description="Replace a file that exists. Neither photo is ever replaced.")


class NoArguments(Arguments):
    """Nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """Whom a running tool tells how far it is, and who may stop it."""

    on_progress: Callable[[ProgressEvent], object]
    cancel: CancelToken


@dataclass(frozen=True, slots=True)
class Answer:
    """``facts`` as JSON carries them, and a picture as a JPEG file."""

    facts: dict[str, Any]
    jpeg: bytes | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """``run`` blocks; what it raises is for the agent. ``writes``: it writes files. ``long``: it restores."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Any, Call], Answer]
    writes: bool = False
    long: bool = False


class Tools:
    """The tools for the photos in ``folders``. With ``read_only`` none of them writes."""

    def __init__(self, folders: Folders, config: Config, *, read_only: bool = False) -> None:
        self.folders = folders
        self.read_only = read_only
        self._config = config
        tools = [
            Tool(
                "inspect", "Inspect a photo",
                "Describe a file: its format, pages, size, bit depth, profile, metadata and resolution, and what a "
                "restored file would convert or drop (losses). Changes nothing.",
                PhotoArguments, self._inspect,
            ),
            Tool(
                "look", "Look at a photo",
                f"Show a photo upright, as a JPEG of at most {LONGEST} pixels a side. Changes nothing.",
                LookArguments, self._look,
            ),
            Tool(
                "compare", "Compare two photos",
                "Show a photo before and after, side by side"
                + (". Changes nothing." if read_only else ", and save that picture."),
                PairArguments if read_only else CompareArguments, self._compare, writes=not read_only,
            ),
            Tool(
                "models", "List models",
                "List the models, whether they are installed, and which one each role uses. Changes nothing.",
                NoArguments, self._models,
            ),
        ]  # fmt: skip
        if not read_only:
            tools.append(
                Tool(
                    "restore", "Restore a photo",
                    "Restore an old photo and save the result as a new file: repair scratches, tears and dust, reduce "
                    "noise, sharpen soft faces and, where the settings say so, add color, enlarge, undo fading or "
                    "develop a negative. The photo itself is never changed. Answers with the output's path, the steps "
                    "that changed something, and warnings. Takes from seconds to minutes.",
                    RestoreArguments, self._restore, writes=True, long=True,
                )
            )  # fmt: skip
        self._tools = {tool.name: tool for tool in tools}

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def named(self, name: str) -> Tool:
        """The tool called ``name``. Raises WrongUsage."""
        if name in self._tools:
            return self._tools[name]
        if self.read_only and name == "restore":
            raise WrongUsage("This server only reads: it was started with --read-only.")
        raise WrongUsage(f"There is no tool {name}. Tools are {', '.join(self._tools)}.")

    @cached_property
    def _restorer(self) -> Restorer:
        from daguerre.pipeline.restorer import Restorer

        return Restorer(config=self._config)

    def _inspect(self, arguments: PhotoArguments, call: Call) -> Answer:
        from daguerre.imaging.inspection import described

        return Answer(described(self.folders.photo(arguments.path)))

    def _look(self, arguments: LookArguments, call: Call) -> Answer:
        from daguerre.imaging import display

        path = self.folders.photo(arguments.path)
        photo = self._opened(path)
        facts = {"input": str(path), "width": photo.width, "height": photo.height}
        return Answer(facts, _jpeg(display.srgb(photo, arguments.max_side)))

    def _models(self, arguments: NoArguments, call: Call) -> Answer:
        from daguerre.models.inventory import choices, inventory

        models = [{name: value for name, value in row.items() if name != "path"} for row in inventory(self._config)]
        return Answer({"models": models, "roles": choices(self._config)})

    def _compare(self, arguments: PairArguments, call: Call) -> Answer:
        from daguerre.imaging import display

        before, after = self.folders.photo(arguments.before), self.folders.photo(arguments.after)
        target, overwrite = None, False
        if isinstance(arguments, CompareArguments):
            output, overwrite = arguments.output, arguments.overwrite
            target = naming.compared(after) if output is None else self.folders.path(output)
            _check_suffix(target)
            _check_free(target, overwrite, before, after)
        picture = display.side_by_side(self._opened(before), self._opened(after), _COMPARED_LONGEST)
        facts = {"before": str(before), "after": str(after), "output": None if target is None else str(target)}
        if target is not None:
            data = imaging.encode(picture, format=registry.named(target.suffix).name).data
            call.cancel.check()
            make_folder(target.parent)
            _check_free(target, overwrite, before, after)
            write_whole(target, data)
        return Answer(facts, _jpeg(display.srgb(picture, LONGEST)))

    def _restore(self, arguments: RestoreArguments, call: Call) -> Answer:
        photo = self.folders.photo(arguments.path)
        settings = arguments.settings
        if settings.infrared:
            self._check_channel(photo)
        place = photo.parent if arguments.output is None else self.folders.path(arguments.output)
        if place.is_dir() or not place.suffix:
            make_folder(place)
            _check_free(_likely(place, photo, settings), arguments.overwrite, photo)
        else:
            _check_suffix(place)
            _check_free(place, arguments.overwrite, photo)
            make_folder(place.parent)
            if settings.output_format is None:
                settings = settings.updated(output_format=place.suffix)
        result = self._restorer.restore(photo, settings, on_progress=call.on_progress, cancel=call.cancel)
        target = result.target(place)
        call.cancel.check()
        _check_free(target, arguments.overwrite, photo)
        result.save(place)
        return Answer({"input": str(photo), "output": str(target), "status": "restored", **result.to_dict()})

    def _check_channel(self, photo: Path) -> None:
        """Raise OutsideFolders where the infrared channel beside ``photo`` is a link that leads out."""
        from daguerre.infrared import beside

        channel = beside(photo)
        if channel is not None:
            self.folders.path(str(channel))

    def _opened(self, path: Path) -> imaging.Photo:
        return imaging.open_image(path, max_pixels=self._config.max_pixels)


def _jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _likely(folder: Path, photo: Path, settings: Settings) -> Path:
    """The likely path of the result in ``folder``; its format decides in the end."""
    own = registry.find(photo.suffix)
    form = own if settings.output_format is None else registry.named(settings.output_format)
    suffix = photo.suffix if form is None or form is own else form.extension
    return folder / f"{photo.stem}{naming.SUFFIX}{suffix}"


def _check_suffix(path: Path) -> None:
    """Raise WrongUsage where the suffix of ``path`` names no format of photos."""
    if registry.find(path.suffix) is None:
        raise WrongUsage(f"{path.name}: its suffix names no format that can be written. Try .jpg, .png or .tif.")


def _check_free(path: Path, overwrite: bool, *photos: Path) -> None:
    """Raise CannotWrite where ``path`` is one of the ``photos`` or a folder, or exists though it may not."""
    if any(path.exists() and path.samefile(photo) for photo in photos):
        raise CannotWrite(f"{path} is the photo itself, which is never replaced.")
    if path.is_dir():
        raise CannotWrite(f"{path} is a folder.")
    if os.path.lexists(path) and not overwrite:
        raise CannotWrite(f"{path} already exists. Name another output, or set overwrite to replace it.")
