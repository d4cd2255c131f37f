"""OpenImageIO from memory to memory, with the traps of its defaults closed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from daguerre.errors import BrokenImage, CannotWrite, InvalidImage

Samples = npt.NDArray[Any]

STRUCTURE = ("oiio:", "tiff:", "ICCProfile:", "openexr:chunkCount", "png:", "XMP", "IPTC")
"""Attributes that describe the file that was read, not the one that will be written."""


@contextmanager
def open_reader(data: bytes, suffix: str, *, inks: bool = False) -> Iterator[Any]:
    """An ``ImageInput`` over ``data``, giving alpha as it is stored, and with ``inks`` every color space as well.

    Python's OpenImageIO reads from a path only, hence the file that lives as long as the reader.
    """
    import OpenImageIO as oiio

    hints = oiio.ImageSpec()
    hints.attribute("oiio:UnassociatedAlpha", 1)
    hints.attribute("oiio:RawColor", int(inks))
    with _place(suffix) as path:
        path.write_bytes(data)
        reader = oiio.ImageInput.open(str(path), hints)
        if reader is None:
            oiio.geterror()
            raise BrokenImage("The picture cannot be decoded: the file is damaged or incomplete.")
        try:
            yield reader
        finally:
            reader.close()


def read_samples(reader: Any, subimage: int, kind: str) -> Samples:
    """All samples of one subimage, ``[H, W, C]``, as OpenImageIO's type ``kind``."""
    plane = reader.read_image(subimage, 0, 0, reader.spec(subimage).nchannels, kind)
    if plane is None or reader.has_error:
        reader.geterror()
        raise BrokenImage("The picture cannot be decoded: the file is damaged or incomplete.")
    return np.asarray(plane)


def read_attributes(spec: Any) -> list[tuple[str, Any, Any]]:
    """Name, type and value of what a file says that a rewritten file may say again."""
    return [
        (a.name, a.type, a.value)
        for a in spec.extra_attribs
        if not a.name.startswith(STRUCTURE) and all(_is_text(text) for text in (a.name, a.value))
    ]


def _is_text(value: object) -> bool:
    """Whether ``value`` could be written as UTF-8, should it be a text."""
    return not isinstance(value, str) or not any("\ud800" <= letter <= "\udfff" for letter in value)


def encode(suffix: str, images: Sequence[tuple[Any, Samples]]) -> bytes:
    """The bytes of a file that holds ``images``, pairs of ``ImageSpec`` and ``[H, W, C]`` samples."""
    import OpenImageIO as oiio

    with _place(suffix) as path:
        writer = oiio.ImageOutput.create(str(path))
        if writer is None:
            oiio.geterror()
            raise CannotWrite(f"This installation cannot write {suffix[1:]} files.")
        done = True
        for index, (spec, plane) in enumerate(images):
            done = done and writer.open(str(path), spec, "AppendSubimage" if index else "Create")
            # It refuses samples whose type names the machine's own byte order.
            native = np.ascontiguousarray(plane).view(np.dtype(plane.dtype.name))
            done = done and writer.write_image(native)
        if not (writer.close() and done):
            writer.geterror()
            if shutil.disk_usage(path.parent).free < sum(plane.nbytes for _, plane in images):
                raise _no_room()
            raise CannotWrite(f"The picture could not be stored as {suffix[1:]}: choose another format.")
        return path.read_bytes()


@contextmanager
def _place(suffix: str) -> Iterator[Path]:
    """Where a file may lie for as long as the context. Raises CannotWrite where there is no room."""
    try:
        with tempfile.TemporaryDirectory(prefix="daguerre-") as folder:
            yield Path(folder) / f"photo{suffix}"
    except OSError as error:
        raise _no_room() from error


def _no_room() -> CannotWrite:
    return CannotWrite("There is no room for temporary files: free some, or name another folder in TMPDIR.")


def turn_upright(plane: Samples, orientation: int) -> Samples:
    """``[H, W, ...]`` turned and mirrored as EXIF ``orientation`` 1-8 asks."""
    if orientation in (5, 6, 7, 8):
        plane = plane.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    if orientation in (2, 3, 6, 7):
        plane = plane[:, ::-1]
    return np.ascontiguousarray(plane)


def combined(first: int, then: int) -> int:
    """The orientation 1-8 that turns a picture as ``first`` and ``then`` do, one after the other."""
    marked = np.arange(6).reshape(2, 3)
    wanted = turn_upright(turn_upright(marked, first), then)
    return next(each for each in range(1, 9) if np.array_equal(turn_upright(marked, each), wanted))


@contextmanager
def translate_faults() -> Iterator[None]:
    """Turns whatever a decoder raises on bad input into ``BrokenImage``."""
    try:
        yield
    except (InvalidImage, CannotWrite, MemoryError):
        raise
    except Exception as error:
        raise BrokenImage("The picture cannot be decoded: the file is damaged or incomplete.") from error
