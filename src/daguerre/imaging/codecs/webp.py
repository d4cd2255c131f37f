"""WebP, lossy and lossless."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from daguerre.errors import CannotWrite
from daguerre.imaging import registry
from daguerre.imaging.codecs import pillow
from daguerre.imaging.description import Page
from daguerre.imaging.photo import Coding, Metadata, Photo

_LONGEST = registry.FORMATS["webp"].longest_side
_OWN = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ")
_QUALITY = 92


@dataclass(frozen=True, slots=True)
class WebpCoding(Coding):
    """Whether it was stored without loss, and chunks of others."""

    lossless: bool = False
    chunks: tuple[bytes, ...] = ()

    def only_here(self) -> tuple[str, ...]:
        return ("further chunks",) if self.chunks else ()


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture and further frames."""
    return pillow.describe(data, "WEBP")


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a WebP file. Raises InvalidImage."""
    photo = pillow.to_photo(pillow.open_lazily(data, "WEBP", max_pixels=max_pixels), "webp")
    held = list(_chunks(data))
    others = tuple(chunk for kind, chunk in held if kind not in _OWN)
    photo.coding = WebpCoding(any(kind == b"VP8L" for kind, _ in held), others)
    return photo


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and bytes of each chunk, its head and padding included."""
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        end = at + 8 + size + size % 2
        yield kind, data[at:end]
        at = end


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as WebP: lossless if it came so and ``quality`` is not given. Raises CannotWrite."""
    if max(photo.width, photo.height) > _LONGEST:
        raise CannotWrite(f"WebP holds at most {_LONGEST} pixels a side; choose another format.")
    image = pillow.to_image(photo)
    image = image.convert("RGBA" if photo.alpha is not None else "RGB")
    own = photo.coding if isinstance(photo.coding, WebpCoding) else WebpCoding()
    lossless = quality is None and own.lossless
    data = pillow.save(
        image,
        "WEBP",
        lossless=lossless,
        exact=lossless,
        # In lossless files the quality is effort only.
        quality=60 if lossless else quality or _QUALITY,
        icc_profile=photo.metadata.icc,
        exif=photo.metadata.exif,
        xmp=photo.metadata.xmp,
    )
    data += b"".join(own.chunks)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
