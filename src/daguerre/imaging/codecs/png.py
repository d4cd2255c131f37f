"""PNG of 1 to 16 bits: palette, gray, color, alpha. Lossless."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from daguerre.imaging import limits
from daguerre.imaging.codecs import oiio, pillow
from daguerre.imaging.codecs.pillow import PillowCoding
from daguerre.imaging.containers import png_chunks
from daguerre.imaging.containers.png_chunks import Chunk, Header
from daguerre.imaging.description import Page
from daguerre.imaging.metadata.orientation import stand_upright
from daguerre.imaging.photo import Metadata, Photo, Pixels
from daguerre.imaging.recovery import truncated


@dataclass(frozen=True, slots=True)
class PngCoding(PillowCoding):
    """And the bits and the kind of color that the header named, and the chunks that a new file holds again."""

    kind: tuple[int, int] | None = None
    chunks: tuple[Chunk, ...] = ()

    def only_here(self) -> tuple[str, ...]:
        return ("texts and other chunks",) if self.chunks else ()


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture, and what its chunks tell."""
    head = png_chunks.read_header(data)
    color = {0: "gray", 2: "RGB", 3: "palette", 4: "gray", 6: "RGB"}[head.color_type]
    clear = head.color_type in (4, 6) or any(kind == b"tRNS" for kind, _ in png_chunks.walk_chunks(data))
    page = Page(head.width, head.height, head.depth, color, extra=("alpha",) if clear else (), compression="Deflate")
    return [page], png_chunks.read_metadata(data)[0]


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a PNG, uint8 or uint16. Raises InvalidImage."""
    head = _checked(data, max_pixels)
    if not png_chunks.is_ended(data):
        rows, size = png_chunks.inflate_rows(data, head)
        if len(rows) < size:
            raise truncated("PNG", 1 - len(rows) / size)
        return _photo(data, png_chunks.rebuild(data, head, rows), head)
    return _photo(data, data, head)


def recover(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a PNG that is truncated or damaged, as far as it is there. Raises InvalidImage."""
    head = _checked(data, max_pixels)
    rows, _ = png_chunks.inflate_rows(data, head)
    photo, other = (_photo(data, png_chunks.rebuild(data, head, rows, fill), head) for fill in (0, 255))
    missing = (photo.pixels != other.pixels).any(axis=2)
    if photo.alpha is not None and other.alpha is not None:
        missing |= photo.alpha != other.alpha
        photo.alpha[missing] = np.iinfo(photo.alpha.dtype).max
    return replace(photo, missing=missing)


def _checked(data: bytes, max_pixels: int) -> Header:
    head = png_chunks.read_header(data)
    limits.check_size(head.width, head.height, max_pixels, file_bytes=len(data), pixel_bytes=head.pixel_bytes)
    return head


def _photo(data: bytes, whole: bytes, head: Header) -> Photo:
    """The photo whose samples are those of ``whole`` and of which the chunks of ``data`` tell."""
    metadata, others, losses = png_chunks.read_metadata(data)
    standing = stand_upright(metadata.exif, metadata.xmp)
    metadata.exif, metadata.xmp = standing.exif, standing.xmp
    pixels, alpha, mode, frames = _deep(whole) if head.depth == 16 else _shallow(whole)
    if frames > 1:
        losses.append(pillow.ANIMATION)
    if standing.turn != 1:
        pixels, alpha = (
            oiio.turn_upright(pixels, standing.turn),
            alpha if alpha is None else oiio.turn_upright(alpha, standing.turn),
        )
    if standing.turn >= 5:
        metadata.dpi, metadata.aspect = metadata.dpi and metadata.dpi[::-1], metadata.aspect and metadata.aspect[::-1]
    coding = PngCoding(mode, (head.depth, head.color_type), tuple(others))
    return Photo(pixels, "png", alpha, metadata, coding, losses=[*losses, *standing.notes])


def _shallow(data: bytes) -> tuple[Pixels, Pixels | None, str, int]:
    """Pixels, alpha, Pillow's name of the color mode and the number of frames of a PNG of up to 8 bits."""
    image: Any = pillow.open_lazily(data, "PNG", max_pixels=1 << 62)
    frames = int(getattr(image, "n_frames", 1))
    pillow.load(image)
    return *pillow.to_arrays(image), str(image.mode), frames


def _deep(data: bytes) -> tuple[Pixels, Pixels | None, str, int]:
    import imagecodecs

    with oiio.translate_faults():
        plane: npt.NDArray[np.uint16] = np.asarray(imagecodecs.png_decode(data))
    plane = plane[:, :, None] if plane.ndim == 2 else plane
    channels = 3 if plane.shape[2] >= 3 else 1
    alpha = np.ascontiguousarray(plane[:, :, -1]) if plane.shape[2] in (2, 4) else None
    frames = 2 if any(kind == b"acTL" for kind, _ in png_chunks.walk_chunks(data)) else 1
    return np.ascontiguousarray(plane[:, :, :channels]), alpha, "", frames


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a PNG in the color mode it came in where its pixels still fit; ``quality`` does not matter."""
    del quality
    own = photo.coding if isinstance(photo.coding, PngCoding) else PngCoding()
    data = _encoded_deep(photo) if photo.pixels.dtype == np.uint16 else _encoded_shallow(photo, own.mode)
    return png_chunks.embed_metadata(data, photo.metadata, own.chunks, own.kind)


def _encoded_shallow(photo: Photo, mode: str | None) -> bytes:
    image = pillow.to_image(photo)
    if mode == "P":
        image = pillow.to_palette(photo) or image
    elif mode == "1" and photo.alpha is None and bool(np.isin(photo.pixels, (0, 255)).all()):
        image = image.convert("1", dither=Image.Dither.NONE)
    clear = image.info.get("transparency") if image.mode == "P" else None
    return pillow.save(image, "PNG", transparency=clear)


def _encoded_deep(photo: Photo) -> bytes:
    import imagecodecs

    plane = photo.pixels
    if photo.alpha is not None:
        plane = np.concatenate([plane, photo.alpha[:, :, None]], axis=2)
    if plane.shape[2] == 1:
        plane = plane[:, :, 0]
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(plane), level=6))
