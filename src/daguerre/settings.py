"""What is wanted for one photo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, ValidationError
from pydantic.alias_generators import to_camel

from daguerre.errors import InvalidSettings

Number = StrictInt | StrictFloat
Percentage = Annotated[Number, Field(ge=0, le=100, allow_inf_nan=False)]
Box = Annotated[list[Number], Field(min_length=4, max_length=4)]

_MODES: dict[str, dict[str, float]] = {
    "auto": {},
    "light": {"scratchSensitivity": 30, "denoiseStrength": 15},
    "heavy": {"scratchSensitivity": 70, "denoiseStrength": 40},
}


class ColorHint(BaseModel):
    """A colour that the user knows, at a pixel."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    x: Annotated[int, Field(ge=0)]
    y: Annotated[int, Field(ge=0)]
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class Settings(BaseModel):
    """Immutable; fields by their Python names or by the camelCase names of the wire.

    Numbers are numbers: ``"0.7"`` and ``True`` are refused. An unknown field, a wrong type or a
    value out of range raises :class:`~daguerre.errors.InvalidSettings`, naming every bad field.

    Percentages are 0-100. ``scratch_sensitivity`` 50 finds what the detector is sure of, 100
    nearly everything that might be damage. ``fidelity`` 1 keeps a face's own features, 0 enhances
    most. ``denoise_strength`` 0 leaves the photo untouched, 25 removes the visible noise.
    ``recover`` takes a truncated or damaged file for what it holds and repairs the rest.
    ``models`` ``auto`` takes the best networks that are installed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True)

    scratch_removal: bool = True
    scratch_sensitivity: Percentage = 50
    face_enhancement: bool = True
    fidelity: Annotated[Number, Field(ge=0, le=1, allow_inf_nan=False)] = 0.7
    denoise: bool = True
    denoise_strength: Percentage = 25
    colorize: bool = False
    colorize_strength: Percentage = 85
    models: Literal["auto", "embedded", "full"] = "auto"
    faces: list[Annotated[int, Field(ge=0)] | Box] | None = None
    color_hints: list[ColorHint] | None = None
    recover: bool = False
    output_format: str | None = None
    quality: Annotated[int, Field(ge=1, le=100)] | None = None

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise InvalidSettings(*_problems(error)) from None

    def updated(self, **fields: Any) -> Self:
        """A copy with some fields replaced, validated."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        names = {to_camel(name): name for name in type(self).model_fields}
        return type(self)(**{**given, **{names.get(name, name): value for name, value in fields.items()}})

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
        return cls(**{**_MODES[mode], **accepted}), ignored


def _problems(error: ValidationError) -> list[tuple[str, str]]:
    """One message per bad field, by its Python name."""
    names = {to_camel(name): name for name in Settings.model_fields}
    messages: dict[str, str] = {}
    for detail in error.errors():
        location = str(detail["loc"][0]) if detail["loc"] else "settings"
        message = _sentence(detail["type"], detail.get("ctx", {}), str(detail["msg"]))
        messages.setdefault(names.get(location, location), message)
    return list(messages.items())


def _sentence(kind: str, context: Mapping[str, Any], message: str) -> str:
    match kind:
        case "extra_forbidden":
            return "is not a setting"
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
        case _:
            return message[:1].lower() + message[1:]
