"""Photoshop documents as their flat picture, with the resource blocks that tell of it.

Follows Adobe's file format specification. Grey, RGB and CMYK of 8 and 16 bits are taken as they
are stored; the other kinds are converted to 8-bit RGB by psd-tools.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from daguerre.errors import BrokenImage
from daguerre.imaging import limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.color.cmyk import Inks
from daguerre.imaging.metadata import exif, xmp
from daguerre.imaging.photo import Coding, Metadata, Photo, Pixels

RESOLUTION, IPTC, ICC, EXIF, XMP = 1005, 1028, 1039, 1058, 1060
COLORS = {1: 1, 3: 3, 4: 4}
MERGED = "The layers of the document were merged into one picture."


@dataclass(frozen=True, slots=True)
class PsdCoding(Coding):
    """The resource that tells the resolution and its units, and the inks of CMYK."""

    resolution: bytes | None = None
    inks: Inks | None = None


def _resources(body: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + 12 <= len(body) and body[at : at + 4] == b"8BIM":
        (number,) = struct.unpack_from(">H", body, at + 4)
        at += 6 + (body[at + 6] + 2) // 2 * 2
        (size,) = struct.unpack_from(">I", body, at)
        found[number] = body[at + 4 : at + 4 + size]
        at += 4 + (size + 1) // 2 * 2
    return found


def _planes(body: bytes, shape: tuple[int, int, int], depth: int, big: bool) -> Pixels:
    """``[channels, H, W]`` from the image data section."""
    import imagecodecs

    (compression,) = struct.unpack_from(">H", body)
    size = shape[0] * shape[1] * shape[2] * depth // 8
    rest = body[2:]
    if compression == 1:
        # Each row is packed on its own, so the rows can be unpacked in one go.
        rest = bytes(imagecodecs.packbits_decode(rest[shape[0] * shape[1] * (4 if big else 2) :]))
    elif compression != 0:
        raise BrokenImage("The document's merged picture is packed in an unknown way.")
    if len(rest) < size:
        raise BrokenImage("The Photoshop document is incomplete.")
    return np.frombuffer(rest, f">u{depth // 8}", shape[0] * shape[1] * shape[2]).reshape(shape)


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The merged picture, uint8 or uint16 ``[H, W, 1|3]``."""
    with oiio.faults():
        version, channels, height, width, depth, mode = struct.unpack_from(">4xH6xHIIHH", data)
        size = {"file_bytes": len(data), "pixel_bytes": channels * max(1, depth // 8)}
        limits.check_size(width, height, max_pixels, **size)
        at, big = 26, version == 2
        at += 4 + struct.unpack_from(">I", data, at)[0]
        (size,) = struct.unpack_from(">I", data, at)
        found = _resources(data[at + 4 : at + 4 + size])
        at += 4 + size
        (size,) = struct.unpack_from(">Q" if big else ">I", data, at)
        at += (8 if big else 4) + size
        notes = [MERGED] if size > 4 else []
        colors, icc = COLORS.get(mode, 0), found.get(ICC)
        inks = None
        if colors and channels >= colors and depth in (8, 16):
            stored = _planes(data[at:], (channels, height, width), depth, big)
            plane = np.ascontiguousarray(stored.transpose(1, 2, 0)).astype(f"u{depth // 8}")
            alpha = np.ascontiguousarray(plane[:, :, colors]) if channels > colors else None
            pixels = np.ascontiguousarray(plane[:, :, :colors])
        else:
            pixels, alpha, colors = _converted(data), None, 3
            notes.append("The document's colour mode or depth was converted to 8-bit RGB.")
    if colors == 4:
        # Documents store the light that an ink leaves.
        inks = Inks(np.iinfo(pixels.dtype).max - pixels, icc)
        icc, pixels = None, inks.colors()
    told = Metadata(icc, exif.normalised(found.get(EXIF))[0], xmp.upright(found.get(XMP)), found.get(IPTC))
    if len(found.get(RESOLUTION, b"")) >= 12:
        across, down = struct.unpack_from(">I4xI", found[RESOLUTION])
        told.dpi = (across / 65536, down / 65536) if across > 65536 and down > 65536 else None
    return Photo(pixels, "psd", alpha, told, PsdCoding(found.get(RESOLUTION), inks), losses=notes)


def _converted(data: bytes) -> Pixels:
    from psd_tools import PSDImage

    image = PSDImage.open(BytesIO(data)).topil()
    if image is None:
        raise BrokenImage("The document holds no merged picture.")
    return np.asarray(image.convert("RGB"))


def write(photo: Photo, *, quality: int | None) -> bytes:
    """A flat document, not packed."""
    del quality
    own = photo.coding if isinstance(photo.coding, PsdCoding) else PsdCoding()
    inks = own.inks
    if inks is not None and not inks.fit(photo.pixels):
        inks = None
    pixels = np.iinfo(photo.pixels.dtype).max - inks.planes_of(photo.pixels) if inks is not None else photo.pixels
    planes = [pixels[:, :, i] for i in range(pixels.shape[2])] + ([] if photo.alpha is None else [photo.alpha])
    mode = {1: 1, 3: 3, 4: 4}[pixels.shape[2]]
    depth = 8 * pixels.dtype.itemsize
    big = max(photo.height, photo.width) > 30_000
    told = photo.metadata
    held = {RESOLUTION: own.resolution}
    held |= {
        ICC: told.icc or (inks.profile if inks is not None else None),
        EXIF: told.exif,
        XMP: told.xmp,
        IPTC: told.iptc,
    }
    if told.dpi and not held[RESOLUTION]:
        across, down = (round(value * 65536) for value in told.dpi)
        held[RESOLUTION] = struct.pack(">IHHIHH", across, 1, 1, down, 1, 1)
    blocks = b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + bytes(len(body) % 2)
        for number, body in sorted(held.items())
        if body
    )
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 2 if big else 1, len(planes), photo.height, photo.width, depth, mode)
    parts = [head, bytes(4), struct.pack(">I", len(blocks)), blocks, bytes(8 if big else 4), bytes(2)]
    parts += [plane.astype(f">u{depth // 8}").tobytes() for plane in planes]
    return b"".join(parts)
