"""OpenEXR: half or float, linear light, further channels carried along."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from daguerre.errors import UnsupportedImage
from daguerre.imaging import limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.color import transfer
from daguerre.imaging.description import Page
from daguerre.imaging.metadata import xmp
from daguerre.imaging.photo import Coding, Enlarge, Metadata, Photo, Pixels, Turn

_CHANNELS = b"channels\0chlist\0"
XMP = "xmp"
"""The attribute under which programs store the packet; OpenEXR itself names none."""


@dataclass(frozen=True, slots=True)
class ExrCoding(Coding):
    """Names and kinds of the channels, the kind of most of them, what the header says, the data window and the display
    window, where color and alpha lie among the channels, and the samples of the others by their place."""

    names: list[str] = field(default_factory=list)
    kind: str = "half"
    kinds: list[str] = field(default_factory=list)
    attributes: list[tuple[str, Any, Any]] = field(default_factory=list)
    window: tuple[int, int, int, int, int, int] | None = None
    color: list[int] = field(default_factory=list)
    alpha: int | None = None
    extra: dict[int, Pixels] = field(default_factory=dict)

    def enlarged(self, enlarge: Enlarge) -> ExrCoding:
        window = self.window
        if window is not None:
            x, y, left, top, width, height = (enlarge.factor * length for length in window)
            window = x, y, left, top, width, height
        return replace(self, window=window, extra={index: enlarge(plane) for index, plane in self.extra.items()})

    def turned(self, turn: Turn) -> ExrCoding:
        # Where the data lies in the display window is said of the picture as it lay.
        return replace(self, window=None, extra={index: turn(plane) for index, plane in self.extra.items()})

    def cut(self, cut: Enlarge) -> ExrCoding:
        return replace(self, window=None, extra={index: cut(plane) for index, plane in self.extra.items()})


def _planes(names: list[str]) -> tuple[list[int], int | None]:
    """Where the color channels and the alpha channel lie."""
    lower = [name.lower() for name in names]
    alpha = lower.index("a") if "a" in lower else None
    if all(name in lower for name in "rgb"):
        return [lower.index(name) for name in "rgb"], alpha
    if "y" in lower:
        return [lower.index("y")], alpha
    others = [index for index in range(len(names)) if index != alpha]
    return others[: 3 if len(others) >= 3 else 1], alpha


def _refuse_subsampling(data: bytes) -> None:
    """Raises UnsupportedImage for channels that hold fewer samples than the picture has pixels."""
    at = data.find(_CHANNELS, 0, 1 << 16)
    if at < 0:
        return
    at += len(_CHANNELS) + 4
    while at < len(data) and data[at]:
        end = data.find(b"\0", at)
        if end < 0 or end + 17 > len(data):
            return
        if struct.unpack_from("<ii", data, end + 9) != (1, 1):
            kind = "luminance and chroma" if data[at:end] in (b"RY", b"BY") else "channels of several sizes"
            raise UnsupportedImage(f"The OpenEXR file holds {kind}, which cannot be read.")
        at = end + 17


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The parts."""
    pages: list[Page] = []
    with oiio.translate_faults(), oiio.open_reader(data, ".exr") as reader:
        packet = reader.spec(0).get_string_attribute(XMP, "")
        while reader.seek_subimage(len(pages), 0):
            spec = reader.spec(len(pages))
            names = list(spec.channelnames)
            color, alpha = _planes(names)
            extra = tuple(name for index, name in enumerate(names) if index not in color and index != alpha)
            bits = 16 if str(spec.format) == "half" else 32
            kind = "frame" if pages else "photo"
            further = (*(("alpha",) if alpha is not None else ()), *extra)
            pages.append(Page(spec.width, spec.height, bits, "RGB" if len(color) == 3 else "gray", kind, further, True))
    return pages, Metadata(xmp=packet.encode(errors="replace") or None)


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The first part of the file, float32 ``[H, W, 1|3]`` on the display curve."""
    _refuse_subsampling(data)
    with oiio.translate_faults(), oiio.open_reader(data, ".exr") as reader:
        spec = reader.spec(0)
        size = {"file_bytes": len(data), "pixel_bytes": 4 * spec.nchannels}
        limits.check_size(spec.width, spec.height, max_pixels, **size)
        names, kind = list(spec.channelnames), str(spec.format)
        kinds = [str(k) for k in spec.channelformats]
        plane = oiio.read_samples(reader, 0, "float")
        notes = []
        if reader.seek_subimage(1, 0):
            notes.append("Only the first part of the multi-part OpenEXR file was kept.")
        reader.seek_subimage(0, 0)
        kept = [row for row in oiio.read_attributes(spec) if row[0] != XMP]
        packet = spec.get_string_attribute(XMP, "")
        window = (spec.x, spec.y, spec.full_x, spec.full_y, spec.full_width, spec.full_height)
    if not np.isfinite(plane).all():
        plane = np.nan_to_num(plane, nan=0.0, posinf=65504.0, neginf=-65504.0)
        notes.append("Samples that were not finite numbers were replaced.")
    color, at = _planes(names)
    alpha = None
    pixels = plane[:, :, color]
    if at is not None:
        alpha = np.ascontiguousarray(plane[:, :, at])
        # OpenEXR stores premultiplied color; where alpha is 0 there is light to keep and nothing to divide by.
        pixels = pixels / np.where(alpha == 0, 1, alpha)[:, :, None]
    extra = [i for i in range(len(names)) if i not in color and i != at]
    coding = ExrCoding(names, kind, kinds, kept, window, color, at, extra={i: plane[:, :, i].copy() for i in extra})
    metadata = Metadata(xmp=xmp.set_upright(packet.encode(errors="replace")))
    return Photo(
        pixels=transfer.to_display(np.ascontiguousarray(pixels, dtype=np.float32)),
        format="exr",
        alpha=alpha,
        metadata=metadata,
        coding=coding,
        losses=notes,
    )


def _in_color(own: ExrCoding) -> ExrCoding:
    """The coding of a gray file with R, G and B, of the same depth, where its one channel was."""
    (at,) = own.color
    layer, _, _ = own.names[at].rpartition(".")
    colors = [f"{layer}.{name}" if layer else name for name in "RGB"]

    def moved(index: int) -> int:
        return index if index < at else index + 2

    return replace(
        own,
        names=own.names[:at] + colors + own.names[at + 1 :],
        kinds=own.kinds[:at] + own.kinds[at : at + 1] * 3 + own.kinds[at + 1 :],
        color=[at, at + 1, at + 2],
        alpha=None if own.alpha is None else moved(own.alpha),
        extra={moved(index): plane for index, plane in own.extra.items()},
    )


def write(photo: Photo, *, quality: int | None) -> bytes:
    """A scan-line OpenEXR file with the channels, depth and attributes of the one that was read."""
    import OpenImageIO as oi

    del quality
    own = photo.coding if isinstance(photo.coding, ExrCoding) else ExrCoding()
    channels = photo.pixels.shape[2]
    shown = photo.pixels.astype(np.float32) / np.float32(photo.white)
    light = transfer.to_linear(shown)
    alpha = None if photo.alpha is None else photo.alpha.astype(np.float32) / np.float32(photo.white)
    if alpha is not None:
        light *= np.where(alpha == 0, 1, alpha)[:, :, None]
    if channels == 3 and len(own.color) == 1:
        own = _in_color(own)
    names = own.names if len(own.color) == channels else []
    if names and (own.alpha is None) == (alpha is None):
        plane = np.zeros((*light.shape[:2], len(names)), np.float32)
        color, at = own.color, own.alpha
        for index, extra in own.extra.items():
            if extra.shape == plane.shape[:2]:
                plane[:, :, index] = extra
    else:
        own, names = ExrCoding(), (["Y"] if channels == 1 else ["R", "G", "B"]) + ([] if alpha is None else ["A"])
        color, at = list(range(channels)), None if alpha is None else channels
        plane = np.zeros((*light.shape[:2], len(names)), np.float32)
    plane[:, :, color] = light
    if at is not None:
        plane[:, :, at] = alpha
    spec = oi.ImageSpec(photo.width, photo.height, len(names), own.kind)
    spec.channelnames = tuple(names)
    if own.kinds:
        spec.channelformats = tuple(oi.TypeDesc(k) for k in own.kinds)
    for name, typed, value in own.attributes:
        spec.attribute(name, typed, value)
    if photo.metadata.xmp:
        spec.attribute(XMP, photo.metadata.xmp.decode(errors="replace"))
    if own.window is not None:
        spec.x, spec.y, spec.full_x, spec.full_y, spec.full_width, spec.full_height = own.window
    if own.kind == "half":
        plane = np.clip(plane, -65504, 65504)
    return oiio.encode(".exr", [(spec, plane)])
