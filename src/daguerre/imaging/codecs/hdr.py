"""Radiance HDR: linear light with one exponent for the three channels of a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daguerre.imaging import limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.color import transfer
from daguerre.imaging.description import Page
from daguerre.imaging.photo import Coding, Metadata, Photo

_XYZ = b"32-bit_rle_xyze"
_RGB = b"32-bit_rle_rgbe"
_XYZ_TO_RGB = np.array(
    ((3.2404542, -1.5371385, -0.4985314), (-0.9692660, 1.8760108, 0.0415560), (0.0556434, -0.2040259, 1.0572252)),
    np.float32,
)
"""To linear sRGB (IEC 61966-2-1)."""
_CONVERTED = "The XYZ colors of the Radiance file are now RGB."


@dataclass(frozen=True, slots=True)
class HdrCoding(Coding):
    """The lines of the header but its first, the format and the size: exposure, view, the programs it went through."""

    lines: tuple[bytes, ...] = ()

    def only_here(self) -> tuple[str, ...]:
        return ("header",) if self.lines else ()


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture."""
    with oiio.translate_faults(), oiio.open_reader(data.replace(_XYZ, _RGB, 1), ".hdr") as reader:
        spec = reader.spec(0)
        return [Page(spec.width, spec.height, 32, "XYZ" if _XYZ in data[:4096] else "RGB", is_float=True)], Metadata()


def read(data: bytes, *, max_pixels: int) -> Photo:
    """Float32 ``[H, W, 3]`` on the display curve, upright; the exposure stays in the header."""
    head, _, _ = data.partition(b"\n\n")
    is_xyz = _XYZ in head
    if is_xyz:
        data = data.replace(_XYZ, _RGB, 1)
    with oiio.translate_faults(), oiio.open_reader(data, ".hdr") as reader:
        spec = reader.spec(0)
        limits.check_size(spec.width, spec.height, max_pixels, file_bytes=len(data), pixel_bytes=12)
        plane = oiio.read_samples(reader, 0, "float")
        turn = spec.get_int_attribute("Orientation", 1)
    plane = oiio.turn_upright(plane.astype(np.float32, copy=False), turn)
    if is_xyz:
        plane = plane @ _XYZ_TO_RGB.T
    lines = tuple(line for line in head.split(b"\n")[1:] if line and not line.startswith(b"FORMAT="))
    losses = [_CONVERTED] if is_xyz else []
    return Photo(transfer.to_display(plane), "hdr", coding=HdrCoding(lines), losses=losses)


def rounded(light: transfer.Floats) -> transfer.Floats:
    """``[H, W, 3]`` linear light on the nearest values that RGBE can hold, none of them negative."""
    light = np.maximum(light, 0)
    top = light.max(axis=2, keepdims=True)
    # What rounds up to the next power of two takes the next exponent.
    _, exponent = np.frexp(top * np.float32(256 / 255.5))
    step = np.ldexp(np.float32(1), exponent - 8)
    mantissa = np.minimum(np.round(light / step), 255)
    # The encoder cuts off what is below a step; a quarter keeps the rounded value above the cut.
    return np.where(top > 1e-32, (mantissa + np.where(mantissa < 255, 0.25, 0.1)) * step, 0).astype(np.float32)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """A Radiance file; gray is written as three equal channels."""
    import OpenImageIO as oi

    del quality
    light = transfer.to_linear(photo.pixels.astype(np.float32) / np.float32(photo.white))
    if light.shape[2] == 1:
        light = np.repeat(light, 3, axis=2)
    spec = oi.ImageSpec(photo.width, photo.height, 3, "float")
    data = oiio.encode(".hdr", [(spec, rounded(light))])
    lines = photo.coding.lines if isinstance(photo.coding, HdrCoding) else ()
    _, _, picture = data.partition(b"\n\n")
    head = b"\n".join((b"#?RADIANCE", *lines, b"FORMAT=" + _RGB))
    return head + b"\n\n" + picture
