"""Which side of a picture is up, as EXIF and XMP say it."""

from __future__ import annotations

from dataclasses import dataclass

from daguerre.imaging.metadata import exif, xmp

TURNED_BY_XMP = "Only the photo's XMP says that it lies turned: it was turned upright."


@dataclass(frozen=True, slots=True)
class Upright:
    """EXIF and XMP that name orientation 1, the ``turn`` (an orientation 1-8) that the pixels need for that, and what
    is to be said of it."""

    exif: bytes | None
    xmp: bytes | None
    turn: int
    notes: tuple[str, ...] = ()


def stand_upright(block: bytes | None, packet: bytes | None) -> Upright:
    """What the EXIF ``block`` and the XMP ``packet`` of one picture say; EXIF is believed where it names a side."""
    told, turn = exif.normalize(block)
    if turn is not None:
        return Upright(told, xmp.set_upright(packet), turn)
    turn = xmp.read_orientation(packet)
    return Upright(told, xmp.set_upright(packet), turn, (TURNED_BY_XMP,) if turn != 1 else ())
