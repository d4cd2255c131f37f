"""What the first bits of a JPEG XL codestream say of the picture (ISO/IEC 18181-1, SizeHeader and ImageMetadata)."""

from __future__ import annotations

from dataclasses import dataclass

from daguerre.errors import BrokenImage

_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_WIDTHS = (9, 13, 18, 30)


@dataclass(frozen=True, slots=True)
class Header:
    """Pixels across and down before the picture is turned as ``orientation`` 1-8 asks, whether it has several frames,
    the bits of a sample, of which floats have 16 or 32, the color space, and whether there is alpha.
    """

    width: int
    height: int
    orientation: int = 1
    animated: bool = False
    bits: int = 8
    is_float: bool = False
    color: str = "RGB"
    has_alpha: bool = False


def read_header(codestream: bytes) -> Header:
    """The header of ``codestream``, of which the first 64 bytes suffice. Raises BrokenImage."""
    if not codestream.startswith(b"\xff\x0a"):
        raise BrokenImage("The JPEG XL file holds no codestream.")
    bits = _Bits(codestream[2:64])
    width, height = _size(bits)
    if bits.take(1):  # all defaults
        return Header(width, height)
    orientation, animated = 1, False
    if bits.take(1):  # further fields
        orientation = bits.take(3) + 1
        if bits.take(1):
            _size(bits)  # the intrinsic size
        if bits.take(1):
            raise BrokenImage("The JPEG XL file holds a preview, which nothing writes.")
        animated = bool(bits.take(1))
        if animated:
            _skip_animation(bits)
    is_float = bool(bits.take(1))
    fixed = (32, 16, 24) if is_float else (8, 10, 12)
    chosen = bits.take(2)
    depth = fixed[chosen] if chosen < 3 else 1 + bits.take(6)
    if is_float:
        bits.take(4)  # bits of the exponent
    color, has_alpha = _channels(bits)
    return Header(width, height, orientation, animated, depth, is_float, color, has_alpha)


def _channels(bits: _Bits) -> tuple[str, bool]:
    """The color space, and whether there is alpha; unknown where further channels are described at length."""
    bits.take(1)  # whether 16 bits suffice to decode
    chosen = bits.take(2)
    extra = (0, 1, 2 + bits.take(4) if chosen == 2 else 0, 1 + bits.take(12) if chosen == 3 else 0)[chosen]
    if not all(bits.take(1) for _ in range(extra)):  # anything but plain alpha
        return "unknown", True
    bits.take(1)  # whether colors are in XYB
    if bits.take(1):  # all defaults
        return "RGB", extra > 0
    bits.take(1)  # whether there is a profile
    return {0: "RGB", 1: "gray"}.get(bits.take(2), "unknown"), extra > 0


def _skip_animation(bits: _Bits) -> None:
    """Ticks a second, the number of loops, and whether there are time codes."""
    for widths in ((0, 0, 10, 30), (0, 0, 8, 10), (0, 3, 16, 32)):
        bits.take(widths[bits.take(2)])
    bits.take(1)


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)

    def side() -> int:
        return 8 * (bits.take(5) + 1) if small else bits.take(_WIDTHS[bits.take(2)]) + 1

    height = side()
    ratio = bits.take(3)
    if ratio == 0:
        return side(), height
    across, down = _RATIOS[ratio - 1]
    return height * across // down, height


class _Bits:
    """Reads bits from the least significant one on; zeros beyond the end."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._rest & ((1 << count) - 1)
        self._rest >>= count
        return value
