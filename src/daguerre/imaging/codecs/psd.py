"""Photoshop documents as their flat picture, with the resource blocks that tell of it.

Follows Adobe's file format specification. Parsed by hand, since psd-tools hands out black where a channel is damaged
and knows no block that it has to put back unread; it takes the modes that are left.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np

from daguerre.errors import BrokenImage
from daguerre.imaging import limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.color import lab, transfer
from daguerre.imaging.color.cmyk import Inks
from daguerre.imaging.containers import photoshop
from daguerre.imaging.description import Page
from daguerre.imaging.metadata.orientation import stand_upright
from daguerre.imaging.photo import Coding, Enlarge, Metadata, Photo, Pixels, Turn, white_of

BITMAP, GRAY, INDEXED, RGB, CMYK, DUOTONE, LAB = 0, 1, 2, 3, 4, 8, 9
_COLORS = {BITMAP: 1, GRAY: 1, INDEXED: 1, RGB: 3, CMYK: 4, DUOTONE: 1, LAB: 3}
_NAMES = {
    BITMAP: "gray", GRAY: "gray", INDEXED: "palette", RGB: "RGB", CMYK: "CMYK", DUOTONE: "duotone", LAB: "Lab",
}  # fmt: skip
_NO_LIMIT = 1 << 62
_HELD_APART = (
    photoshop.RESOLUTION, photoshop.IPTC, photoshop.ICC, photoshop.EXIF, photoshop.XMP, *photoshop.THUMBNAILS,
    *photoshop.LAYERS, 1047,
)  # fmt: skip
MERGED = "The layers of the document were merged into one picture."
_LONGEST_SIDE = 30_000
_OPACITY, _SELECTION = b"\x0cTransparency", b"\x07Alpha 1"
"""Names of the first further channel; where a flat document names none, programs mean opacity."""


@dataclass(frozen=True, slots=True)
class PsdCoding(Coding):
    """The resource that tells the resolution and its units, the inks of CMYK, the color mode and what belongs to it (a
    duotone's inks), the linear profile of floats, and further channels ``[H, W, C]``."""

    resolution: bytes | None = None
    inks: Inks | None = None
    mode: int | None = None
    mode_data: bytes = b""
    linear_icc: bytes | None = None
    extra: Pixels | None = None

    def enlarged(self, enlarge: Enlarge) -> PsdCoding:
        return replace(
            self,
            resolution=None,
            inks=None if self.inks is None else self.inks.enlarged(enlarge),
            extra=None if self.extra is None else enlarge(self.extra),
        )

    def turned(self, turn: Turn) -> PsdCoding:
        return replace(
            self,
            resolution=None,
            inks=None if self.inks is None else self.inks.turned(turn),
            extra=None if self.extra is None else turn(self.extra),
        )

    def only_here(self) -> tuple[str, ...]:
        further = ("further channels",) if self.extra is not None else ()
        return (*further, "inks of a duotone") if self.mode == DUOTONE else further


@dataclass(frozen=True, slots=True)
class _Document:
    """The sections of a document. ``first_is_alpha``: the first further channel is the merged picture's opacity."""

    big: bool
    channels: int
    height: int
    width: int
    depth: int
    mode: int
    mode_data: bytes
    resources: dict[int, bytes]
    others: bytes
    has_layers: bool
    first_is_alpha: bool
    picture: bytes


def _parsed(data: bytes, max_pixels: int) -> _Document:
    version, channels, height, width, depth, mode = struct.unpack_from(">4xH6xHIIHH", data)
    pixel_bytes = channels * max(1, depth // 8)
    limits.check_size(width, height, max_pixels, file_bytes=len(data), pixel_bytes=pixel_bytes)
    if depth not in (1, 8, 16, 32) or not 0 < channels < 57:
        raise BrokenImage("The Photoshop document is damaged: its header makes no sense.")
    at, big = 26, version == 2
    (size,) = struct.unpack_from(">I", data, at)
    mode_data = data[at + 4 : at + 4 + size]
    at += 4 + size
    (size,) = struct.unpack_from(">I", data, at)
    rows = list(photoshop.walk_resources(data[at + 4 : at + 4 + size]))
    at += 4 + size
    (size,) = struct.unpack_from(">Q" if big else ">I", data, at)
    start = at + (8 if big else 4)
    layers = data[start : start + size]
    # The number of layers is negative where the first further channel is the opacity of the merged picture.
    count = _layer_count(layers, big)
    own = [row for row in rows if row.signature == b"8BIM"]
    found = {row.number: row.body for row in reversed(own)}
    names = found.get(photoshop.CHANNEL_NAMES)
    first_is_alpha = count < 0 or (count == 0 and (names is None or names.startswith(_OPACITY)))
    return _Document(
        big, channels, height, width, depth, mode, mode_data,
        found,
        b"".join(row.packed() for row in rows if row not in own or row.number not in _HELD_APART),
        count != 0, first_is_alpha, data[start + size :],
    )  # fmt: skip


def _layer_count(layers: bytes, big: bool) -> int:
    """The number of layers; those of 16 and 32 bits are counted in a block of their own."""
    width = 8 if big else 4
    if layers[:width].strip(b"\0") and len(layers) >= width + 2:
        return int(struct.unpack_from(">h", layers, width)[0])
    for key in (b"8BIMLr16", b"8BIMLr32", b"8BIMLayr"):
        at = layers.find(key)
        if at >= 0 and at + 8 + width + 2 <= len(layers):
            return int(struct.unpack_from(">h", layers, at + 8 + width)[0])
    return 0


def _planes(document: _Document) -> Pixels:
    """``[channels, H, W]`` of the image data section: bool, unsigned integers or floats."""
    import imagecodecs

    (compression,) = struct.unpack_from(">H", document.picture)
    rows = document.height * document.channels
    row_bytes = (document.width * document.depth + 7) // 8
    rest = document.picture[2:]
    if compression == 1:
        counts = np.frombuffer(rest, ">u4" if document.big else ">u2", rows)
        # Each row is packed on its own, so the rows can be unpacked in one go, unless some give more than they should.
        whole = bytes(imagecodecs.packbits_decode(rest[counts.nbytes :]))
        rest = whole if len(whole) == rows * row_bytes else _by_rows(rest, counts, row_bytes)
    elif compression == 2:
        rest = zlib.decompressobj().decompress(rest, rows * row_bytes)
    elif compression != 0:
        raise BrokenImage("The document's merged picture is packed in an unknown way.")
    if len(rest) < rows * row_bytes:
        raise BrokenImage("The Photoshop document is incomplete.")
    shape = (document.channels, document.height, -1)
    if document.depth == 1:
        bits = np.frombuffer(rest, np.uint8, rows * row_bytes).reshape(shape)
        return np.unpackbits(bits, axis=2)[:, :, : document.width].astype(np.bool_)
    kind = ">f4" if document.depth == 32 else f">u{document.depth // 8}"
    return np.frombuffer(rest, kind, rows * document.width).reshape(shape)


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The merged picture, and what the resources tell."""
    with oiio.translate_faults():
        document = _parsed(data, _NO_LIMIT)
    colors = _COLORS.get(document.mode, 3)
    further = document.channels - colors
    extra = (("alpha",) if further > 0 and document.first_is_alpha else ()) + ("channel",) * max(
        0, further - document.first_is_alpha
    )
    found = document.resources
    page = Page(
        document.width, document.height, document.depth, _NAMES.get(document.mode, "multichannel"), extra=extra,
        is_float=document.depth == 32,
    )  # fmt: skip
    icc, block, packet = (found.get(number) for number in (photoshop.ICC, photoshop.EXIF, photoshop.XMP))
    return [page], Metadata(icc, block, packet, found.get(photoshop.IPTC), resources=document.others or None)


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The merged picture: uint8, uint16, or float32 on the display curve, as documents of 32 bits are linear."""
    with oiio.translate_faults():
        document = _parsed(data, max_pixels)
        losses = [MERGED] if document.has_layers else []
        found = document.resources
        standing = stand_upright(found.get(photoshop.EXIF), found.get(photoshop.XMP))
        icc, linear_icc, inks, alpha, extra = found.get(photoshop.ICC), None, None, None, None
        colors = _COLORS.get(document.mode, 0)
        if not colors or document.channels < colors:
            pixels = _by_psd_tools(data)
            losses.append("The document's color mode was converted to 8-bit RGB.")
        else:
            planes = _native(_planes(document).transpose(1, 2, 0))
            pixels = np.ascontiguousarray(planes[:, :, :colors])
            further = colors + document.first_is_alpha
            if document.channels > colors and document.first_is_alpha:
                alpha = np.ascontiguousarray(planes[:, :, colors])
            extra = np.ascontiguousarray(planes[:, :, further:]) if document.channels > further else None
            if document.mode == CMYK:
                # Documents store the light that an ink leaves.
                inks = Inks(pixels.dtype.type(white_of(pixels.dtype)) - pixels, icc)
                icc, pixels = None, inks.colors()
            elif document.depth == 32:
                pixels, icc, linear_icc = transfer.to_display(pixels), None, icc
            pixels = _colors(pixels, document, losses)
        if document.mode == LAB:
            icc = None
        resolution = found.get(photoshop.RESOLUTION)
        iptc = found.get(photoshop.IPTC)
        told = Metadata(icc, standing.exif, standing.xmp, iptc, resources=document.others or None)
        if len(resolution or b"") >= 12:
            across, down = struct.unpack_from(">I4xI", resolution or b"")
            told.dpi = (across / 65536, down / 65536) if across > 65536 and down > 65536 else None
    kept = document.mode_data if document.mode == DUOTONE else b""
    coding = PsdCoding(resolution, inks, document.mode, kept, linear_icc, extra)
    return Photo(pixels, "psd", alpha, told, coding, losses=losses)


def _by_rows(packed: bytes, counts: Pixels, row_bytes: int) -> bytes:
    import imagecodecs

    ends = counts.nbytes + np.cumsum(counts, dtype=np.int64)
    if len(ends) and ends[-1] > len(packed):
        raise BrokenImage("The Photoshop document is incomplete.")
    found = (imagecodecs.packbits_decode(packed[end - count : end]) for end, count in zip(ends, counts, strict=True))
    return b"".join(bytes(row[:row_bytes]).ljust(row_bytes, b"\0") for row in found)


def _native(planes: Pixels) -> Pixels:
    return planes.astype(planes.dtype.newbyteorder("=")) if planes.dtype.kind != "b" else planes


def _colors(pixels: Pixels, document: _Document, losses: list[str]) -> Pixels:
    """Samples of any mode but CMYK as gray or RGB."""
    match document.mode:
        case 0:
            return np.where(pixels, np.uint8(0), np.uint8(255))
        case 2:
            losses.append("The document's palette was given up: its colors are now RGB.")
            palette = np.frombuffer(document.mode_data.ljust(768, b"\0"), np.uint8, 768).reshape(3, 256).T
            return np.ascontiguousarray(palette[pixels[:, :, 0]])
        case 9:
            losses.append("The document's Lab colors are now sRGB, which does not hold all of them.")
            white = white_of(pixels.dtype)
            values = pixels.astype(np.float32)
            values[:, :, 0] *= np.float32(100 / white)
            unit = np.float32((white + 1) / 256)
            values[:, :, 1:] = values[:, :, 1:] / unit - 128
            return np.rint(lab.to_srgb(values) * white).astype(pixels.dtype)
    return pixels


def _by_psd_tools(data: bytes) -> Pixels:
    from psd_tools import PSDImage

    image = PSDImage.open(BytesIO(data)).topil()
    if image is None:
        raise BrokenImage("The document holds no merged picture.")
    return np.asarray(image.convert("RGB"))


def write(photo: Photo, *, quality: int | None) -> bytes:
    """A flat document, not packed, of the depth of ``photo`` and the mode that it came in."""
    del quality
    own = photo.coding if isinstance(photo.coding, PsdCoding) else PsdCoding()
    inks = own.inks if own.inks is not None and own.inks.fit(photo.pixels) else None
    pixels = photo.pixels
    if inks is not None:
        pixels = pixels.dtype.type(photo.white) - inks.planes_of(pixels)
    elif pixels.dtype.kind == "f":
        pixels = transfer.to_linear(pixels)
    planes = [pixels[:, :, i] for i in range(pixels.shape[2])] + ([] if photo.alpha is None else [photo.alpha])
    extra = own.extra
    if extra is not None and extra.shape[:2] == pixels.shape[:2] and extra.dtype == pixels.dtype:
        planes += [extra[:, :, i] for i in range(extra.shape[2])]
    mode, mode_data, depth = {1: GRAY, 3: RGB, 4: CMYK}[pixels.shape[2]], b"", 8 * pixels.dtype.itemsize
    if own.mode == DUOTONE and mode == GRAY:
        mode, mode_data = DUOTONE, own.mode_data
    elif own.mode == BITMAP and len(planes) == 1 and bool(np.isin(pixels, (0, 255)).all()):
        mode, depth, planes = BITMAP, 1, [np.packbits(planes[0] == 0, axis=1)]
    big = max(photo.height, photo.width) > _LONGEST_SIDE
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 2 if big else 1, len(planes), photo.height, photo.width, depth, mode)
    further = len(planes) - (pixels.shape[2] if depth > 1 else 1)
    parts = [head, struct.pack(">I", len(mode_data)), mode_data, *_resources(photo, own, inks, further)]
    parts += [bytes(8 if big else 4), bytes(2)]
    parts += [plane.astype(plane.dtype.newbyteorder(">")).tobytes() for plane in planes]
    return b"".join(parts)


def _resources(photo: Photo, own: PsdCoding, inks: Inks | None, further: int) -> tuple[bytes, bytes]:
    told = photo.metadata
    icc = told.icc or (inks.profile if inks is not None else None)
    if icc is None and photo.pixels.dtype.kind == "f":
        icc = own.linear_icc
    held = {
        photoshop.RESOLUTION: own.resolution,
        photoshop.IPTC: told.iptc,
        photoshop.ICC: icc,
        photoshop.EXIF: told.exif,
        photoshop.XMP: told.xmp,
    }
    if told.dpi and not own.resolution:
        across, down = (round(value * 65536) for value in told.dpi)
        held[photoshop.RESOLUTION] = struct.pack(">IHHIHH", across, 1, 1, down, 1, 1)
    rows = [photoshop.make_resource(number, body) for number, body in sorted(held.items()) if body]
    rows += [row for row in photoshop.walk_resources(told.resources or b"") if row.number not in held]
    if further and all(row.number != photoshop.CHANNEL_NAMES for row in rows):
        rows.append(
            photoshop.make_resource(photoshop.CHANNEL_NAMES, _OPACITY if photo.alpha is not None else _SELECTION)
        )
    blocks = b"".join(row.packed() for row in rows)
    return struct.pack(">I", len(blocks)), blocks
