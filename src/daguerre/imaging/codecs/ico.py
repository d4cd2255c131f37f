"""ICO: the largest picture of an icon. Lossless."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from daguerre.errors import BrokenImage, CannotWrite
from daguerre.imaging import registry
from daguerre.imaging.codecs import pillow
from daguerre.imaging.description import Page
from daguerre.imaging.photo import Coding, Metadata, Photo

_LONGEST = registry.FORMATS["ico"].longest_side


@dataclass(frozen=True, slots=True)
class IcoCoding(Coding):
    """Width and height of each of the icon's pictures."""

    sizes: tuple[tuple[int, int], ...] = ()


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture and further frames."""
    return pillow.describe(data, "ICO")


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The largest picture of an icon. Raises InvalidImage."""
    # Pillow decodes while it opens, and the directory may say 16 x 16 over a picture of any size.
    if any(max(size) > _LONGEST for size in _sizes(data)):
        raise BrokenImage("The icon holds a picture of another size than it declares.")
    image: Any = pillow.open_lazily(data, "ICO", max_pixels=max_pixels)
    sizes = sorted(image.info.get("sizes", set()))
    photo = pillow.to_photo(image, "ico")
    photo.coding = IcoCoding(tuple(sizes))
    return photo


def _sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Width and height of the pictures themselves; those of bitmaps are of twice the height, with their mask."""
    (count,) = struct.unpack_from("<H", data, 4)
    for place in range(6, min(6 + 16 * count, len(data) - 15), 16):
        (at,) = struct.unpack_from("<I", data, place + 12)
        if at + 24 > len(data):
            continue
        if data[at : at + 4] == b"\x89PNG":
            yield struct.unpack_from(">II", data, at + 16)
        else:
            width, height = struct.unpack_from("<ii", data, at + 4)
            yield width, height // 2


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as an icon in the sizes it came in; ``quality`` does not matter. Raises CannotWrite."""
    if max(photo.width, photo.height) > _LONGEST:
        raise CannotWrite(f"ICO holds at most {_LONGEST} x {_LONGEST} pixels; choose another format.")
    image = pillow.to_image(photo)
    if image.mode == "LA":
        image = image.convert("RGBA")
    own = (photo.width, photo.height)
    sizes = photo.coding.sizes if isinstance(photo.coding, IcoCoding) else ()
    return pillow.save(image, "ICO", sizes=sorted({*sizes, own}))
