"""TGA: grey, palette, colour, alpha, with or without run lengths. Lossless."""

from __future__ import annotations

from daguerre.imaging.codecs import pillow
from daguerre.imaging.photo import Photo


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a TGA. Raises InvalidImage."""
    image = pillow.opened(data, "TGA", max_pixels=max_pixels)
    packing = image.info.get("compression")
    return pillow.photo_of(image, "tga", compression=packing)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a TGA, compressed as it came; ``quality`` does not matter."""
    image = pillow.image_of(photo)
    if photo.source.get("mode") == "P" and photo.alpha is None:
        image = pillow.indexed(photo) or image
    return pillow.saved(image, "TGA", compression=photo.source.get("compression"))
