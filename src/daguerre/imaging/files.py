"""Reading and writing files: :func:`open_image`, :func:`encode`, and the files that nobody changed."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from daguerre.errors import BrokenImage, CannotWrite, DaguerreError, ImageExceedsMemory, InvalidImage, UnsupportedImage
from daguerre.imaging import depth, passthrough, registry, sniff
from daguerre.imaging.description import Description
from daguerre.imaging.encoded import Encoded
from daguerre.imaging.photo import Photo
from daguerre.imaging.registry import Codec, Format

_BAND_ROWS = 256
_INVISIBLE_DB = 55.0
"""The ratio of signal to noise above which nobody sees a difference, of peak white."""


def open_image(
    source: str | os.PathLike[str] | bytes | BinaryIO, *, max_pixels: int = 500_000_000, recover: bool = False
) -> Photo:
    """The photo in a file: a path, the file's bytes or a binary file object.

    The format is found from the content. Raises :class:`~daguerre.errors.InvalidImage` or one of
    its kinds, and nothing else, whatever the file holds; more than ``max_pixels`` pixels are
    refused before they are decoded.

    With ``recover`` a file that is truncated or damaged gives the pixels that it holds; ``missing`` of the photo tells
    which it does not, and a warning says so.
    """
    data = content(source)
    form = registry.FORMATS[sniff.find_format(data)]
    try:
        return _read(form, data, max_pixels)
    except BrokenImage as error:
        if not recover:
            raise
        if not form.recoverable:
            raise BrokenImage(f"{error} {form.title} files cannot be recovered.") from error
    return _recovered(form, data, max_pixels)


def probe(source: str | os.PathLike[str] | bytes | BinaryIO) -> Description:
    """What a file holds, told from its headers without decoding its pictures. Raises as :func:`open_image`."""
    data = content(source)
    form = registry.FORMATS[sniff.find_format(data)]
    try:
        pages, metadata = registry.codec(form).describe(data)
    except DaguerreError:
        raise
    except Exception as error:
        raise BrokenImage(f"The {form.title} file is truncated or damaged and cannot be read.") from error
    return Description(form.name, form.title, tuple(pages), metadata)


def foreseen_losses(photo: Photo, *, format: str | None = None) -> list[str]:
    """The sentences that :func:`encode` would say of ``photo`` once it is changed, but for what only encoding tells."""
    wanted = registry.named(format or photo.format)
    form, _ = _writer(wanted)
    stands_in = [f"{wanted.title} cannot be written: the result is {form.title}."] if form is not wanted else []
    losses = [sentence for page in (photo, *photo.pages) for sentence in page.losses]
    return list(dict.fromkeys([*losses, *stands_in, *depth.fit_to_format(photo, form)[1]]))


def _read(form: Format, data: bytes, max_pixels: int) -> Photo:
    try:
        photo = registry.codec(form).read(data, max_pixels=max_pixels)
    except DaguerreError:
        raise
    except MemoryError as error:
        raise ImageExceedsMemory("The picture does not fit into memory.") from error
    except Exception as error:  # Codecs raise anything over broken files.
        raise BrokenImage(f"The {form.title} file is truncated or damaged and cannot be read.") from error
    return photo if form.name == "raw" else passthrough.remember(photo, data, lossless=form.lossless)


def _recovered(form: Format, data: bytes, max_pixels: int) -> Photo:
    codec = registry.codec(form)
    try:
        photo = codec.recover(data, max_pixels=max_pixels)
    except DaguerreError:
        raise
    except MemoryError as error:
        raise ImageExceedsMemory("The picture does not fit into memory.") from error
    except Exception as error:
        raise BrokenImage(f"The {form.title} file is damaged so badly that nothing of it can be recovered.") from error
    for page in (photo, *photo.pages):
        if page.missing is not None and not page.missing.any():
            page.missing = None
    lost = [100 * float(page.missing.mean()) for page in (photo, *photo.pages) if page.missing is not None]
    if lost and max(lost) >= 99.99:
        raise BrokenImage(f"The {form.title} file holds no part of its picture that can be read.")
    what = f"{max(lost):.1f} % of its picture were" if lost else "sharpness or color of some of its parts was"
    photo.warnings.append(f"The {form.title} file is truncated or damaged: {what} lost.")
    return photo


def encode(photo: Photo, *, format: str | None = None, quality: int | None = None) -> Encoded:
    """``photo`` as a file in ``format``, by default the one it came in.

    A photo that nobody changed is the file that it came from, unless ``quality`` or another format is asked for.
    ``quality`` is 1-100; ``None`` keeps the input's where it can. What the format cannot hold is
    left out and named in the warnings. Raises :class:`~daguerre.errors.InvalidSettings` for an unknown
    format and :class:`~daguerre.errors.CannotWrite` where the format cannot take the picture.
    """
    wanted = registry.named(format or photo.format)
    if wanted.name == photo.format and quality is None and (file := passthrough.find_untouched_file(photo)) is not None:
        return Encoded(data=file, format=wanted.name, extension=wanted.extension)
    form, writer = _writer(wanted)
    warnings = [sentence for page in (photo, *photo.pages) for sentence in page.losses]
    fitted, losses = depth.fit_to_format(photo, form)
    try:
        data = _written(writer, fitted, quality, form.title)
    except CannotWrite:
        if fitted.metadata.icc is None:
            raise
        fitted = replace(fitted, metadata=replace(fitted.metadata, icc=None))
        data = _written(writer, fitted, quality, form.title)
        losses.append("The color profile is damaged and was left out.")
    if form is not wanted:
        warnings.append(
            f"{wanted.title} cannot be written: the result is {form.title}{_loss(writer, form, fitted, data)}."
        )
    return Encoded(data=data, format=form.name, extension=form.extension, warnings=[*warnings, *losses])


def _loss(codec: Codec, form: Format, photo: Photo, data: bytes) -> str:
    """What a format that stands in for another costs, as the end of a sentence."""
    if form.lossless or photo.format == "raw":
        return ""
    back = codec.read(data, max_pixels=1 << 62).pixels
    error = 0.0
    for top in range(0, photo.height, _BAND_ROWS):
        band = photo.pixels[top : top + _BAND_ROWS].astype(np.float32) - back[top : top + _BAND_ROWS]
        error += float(np.square(band, dtype=np.float64).sum())
    decibel = 10 * math.log10(photo.white**2 * photo.pixels.size / error) if error else math.inf
    return "" if decibel >= _INVISIBLE_DB else f", encoded anew with a loss ({decibel:.0f} dB)"


def _writer(wanted: Format) -> tuple[Format, Codec]:
    """The format that can be written for ``wanted``, and its codec. Raises CannotWrite."""
    form = wanted
    while True:
        try:
            if form.writable:
                return form, registry.codec(form)
        except UnsupportedImage:
            pass  # Its library is missing: another format stands in.
        if form.fallback is None:
            raise CannotWrite(f"{wanted.title} cannot be written.")
        form = registry.named(form.fallback)


def _written(writer: Codec, photo: Photo, quality: int | None, title: str) -> bytes:
    try:
        return writer.write(photo, quality=quality)
    except (DaguerreError, MemoryError):
        raise
    except Exception as error:  # Encoders raise anything over what they cannot hold.
        raise CannotWrite(f"The picture cannot be stored as {title}: choose another format.") from error


def content(source: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO) -> bytes:
    """The bytes of a file, as :func:`open_image` takes it. Raises InvalidImage."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if not isinstance(source, str | os.PathLike):
        return _bytes_of(source)
    path = Path(source)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InvalidImage(f"{path} is a folder, not a photo.")
        if not stat.S_ISREG(mode):
            raise InvalidImage(f"{path} is not a file.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InvalidImage(f"{path} does not exist.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidImage(f"{path} cannot be read: {reason}.") from error


def _bytes_of(source: BinaryIO) -> bytes:
    try:
        data: object = source.read()
    except (OSError, ValueError) as error:
        raise InvalidImage("The file object cannot be read: it is closed or only for writing.") from error
    if not isinstance(data, bytes):
        raise InvalidImage("The file object gives text: open it in binary mode.")
    return data
