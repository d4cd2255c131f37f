"""Small color profiles, made from their parts."""

from __future__ import annotations

import struct

D50 = (0.9642, 1.0, 0.8249)
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
WIDE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def place(xyz: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in xyz))


def gamma_curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def sampled_curve(samples: list[int]) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">I", len(samples)) + struct.pack(f">{len(samples)}H", *samples)


def parametric_curve(kind: int, *values: float) -> bytes:
    numbers = struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))
    return b"para" + bytes(4) + struct.pack(">H2x", kind) + numbers


def built(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """A display profile of version 2.4."""
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": place(D50),
        **tags,
    }
    start, body, table = 132 + 12 * len(tags), b"", b""
    for name, part in tags.items():
        table += name + struct.pack(">II", start + len(body), len(part))
        body += part + bytes(-len(part) % 4)
    head = struct.pack(">I4xI4s4s4s", start + len(body), 0x02400000, b"mntr", space, pcs)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + place(D50)[8:]
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def gray_profile(curve: bytes | None = None, pcs: bytes = b"XYZ ") -> bytes:
    return built(b"GRAY", {b"kTRC": curve or gamma_curve(2.2)}, pcs)


def rgb_profile(curve: bytes | None = None, primaries: tuple[tuple[float, float, float], ...] = SRGB) -> bytes:
    red, green, blue = (place(xyz) for xyz in primaries)
    curve = curve or gamma_curve(2.2)
    return built(b"RGB ", {b"rXYZ": red, b"gXYZ": green, b"bXYZ": blue, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})
