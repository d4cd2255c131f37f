"""Which module reads and writes which format, and what each format can hold, is called, ends with and is served as."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, cast

from daguerre.errors import InvalidSettings, UnsupportedImage

if TYPE_CHECKING:
    from daguerre.imaging.description import Page
    from daguerre.imaging.photo import Metadata, Photo

_CODECS = "daguerre.imaging.codecs"


class Codec(Protocol):
    """What a module in ``codecs`` offers. It is imported when the first file of its format comes."""

    def describe(self, data: bytes) -> tuple[list[Page], Metadata]:
        """The pictures in ``data`` and what it says of them, from its headers. Raises as ``read``."""

    def read(self, data: bytes, *, max_pixels: int) -> Photo:
        """The photo in ``data``. Raises anything over broken files, and InvalidImage."""

    def recover(self, data: bytes, *, max_pixels: int) -> Photo:
        """As ``read``, for files that are truncated or damaged: ``missing`` of the photo tells which pixels are not
        there. Formats that are not ``recoverable`` have none."""

    def write(self, photo: Photo, *, quality: int | None) -> bytes:
        """``photo`` as a file, ``quality`` 1-100. Formats that are not ``writable`` have none."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    ``suffixes`` end its files' names, the usual one first; ``media_type`` is what they are served as, and
    ``in_browsers`` tells whether every browser shows them. ``depths`` are the kinds of pixels that its writer takes,
    as numpy names them; ``told`` the fields of :class:`~daguerre.imaging.photo.Metadata` beside the resolution that
    its files carry. ``longest_exif`` is the most bytes that EXIF may have there, ``longest_side`` the most pixels a
    side. ``lossless``: what is written is what is read again. ``lenient``: a profile for other channels may stay in a
    file that came with it. ``recoverable``: its codec has a ``recover``. ``fallback`` names the format that stands in
    where this one cannot be written.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    media_type: str
    depths: tuple[str, ...] = ("uint8",)
    alpha: bool = True
    pages: bool = False
    told: tuple[str, ...] = ("icc", "exif", "xmp")
    longest_exif: int = 1 << 31
    longest_side: int = 1 << 31
    lossless: bool = True
    lenient: bool = False
    recoverable: bool = False
    in_browsers: bool = False
    writable: bool = True
    fallback: str | None = None

    @property
    def extension(self) -> str:
        """The usual end of a name, with its dot."""
        return self.suffixes[0]


_EVERYTHING = ("icc", "exif", "xmp", "iptc", "resources")
_DEEP = ("uint8", "uint16")

# fmt: off
FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format("jpeg", "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), "image/jpeg", alpha=False,
               told=(*_EVERYTHING, "comments", "aspect"), lenient=True, recoverable=True,
               longest_exif=65_500, longest_side=65_500, lossless=False, in_browsers=True),
        Format("png", "PNG", (".png",), "image/png", _DEEP, told=("icc", "exif", "xmp", "aspect"), in_browsers=True,
               recoverable=True),
        Format("webp", "WebP", (".webp",), "image/webp", longest_side=16_383, lossless=False, in_browsers=True),
        Format("avif", "AVIF", (".avif",), "image/avif", _DEEP, lossless=False, in_browsers=True, fallback="png"),
        Format("heif", "HEIF", (".heic", ".heif", ".hif"), "image/heic", _DEEP, lossless=False,
               writable=find_spec("pillow_heif") is not None, fallback="avif"),
        Format("tiff", "TIFF", (".tif", ".tiff"), "image/tiff", (*_DEEP, "float32"), pages=True,
               told=(*_EVERYTHING, "aspect"), lenient=True, recoverable=True),
        Format("bmp", "BMP", (".bmp", ".dib"), "image/bmp", told=("icc",), in_browsers=True),
        Format("gif", "GIF", (".gif",), "image/gif", told=("icc", "xmp", "comments"), longest_side=65_535,
               in_browsers=True),
        Format("tga", "TGA", (".tga",), "image/x-tga", told=(), longest_side=65_535),
        Format("ico", "ICO", (".ico",), "image/x-icon", told=(), longest_side=256),
        Format("psd", "PSD", (".psd", ".psb"), "image/vnd.adobe.photoshop", (*_DEEP, "float32"),
               told=_EVERYTHING, lenient=True, fallback="tiff"),
        Format("exr", "OpenEXR", (".exr",), "image/x-exr", ("float32",), told=("xmp",)),
        Format("hdr", "Radiance HDR", (".hdr",), "image/vnd.radiance", ("float32",), alpha=False, told=()),
        Format("jxl", "JPEG XL", (".jxl",), "image/jxl", (*_DEEP, "float32"), lossless=False),
        Format("jp2", "JPEG 2000", (".jp2", ".j2k"), "image/jp2", _DEEP, told=("icc", "exif", "xmp", "iptc"),
               lossless=False),
        Format("raw", "Camera RAW", (".tif",), "image/tiff", ("uint16",), writable=False, fallback="tiff"),
    )
}
# fmt: on

RAW_SUFFIXES = frozenset((".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".raf", ".rw2", ".pef", ".srw"))
"""What the names of cameras' raw files end with."""

SUFFIXES = RAW_SUFFIXES | {suffix for row in FORMATS.values() for suffix in row.suffixes}
"""What the names of photos end with."""

_NAMES = {"openexr": "exr", "jpeg2000": "jp2"}
_NAMES |= {suffix.lstrip("."): row.name for row in FORMATS.values() if row.name != "raw" for suffix in row.suffixes}


def named(name: str) -> Format:
    """The format called ``name``, an alias or an extension. Raises InvalidSettings."""
    row = find(name)
    if row is None:
        raise InvalidSettings(("output_format", f"{name} is not a format that can be written"))
    return row


def find(name: str) -> Format | None:
    """The format called ``name``, an alias or an extension, if there is one."""
    key = name.lower().lstrip(".")
    return FORMATS.get(_NAMES.get(key, key))


def codec(form: Format) -> Codec:
    """The module that reads ``form`` and, where it is writable, writes it. Raises UnsupportedImage."""
    try:
        return cast(Codec, importlib.import_module(f"{_CODECS}.{form.name}"))
    except ImportError as error:
        raise UnsupportedImage(f"{form.title} cannot be used here: {error}.") from error
