"""What is wanted for one photo."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, TypedDict, Unpack, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError, PydanticKnownError

from daguerre import edtf
from daguerre.errors import InvalidSettings
from daguerre.face import Face

Models = Literal["auto", "embedded", "full"]


def _factor(value: object) -> object:
    """``value``, unless it only counts as a whole number: a literal takes what equals it."""
    if type(value) is not int:
        raise PydanticKnownError("literal_error", {"expected": "1, 2 or 4"})
    return value


def _degrees(value: object) -> object:
    """``value``, unless it only counts as a whole number."""
    if type(value) is not int:
        raise PydanticKnownError("literal_error", {"expected": "0, 90, 180 or 270"})
    return value


def _date(value: str) -> str:
    """``value``, unless it is neither ``auto`` nor a date in EDTF."""
    try:
        return value if value == "auto" else edtf.parse(value).text
    except ValueError as error:
        raise PydanticCustomError("edtf", "{sentence}", {"sentence": str(error)}) from None


def _caption(value: str) -> str:
    """``value`` without blanks around it, unless a text in XML cannot hold it."""
    if not value.strip() or any(not (letter.isprintable() or letter in "\n\t") for letter in value):
        raise PydanticCustomError("caption", "must be a text without control characters")
    return value.strip()


Number = StrictInt | StrictFloat
Percentage = Annotated[
    Number,
    Field(ge=0, le=100, allow_inf_nan=False),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100}),
]
Coordinate = Annotated[Number, Field(allow_inf_nan=False)]

MOST_ENTRIES = 500
"""Of a list among the settings."""


def _listed(value: object) -> object:
    """Tuples as lists, and a face as its box."""
    if isinstance(value, Face):
        return list(value.box)
    return list(value) if isinstance(value, tuple) else value


Box = Annotated[list[Coordinate], BeforeValidator(_listed), Field(min_length=4, max_length=4)]

_MODES: dict[str, dict[str, float]] = {
    "auto": {},
    "light": {"scratchSensitivity": 30, "denoiseStrength": 15},
    "heavy": {"scratchSensitivity": 70, "denoiseStrength": 40},
}


class ColorHint(BaseModel):
    """A color that the user knows, at a pixel."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    x: Annotated[int, Field(ge=0)]
    y: Annotated[int, Field(ge=0)]
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class HintFields(TypedDict):
    """A :class:`ColorHint` as a dictionary."""

    x: int
    y: int
    color: str


class SettingsFields(TypedDict, total=False):
    """The fields of :class:`Settings`, for callers' type checkers and editors."""

    scratch_removal: bool
    scratch_sensitivity: float
    face_enhancement: bool
    fidelity: float
    denoise: bool
    denoise_strength: float
    colorize: bool
    colorize_strength: float
    upscale: Literal[1, 2, 4]
    models: Models
    faces: Sequence[int | Sequence[float] | Face] | None
    color_hints: Sequence[ColorHint | HintFields] | None
    treat_as_grayscale: Literal["auto", "yes", "no"]
    negative: Literal["auto", "bw", "color", "off"]
    fading: float
    tone: Literal["keep", "neutral"]
    infrared: bool
    recover: bool
    rotate: Literal[0, 90, 180, 270]
    date: str | None
    caption: str | None
    output_format: str | None
    quality: int | None


