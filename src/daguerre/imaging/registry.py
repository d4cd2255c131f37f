"""Which module reads and writes which format, and what each format can hold.

A codec is a module with ``read(data, *, max_pixels) -> Photo`` and, where it writes,
``write(photo, *, quality) -> bytes``. It is imported when the first file of its format comes.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from daguerre.errors import InvalidSettings, UnsupportedImage

_HERE = "daguerre.imaging.codecs"


@dataclass(frozen=True, slots=True)
class Format:
    """One format. ``depths`` are the kinds of pixels that its writer takes, as numpy names them; ``told``
    the fields of :class:`~daguerre.imaging.photo.Metadata` beside the resolution that its files carry.

    ``longest_told`` is the most bytes that EXIF or XMP may have there; ``fallback`` names the format
    that stands in where this one cannot be written.
    """

    name: str
    title: str
    extension: str
    depths: tuple[str, ...] = ("uint8",)
    alpha: bool = True
    pages: bool = False
    told: tuple[str, ...] = ("icc", "exif", "xmp")
    longest_told: int = 1 << 31
    fallback: str | None = None


_EVERYTHING = ("icc", "exif", "xmp", "iptc")

FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format("jpeg", "JPEG", ".jpg", alpha=False, told=_EVERYTHING, longest_told=65_500),
        Format("png", "PNG", ".png", ("uint8", "uint16")),
        Format("webp", "WebP", ".webp"),
        Format("avif", "AVIF", ".avif", ("uint8", "uint16"), fallback="png"),
        Format("heif", "HEIF", ".heic", ("uint8", "uint16"), fallback="avif"),
        Format("tiff", "TIFF", ".tif", ("uint8", "uint16", "float32"), pages=True, told=_EVERYTHING),
        Format("bmp", "BMP", ".bmp", told=()),
        Format("gif", "GIF", ".gif", told=("xmp",)),
        Format("tga", "TGA", ".tga", told=()),
        Format("ico", "ICO", ".ico", told=()),
        Format("psd", "PSD", ".psd", ("uint8", "uint16"), fallback="tiff", told=_EVERYTHING),
        Format("exr", "OpenEXR", ".exr", ("float32",), told=("xmp",)),
        Format("hdr", "Radiance HDR", ".hdr", ("float32",), alpha=False, told=()),
        Format("jxl", "JPEG XL", ".jxl", ("uint8", "uint16", "float32")),
        Format("jp2", "JPEG 2000", ".jp2", ("uint8", "uint16")),
        Format("raw", "camera RAW", ".tif", ("uint16",), fallback="tiff"),
    )
}

_ALIASES = {"jpg": "jpeg", "tif": "tiff", "heic": "heif", "openexr": "exr", "j2k": "jp2", "jpeg2000": "jp2"}


def named(name: str) -> Format:
    """The format called ``name``, an alias or an extension. Raises InvalidSettings."""
    key = name.lower().lstrip(".")
    row = FORMATS.get(_ALIASES.get(key, key))
    if row is None:
        raise InvalidSettings(f"outputFormat: {name} is not a format that can be written")
    return row


def reader(name: str, data: bytes) -> ModuleType:
    """The module that reads ``data`` of the format ``name``. Raises UnsupportedImage."""
    deep = name == "png" and len(data) > 24 and data[24] == 16
    return _module("png16" if deep else name)


def writer(form: Format, depth: np.dtype[np.generic]) -> ModuleType | None:
    """The module that writes ``form`` in ``depth``, or ``None`` where nothing does."""
    try:
        module = _module("png16" if form.name == "png" and depth == np.uint16 else form.name)
    except UnsupportedImage:
        return None
    return module if hasattr(module, "write") else None


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"{_HERE}.{name}")
    except ImportError as error:
        raise UnsupportedImage(f"{FORMATS[name.removesuffix('16')].title} cannot be used here: {error}.") from error
