"""TIFF files of any kind, built from their tags and stored samples."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Directory, Entry, StoredPage, long, rational, short


def text(value: str) -> Entry:
    """``value`` as ASCII."""
    raw = value.encode() + b"\0"
    return Entry(2, len(raw), raw)


def page(
    stored: bytes, width: int, height: int, bits: tuple[int, ...], photometric: int, tags: Directory
) -> StoredPage:
    """One page of a single strip; ``tags`` replace and add."""
    own: Directory = {
        256: long(width), 257: long(height), 258: short(*bits), 259: short(1), 262: short(photometric),
        277: short(len(bits)), 278: long(height), 282: rational(300), 283: rational(300), 296: short(2),
    }  # fmt: skip
    return StoredPage(own | tags, (stored,))


def of(plane: npt.NDArray[np.generic], photometric: int, **tags: Entry) -> StoredPage:
    """A page of ``[H, W]`` or ``[H, W, C]``; ``tags`` by their numbers, as ``t338``."""
    plane = plane if plane.ndim == 3 else plane[:, :, None]
    height, width, channels = plane.shape
    kind = {"u": 1, "i": 2, "f": 3}[plane.dtype.kind]
    own = {339: short(*[kind] * channels)} if kind != 1 else {}
    own |= {int(name[1:]): entry for name, entry in tags.items()}
    bits = (8 * plane.dtype.itemsize,) * channels
    return page(plane.astype(plane.dtype.newbyteorder("<")).tobytes(), width, height, bits, photometric, own)


def file(*pages: StoredPage) -> bytes:
    """A little-endian file of ``pages``."""
    return tiff_ifd.rewrite_pages(b"II*\0" + struct.pack("<I", 0), pages)


def packed(plane: npt.NDArray[np.uint16], bits: int) -> bytes:
    """``[H, W]`` samples of ``bits`` each, from the highest bit on; each row begins at a byte."""
    rows: Iterable[npt.NDArray[np.bool_]] = (plane[:, :, None] >> np.arange(bits - 1, -1, -1) & 1).astype(bool)
    return b"".join(np.packbits(row.reshape(-1)).tobytes() for row in rows)