class Settings(BaseModel):
    """Immutable; fields by their Python names or by the camelCase names of the wire.

    Numbers are numbers: ``"0.7"`` and ``True`` are refused. An unknown field, a wrong type or a
    value out of range raises :class:`~daguerre.errors.InvalidSettings`, naming every bad field.

    Percentages are 0-100. ``scratch_sensitivity`` 50 finds what the detector is sure of, 100
    nearly everything that might be damage. ``fidelity`` 1 keeps a face's own features, 0 enhances
    most. ``denoise_strength`` 0 leaves the photo untouched, 25 removes the visible noise.
    ``treat_as_grayscale`` overrules what was seen of the photo: ``yes`` lets it be colorized, ``no`` does not.
    ``upscale`` 2 or 4 enlarges the photo so many times each way, 1 leaves its size.
    ``negative`` ``bw`` and ``color`` make a positive of a scanned film negative, before everything else; ``auto``
    does so where it is sure that the photo is one.
    ``fading`` 100 brings back all that fading took of colors and contrast. ``tone`` ``neutral`` makes
    toned photos gray.
    ``infrared`` finds dust by the infrared channel of a film scan, beside the model.
    ``recover`` takes a truncated or damaged file for what it holds and repairs the rest.
    ``rotate`` turns the photo clockwise, by so many degrees, before anything else is done: masks, faces and hints are
    in the pixels of the turned photo.
    ``date``, in EDTF, and ``caption`` are written into the photo's metadata; ``date`` ``auto`` reads it from the names
    of the file and its folders.
    ``models`` ``auto`` takes the best models that are installed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True)

    scratch_removal: bool = Field(default=True, description="Find scratches, tears and dust, and fill them.")
    scratch_sensitivity: Percentage = Field(default=50, description="How much is taken for damage.", examples=[70])
    face_enhancement: bool = Field(default=True, description="Enhance faces.")
    fidelity: Annotated[
        Number, Field(ge=0, le=1, allow_inf_nan=False), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})
    ] = Field(default=0.7, description="1 keeps a face's own features, 0 enhances most.", examples=[0.6])
    denoise: bool = Field(default=True, description="Reduce noise and grain.")
    denoise_strength: Percentage = Field(
        default=25, description="0 leaves noise, 25 removes what is visible, 100 smooths hard.", examples=[40]
    )
    colorize: bool = Field(default=False, description="Color a monochrome photo.")
    colorize_strength: Percentage = Field(default=85, description="How strong the colors are.", examples=[60])
    upscale: Annotated[Literal[1, 2, 4], BeforeValidator(_factor)] = Field(
        default=1, description="How many times as many pixels a side the result has.", examples=[2]
    )
    models: Models = Field(default="auto", description="Which models to use; `auto` takes the best that are installed.")
    faces: Annotated[
        Annotated[list[Annotated[int, Field(ge=0)] | Box], Field(max_length=MOST_ENTRIES)] | None,
        BeforeValidator(_listed),
    ] = Field(
        default=None,
        description="Enhance only these: numbers, from the largest face, or boxes `[x, y, width, height]`; in a box "
        "where no face was found one is looked for more closely.",
        examples=[[0, [120, 80, 90, 110]]],
    )
    color_hints: Annotated[
        Annotated[list[ColorHint], Field(max_length=MOST_ENTRIES)] | None, BeforeValidator(_listed)
    ] = Field(
        default=None,
        description="Colors that are known, at pixels of the photo.",
        examples=[[{"x": 120, "y": 80, "color": "#c0a080"}]],
    )
    treat_as_grayscale: Literal["auto", "yes", "no"] = Field(
        default="auto",
        description="Whether the photo is monochrome; `auto` looks at it. `yes` lets it be colorized, `no` never.",
    )
    negative: Literal["auto", "bw", "color", "off"] = Field(
        default="off",
        description="Develop the scan of a film negative: `bw` or `color`; `auto` tells whether it is one.",
        examples=["auto"],
    )
    fading: Percentage = Field(
        default=0, description="Bring back what fading took: 0 nothing, 100 all that is found.", examples=[100]
    )
    tone: Literal["keep", "neutral"] = Field(
        default="keep", description="Of a monochrome photo: keep its tone, such as sepia, or make it neutral gray."
    )
    infrared: bool = Field(
        default=False, description="Find dust by the infrared channel of a film scan, too, where the file holds one."
    )
    recover: bool = Field(
        default=False, description="Take a truncated or damaged file, and repair what is missing of its photo."
    )
    rotate: Annotated[Literal[0, 90, 180, 270], BeforeValidator(_degrees)] = Field(
        default=0,
        description="Turn the photo clockwise first, by so many degrees; the mask, faces and hints are in the pixels "
        "of the turned photo.",
        examples=[90],
    )
    date: Annotated[str, AfterValidator(_date), Field(max_length=80)] | None = Field(
        default=None,
        description="When the photo was taken, in EDTF, or `auto`: as its name says. Written into its metadata.",
        examples=["1957-08?"],
    )
    caption: Annotated[str, AfterValidator(_caption), Field(max_length=2000)] | None = Field(
        default=None, description="What the photo shows. Written into its metadata.", examples=["Ida and Karl at sea"]
    )
    output_format: Annotated[str, Field(pattern=r"^[A-Za-z0-9.]{1,20}$")] | None = Field(
        default=None, description="The format of the result; by default the photo's own.", examples=["png"]
    )
    quality: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="The quality of a lossy format; by default the photo's own.", examples=[92]
    )

    def __init__(self, **fields: Unpack[SettingsFields]) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise InvalidSettings(*_problems(error)) from None

    def updated(self, **fields: Unpack[SettingsFields]) -> Self:
        """A copy with some fields replaced, validated."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        names = {to_camel(name): name for name in type(self).model_fields}
        merged = {**given, **{names.get(name, name): value for name, value in fields.items()}}
        return type(self)(**cast(SettingsFields, merged))

    @property
    def given(self) -> dict[str, Any]:
        """The fields that were set, by their Python names, as JSON has them."""
        return self.model_dump(mode="json", exclude_unset=True)

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> tuple[Self, list[str]]:
        """Settings from a client's JSON object, and the names of the fields that were ignored.

        ``mode`` (``auto``, ``light``, ``heavy``) of older clients gives the scratch sensitivity and
        the denoising strength where those are absent. Raises InvalidSettings as the class does.
        """
        known = {to_camel(name) for name in cls.model_fields}
        accepted = {name: value for name, value in fields.items() if name in known}
        ignored = [name for name in fields if name not in known and name != "mode"]
        mode = fields.get("mode", "auto")
        if not isinstance(mode, str) or mode not in _MODES:
            raise InvalidSettings(("mode", "must be auto, light or heavy"))
        return cls(**cast(SettingsFields, {**_MODES[mode], **accepted})), ignored


def _problems(error: ValidationError) -> list[tuple[str, str]]:
    """One message per bad field, by its Python name."""
    names = {to_camel(name): name for name in Settings.model_fields}
    messages: dict[str, str] = {}
    for detail in error.errors():
        location = str(detail["loc"][0]) if detail["loc"] else "settings"
        message = problem_of(detail)
        if detail["type"] == "extra_forbidden" and (
            near := difflib.get_close_matches(location, Settings.model_fields, 1)
        ):
            message += f"; did you mean {near[0]}?"
        messages.setdefault(names.get(location, location), message)
    return list(messages.items())


def problem_of(detail: ErrorDetails) -> str:
    """What pydantic found wrong, as the end of a sentence that begins with a field's name."""
    context, message = detail.get("ctx", {}), str(detail["msg"])
    match detail["type"]:
        case "extra_forbidden":
            return "is not a setting"
        case "missing":
            return "is missing"
        case "bool_type":
            return "must be true or false"
        case "int_type" | "float_type" | "finite_number":
            return "must be a number"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "literal_error":
            return f"must be {context['expected']}".replace("'", "")
        case "string_type":
            return "must be a text"
        case "string_pattern_mismatch":
            return "is not a value that is known"
        case "too_long":
            return f"must have at most {context['max_length']} entries"
        case _:
            return message[:1].lower() + message[1:]
