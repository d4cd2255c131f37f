"""GIF: the first frame, with a palette."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from daguerre.imaging import pillow
from daguerre.imaging.photo import Photo


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The first frame of a GIF. Raises InvalidImage."""
    image = pillow.opened(data, "GIF", max_pixels=max_pixels)
    return pillow.photo_of(image, "gif")


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a GIF: exact up to 256 colours, else with the best 256; ``quality`` does not matter."""
    if photo.alpha is not None:
        photo = replace(photo, alpha=((photo.alpha >= 128) * 255).astype(photo.alpha.dtype))
    image = pillow.indexed(photo)
    if image is None:
        image = pillow.image_of(photo)
        if photo.alpha is not None:
            image = image.convert("RGBA").quantize(255, Image.Quantize.FASTOCTREE)
        elif image.mode == "RGB":
            image = image.quantize(256, Image.Quantize.MEDIANCUT)
    clear = image.info.get("transparency")
    if isinstance(clear, bytes):
        clear = clear.find(b"\x00")
    return pillow.saved(image, "GIF", transparency=None if clear in (None, -1) else clear)
