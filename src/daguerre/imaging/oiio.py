"""OpenImageIO from memory to memory, with the traps of its defaults closed."""

from __future__ import annotations

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
def opened(data: bytes, suffix: str, *, inks: bool = False) -> Iterator[Any]:
    """An ``ImageInput`` over ``data``, giving alpha as it is stored, and with ``inks`` every colour space as well.

    Python's OpenImageIO reads from a path only, hence the file that lives as long as the reader.
    """
    import OpenImageIO as oiio

    hints = oiio.ImageSpec()
    hints.attribute("oiio:UnassociatedAlpha", 1)
    hints.attribute("oiio:RawColor", int(inks))
    with tempfile.TemporaryDirectory(prefix="daguerre-") as folder:
        path = Path(folder) / f"photo{suffix}"
        path.write_bytes(data)
        reader = oiio.ImageInput.open(str(path), hints)
        if reader is None:
            oiio.geterror()
            raise BrokenImage("The picture cannot be decoded: the file is damaged or incomplete.")
        try:
            yield reader
        finally:
            reader.close()


def samples(reader: Any, subimage: int, kind: str) -> Samples:
    """All samples of one subimage, ``[H, W, C]``, as OpenImageIO's type ``kind``."""
    plane = reader.read_image(subimage, 0, 0, reader.spec(subimage).nchannels, kind)
    if plane is None or reader.has_error:
        reader.geterror()
        raise BrokenImage("The picture cannot be decoded: the file is damaged or incomplete.")
    return np.asarray(plane)


def attributes(spec: Any) -> list[tuple[str, Any, Any]]:
    """Name, type and value of what a file says that a rewritten file may say again."""
    return [(a.name, a.type, a.value) for a in spec.extra_attribs if not a.name.startswith(STRUCTURE)]


def encoded(suffix: str, images: Sequence[tuple[Any, Samples]]) -> bytes:
    """The bytes of a file that holds ``images``, pairs of ``ImageSpec`` and ``[H, W, C]`` samples."""
    import OpenImageIO as oiio

    with tempfile.TemporaryDirectory(prefix="daguerre-") as folder:
        path = str(Path(folder) / f"photo{suffix}")
        writer = oiio.ImageOutput.create(path)
        if writer is None:
            raise CannotWrite(f"This installation cannot write {suffix[1:]} files: {oiio.geterror()}")
        for index, (spec, plane) in enumerate(images):
            done = writer.open(path, spec, "AppendSubimage" if index else "Create")
            if not (done and writer.write_image(np.ascontiguousarray(plane))):
                raise CannotWrite(f"The picture could not be encoded: {writer.geterror()}")
        if not writer.close():
            raise CannotWrite(f"The picture could not be encoded: {writer.geterror()}")
        return Path(path).read_bytes()


def upright(plane: Samples, orientation: int) -> Samples:
    """``[H, W, ...]`` turned and mirrored as EXIF ``orientation`` 1-8 asks."""
    if orientation in (5, 6, 7, 8):
        plane = plane.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    if orientation in (2, 3, 6, 7):
        plane = plane[:, ::-1]
    return np.ascontiguousarray(plane)


@contextmanager
def faults() -> Iterator[None]:
    """Turns whatever a decoder raises on bad input into ``BrokenImage``."""
    try:
        yield
    except (InvalidImage, CannotWrite, MemoryError):
        raise
    except Exception as error:
        raise BrokenImage("The picture cannot be decoded: the file is damaged or incomplete.") from error
