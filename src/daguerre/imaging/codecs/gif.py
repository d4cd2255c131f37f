"""GIF: the first frame, with a palette."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from daguerre.imaging.codecs import pillow
from daguerre.imaging.photo import Photo

_XMP = b"!\xff\x0bXMP DataXMP"
_TRAILER = bytes((1, *range(255, -1, -1), 0))
"""Leads a reader that skips the packet as if it were blocks out of it (XMP specification, part 3)."""


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The first frame of a GIF. Raises InvalidImage."""
    photo = pillow.photo_of(pillow.opened(data, "GIF", max_pixels=max_pixels), "gif")
    _, found, packet = data.partition(_XMP)
    if found and _TRAILER in packet:
        photo.metadata.xmp = packet[: packet.index(_TRAILER)]
    return photo


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
    data = pillow.saved(image, "GIF", transparency=None if clear in (None, -1) else clear)
    packet = photo.metadata.xmp
    if not packet or b"\0" in packet:
        return data
    # The extension stands behind the header and the palette of the screen.
    start = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    return b"GIF89a" + data[6:start] + _XMP + packet + _TRAILER + data[start:]
