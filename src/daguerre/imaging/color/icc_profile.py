"""What code values mean in light, as a matrix profile (ICC.1:2022) says it, and color profiles for gray ones."""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daguerre.imaging.color import transfer

Floats = npt.NDArray[np.float32]
Table = npt.NDArray[np.float64]

_SAMPLES = 65536
_CURVE_SAMPLES = 4096
_D50 = (0.9642, 1.0, 0.8249)
_COLORANTS = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
"""XYZ of the sRGB primaries, adapted to D50, as profiles hold them."""
_SRGB = ((0.4123908, 0.3575843, 0.1804808), (0.2126390, 0.7151687, 0.0721923), (0.0193308, 0.1191948, 0.9505322))


@dataclass(frozen=True, slots=True)
class Encoding:
    """How code values 0-1 stand for light.

    ``to_xyz`` ``[3, 3]`` takes linear RGB to XYZ relative to white: each row adds up to 1. ``curve`` is light at 65536
    even steps of code, not falling, or ``None`` for the sRGB curve (IEC 61966-2-1).
    """

    to_xyz: Table
    curve: Table | None = None

    def light(self, codes: Floats) -> Floats:
        """Codes 0-1 of any shape as linear light 0-1."""
        if self.curve is None:
            return transfer.srgb_to_light(codes)
        return np.interp(codes, np.linspace(0, 1, _SAMPLES), self.curve).astype(np.float32)

    def codes(self, light: Floats) -> Floats:
        """The inverse of :meth:`light`."""
        if self.curve is None:
            return transfer.light_to_srgb(light)
        return np.interp(light, self.curve, np.linspace(0, 1, _SAMPLES)).astype(np.float32)


def read_encoding(icc: bytes | None) -> Encoding:
    """What ``icc`` says; sRGB without a profile, and for those that are not one matrix and one curve."""
    own = _relative(np.array(_SRGB))
    tags = _tags(icc)
    if icc is None or not tags:
        return Encoding(own)
    if icc[16:20] == b"GRAY":
        return Encoding(own, _told(_curve(icc, tags, b"kTRC")))
    curves = [_curve(icc, tags, name) for name in (b"rTRC", b"gTRC", b"bTRC")]
    colorants = [_colorant(icc, tags, name) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    red, green, blue = curves
    if icc[16:20] != b"RGB " or red is None or green is None or blue is None or any(c is None for c in colorants):
        return Encoding(own)
    matrix = np.array(colorants, np.float64).T
    uneven = max(np.abs(red - green).max(), np.abs(blue - green).max()) > 0.002
    if uneven or np.abs(np.linalg.det(matrix)) < 1e-3 or bool((matrix.sum(axis=1) < 0.1).any()):
        return Encoding(own)
    # Profiles of sRGB differ in the last digits, and in how they adapt its white.
    known = np.abs(matrix - np.array(_COLORANTS).T).max() < 0.003
    return Encoding(own if known else _relative(matrix), _told(green))


def for_color(icc: bytes) -> bytes | None:
    """A profile for color with the curve of the gray profile ``icc`` and the primaries of sRGB.

    Equal channels then look as the gray did. ``icc`` itself, if it is not for gray; ``None`` where it has no curve.
    """
    if icc[16:20] != b"GRAY":
        return icc
    tags = _tags(icc)
    curve = _curve(icc, tags, b"kTRC")
    if curve is None:
        return None
    at, size = tags[b"kTRC"]
    if icc[at : at + 4] == b"curv" and icc[20:24] == b"XYZ ":
        shape = icc[at : at + size]
    else:
        samples = np.interp(np.linspace(0, 1, _CURVE_SAMPLES), np.linspace(0, 1, _SAMPLES), curve)
        words = np.rint(samples * 65535).astype(">u2").tobytes()
        shape = b"curv" + bytes(4) + struct.pack(">I", _CURVE_SAMPLES) + words
    name = b"Color with the curve of a gray profile\0"
    parts = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(78),
        b"cprt": b"text" + bytes(4) + b"No copyright, use freely\0",
        b"wtpt": _place(_D50),
        b"rXYZ": _place(_COLORANTS[0]),
        b"gXYZ": _place(_COLORANTS[1]),
        b"bXYZ": _place(_COLORANTS[2]),
        b"rTRC": shape,
    }
    return _profile(parts, {b"gTRC": b"rTRC", b"bTRC": b"rTRC"})


