"""What the first bits of a JPEG XL codestream say of the picture (ISO/IEC 18181-1, SizeHeader and ImageMetadata)."""

from __future__ import annotations

from dataclasses import dataclass

from daguerre.errors import BrokenImage

_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_WIDTHS = (9, 13, 18, 30)


@dataclass(frozen=True, slots=True)
class Header:
    """Pixels across and down before it is turned as ``orientation`` 1-8 asks, and whether it has several frames."""

    width: int
    height: int
    orientation: int
    animated: bool


def header(codestream: bytes) -> Header:
    """The header of ``codestream``, of which the first 64 bytes suffice. Raises BrokenImage."""
    if not codestream.startswith(b"\xff\x0a"):
        raise BrokenImage("The JPEG XL file holds no codestream.")
    bits = _Bits(codestream[2:64])
    width, height = _size(bits)
    if bits.take(1) or not bits.take(1):  # all defaults, or no further fields
        return Header(width, height, 1, False)
    orientation = bits.take(3) + 1
    if bits.take(1):
        _size(bits)  # the intrinsic size
    # A preview, which nothing writes, would stand before the bit.
    animated = not bits.take(1) and bool(bits.take(1))
    return Header(width, height, orientation, animated)


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
