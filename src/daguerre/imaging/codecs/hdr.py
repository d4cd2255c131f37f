"""Radiance HDR: linear light with one exponent for the three channels of a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from daguerre.imaging import limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.color import transfer
from daguerre.imaging.photo import Coding, Photo


@dataclass(frozen=True, slots=True)
class HdrCoding(Coding):
    """Name, type and value of what the header says."""

    attributes: tuple[tuple[str, Any, Any], ...] = ()


def read(data: bytes, *, max_pixels: int) -> Photo:
    """Float32 ``[H, W, 3]`` on the display curve, upright."""
    with oiio.faults(), oiio.opened(data, ".hdr") as reader:
        spec = reader.spec(0)
        limits.check_size(spec.width, spec.height, max_pixels, file_bytes=len(data), pixel_bytes=12)
        plane = oiio.samples(reader, 0, "float")
        turn = spec.get_int_attribute("Orientation", 1)
        kept = [a for a in oiio.attributes(spec) if a[0] != "Orientation"]
    plane = oiio.upright(plane.astype(np.float32, copy=False), turn)
    return Photo(pixels=transfer.display(plane), format="hdr", coding=HdrCoding(tuple(kept)))


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
    """A Radiance file; grey is written as three equal channels."""
    import OpenImageIO as oi

    del quality
    light = transfer.linear(photo.pixels.astype(np.float32) / np.float32(photo.white))
    if light.shape[2] == 1:
        light = np.repeat(light, 3, axis=2)
    spec = oi.ImageSpec(photo.width, photo.height, 3, "float")
    for name, typed, value in photo.coding.attributes if isinstance(photo.coding, HdrCoding) else ():
        spec.attribute(name, typed, value)
    return oiio.encoded(".hdr", [(spec, rounded(light))])