def for_gray(icc: bytes) -> bytes | None:
    """A profile for gray with the curve of the profile for color ``icc``.

    Gray then looks as equal channels did. ``icc`` itself, if it is for gray; ``None`` where its channels have no
    curve in common.
    """
    if icc[16:20] == b"GRAY":
        return icc
    tags = _tags(icc)
    curves = [_curve(icc, tags, name) for name in (b"rTRC", b"gTRC", b"bTRC")] if icc[16:20] == b"RGB " else [None]
    red, *others = curves
    if red is None or any(other is None or np.abs(other - red).max() > 0.002 for other in others):
        return None
    at, size = tags[b"gTRC"]
    name = b"Gray with the curve of a color profile\0"
    parts = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(78),
        b"cprt": b"text" + bytes(4) + b"No copyright, use freely\0",
        b"wtpt": _place(_D50),
        b"kTRC": icc[at : at + size],
    }
    return _profile(parts, {}, b"GRAY")


def _profile(parts: dict[bytes, bytes], shared: dict[bytes, bytes], space: bytes = b"RGB ") -> bytes:
    """A display profile of version 2.4 with the tags ``parts``; ``shared`` names tags that lie where others do."""
    start = 128 + 4 + 12 * (len(parts) + len(shared))
    body, places = b"", {}
    for tag, part in parts.items():
        places[tag] = (start + len(body), len(part))
        body += part + bytes(-len(part) % 4)
    places |= {tag: places[other] for tag, other in shared.items()}
    table = b"".join(tag + struct.pack(">II", *place) for tag, place in places.items())
    head = struct.pack(">I4xI", start + len(body), 0x02400000) + b"mntr" + space + b"XYZ "
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    head += b"acsp" + bytes(28) + struct.pack(">3i", *(round(value * 65536) for value in _D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(places)) + table + body


def _place(xyz: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in xyz))


def _relative(matrix: Table) -> Table:
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def _told(curve: Table | None) -> Table | None:
    """``curve``, unless it is that of sRGB."""
    return None if curve is None or np.abs(curve - _srgb_curve()).max() < 3e-4 else curve


@functools.cache
def _srgb_curve() -> Table:
    return transfer.decode_srgb(np.linspace(0, 1, _SAMPLES))


def _tags(icc: bytes | None) -> dict[bytes, tuple[int, int]]:
    """Place and size of each tag; empty where ``icc`` is no profile."""
    if icc is None or len(icc) < 132 or icc[36:40] != b"acsp":
        return {}
    (count,) = struct.unpack_from(">I", icc, 128)
    rows = [struct.unpack_from(">4sII", icc, 132 + 12 * i) for i in range(min(count, 200, (len(icc) - 132) // 12))]
    return {name: (at, size) for name, at, size in rows if size >= 12 and at + size <= len(icc)}


def _colorant(icc: bytes, tags: dict[bytes, tuple[int, int]], name: bytes) -> list[float] | None:
    if name not in tags or tags[name][1] < 20:
        return None
    return [value / 65536 for value in struct.unpack_from(">3i", icc, tags[name][0] + 8)]


def _curve(icc: bytes, tags: dict[bytes, tuple[int, int]], name: bytes) -> Table | None:
    """The tone curve ``name`` as light at 65536 even steps; ``None`` where there is none that can be inverted."""
    if name not in tags:
        return None
    at, size = tags[name]
    codes = np.linspace(0, 1, _SAMPLES)
    kind, body = icc[at : at + 4], icc[at + 8 : at + size]
    (count,) = struct.unpack_from(">H2x" if kind == b"para" else ">I", body)
    if kind == b"curv":
        samples = np.frombuffer(body[4:], ">u2", min(count, (len(body) - 4) // 2)).astype(np.float64)
        if count == 0:
            light = codes
        elif len(samples) == 1:
            light = codes ** (samples[0] / 256)
        else:
            light = np.interp(codes, np.linspace(0, 1, len(samples)), samples / 65535)
    elif kind == b"para" and count < 5 and len(body) >= 4 + 4 * (1, 3, 4, 5, 7)[count]:
        light = _parametric(count, np.frombuffer(body[4:], ">i4", (1, 3, 4, 5, 7)[count]) / 65536, codes)
    else:
        return None
    if icc[20:24] == b"Lab " and name == b"kTRC":
        root = (light * 100 + 16) / 116
        light = np.where(root > 6 / 29, root**3, 3 * (6 / 29) ** 2 * (root - 4 / 29))
    light = np.clip(np.nan_to_num(light), 0, 1)
    falls = bool((np.diff(light) < 0).any())
    return None if falls or light[-1] < 0.5 or light[_SAMPLES // 2] > 0.95 else light


def _parametric(kind: int, values: Table, x: Table) -> Table:
    """ICC.1:2022, table 68."""
    g, a, b, c, d, e, f = np.append(values, np.zeros(7 - len(values))).tolist()
    if kind == 0:
        return np.asarray(x**g)
    above = np.maximum(a * x + b, 0) ** g
    match kind:
        case 1:
            return np.where(a * x + b >= 0, above, 0)
        case 2:
            return np.where(a * x + b >= 0, above + c, c)
        case 3:
            return np.where(x >= d, above, c * x)
        case _:
            return np.where(x >= d, above + e, c * x + f)
