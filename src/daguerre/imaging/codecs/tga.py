"""TGA: grey, palette, colour, alpha, with or without run lengths. Lossless."""

from __future__ import annotations

from dataclasses import dataclass

from daguerre.imaging.codecs import pillow
from daguerre.imaging.codecs.pillow import PillowCoding
from daguerre.imaging.photo import Photo


@dataclass(frozen=True, slots=True)
class TgaCoding(PillowCoding):
    """And Pillow's name for run lengths."""

    compression: str | None = None


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a TGA. Raises InvalidImage."""
    image = pillow.opened(data, "TGA", max_pixels=max_pixels)
    photo = pillow.photo_of(image, "tga")
    photo.coding = TgaCoding(image.mode, image.info.get("compression"))
    return photo


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a TGA, compressed as it came; ``quality`` does not matter."""
    image = pillow.image_of(photo)
    if pillow.mode_of(photo) == "P" and photo.alpha is None:
        image = pillow.indexed(photo) or image
    packing = photo.coding.compression if isinstance(photo.coding, TgaCoding) else None
    return pillow.saved(image, "TGA", compression=packing)
