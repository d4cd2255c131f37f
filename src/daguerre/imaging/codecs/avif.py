"""AVIF of 8, 10 and 12 bits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from daguerre.errors import BrokenImage
from daguerre.imaging import depth
from daguerre.imaging.codecs import oiio, pillow
from daguerre.imaging.containers import avif_items
from daguerre.imaging.description import Page
from daguerre.imaging.metadata import xmp
from daguerre.imaging.photo import Coding, Metadata, Photo, Pixels

_QUALITY = 90
_STAND_IN_QUALITY = 97
"""For a HEIF, whose colors lie otherwise between its pixels: at full resolution they lose least."""
_SPEED = 7
_HIGH, _TWELVE, _MONOCHROME, _ACROSS, _DOWN = 0x40, 0x20, 0x10, 0x08, 0x04
_PIXEL_FORMATS = {"4:4:4": 1, "4:2:2": 2, "4:2:0": 3, "4:0:0": 4}


@dataclass(frozen=True, slots=True)
class AvifCoding(Coding):
    """Bits a sample (``None`` where nothing asked for any), subsampling, and primaries and transfer curve (H.273)."""

    bits: int | None = None
    subsampling: str = "4:4:4"
    cicp: tuple[int, int] | None = None

    def in_full_color(self) -> AvifCoding:
        return replace(self, subsampling="4:4:4")


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture and further frames."""
    pages, metadata = pillow.describe(data, "AVIF")
    layout = _layout(data)
    bits = 12 if layout & _TWELVE else 10 if layout & _HIGH else 8
    color = "gray" if layout & _MONOCHROME else "RGB"
    return [replace(page, bits=bits, color=color) for page in pages], metadata


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in an AVIF file: uint8, or uint16 with 10 and 12 bits scaled to 0-65535. Raises InvalidImage."""
    image = pillow.open_lazily(data, "AVIF", max_pixels=max_pixels)
    layout = _layout(data)
    bits = 12 if layout & _TWELVE else 10 if layout & _HIGH else 8
    seen = avif_items.read_clean_aperture(data)
    photo = _shallow(image, seen) if bits == 8 else _deep(image, data, bits, seen)
    if avif_items.has_gain_map(data):
        photo.losses.append("The gain map of the AVIF was left out: it fits the old picture.")
        photo.metadata.xmp = xmp.remove_other_pictures(photo.metadata.xmp)
    subsampling = "4:2:0" if layout & _DOWN else "4:2:2" if layout & _ACROSS else "4:4:4"
    photo.coding = AvifCoding(bits if bits > 8 else None, subsampling, avif_items.read_cicp(data))
    if layout & _MONOCHROME and photo.pixels.shape[2] == 3:
        photo.pixels = np.ascontiguousarray(photo.pixels[:, :, :1])
    return photo


def _shallow(image: Image.Image, seen: tuple[int, int, int, int] | None) -> Photo:
    if seen is None:
        return pillow.to_photo(image, "avif")
    losses = [pillow.ANIMATION] if getattr(image, "n_frames", 1) > 1 else []
    pillow.load(image)
    metadata, turn = pillow.read_metadata(image)
    part = image.crop(seen)
    pixels, alpha = pillow.to_arrays(part.transpose(pillow.TRANSPOSE[turn]) if turn != 1 else part)
    return Photo(pixels, "avif", alpha, metadata, losses=losses)


def _deep(image: Image.Image, data: bytes, bits: int, seen: tuple[int, int, int, int] | None) -> Photo:
    is_animated = getattr(image, "n_frames", 1) > 1
    with oiio.translate_faults():
        plane = _first_frame(data) if is_animated else _still(data)
    losses = [pillow.ANIMATION] if is_animated else []
    if seen is not None:
        left, top, right, bottom = seen
        plane = plane[top:bottom, left:right]
    metadata, turn = pillow.read_metadata(image)
    plane = depth.widen(oiio.turn_upright(plane, turn), bits)
    count = 3 if plane.shape[2] >= 3 else 1
    alpha = np.ascontiguousarray(plane[:, :, count]) if plane.shape[2] > count else None
    return Photo(np.ascontiguousarray(plane[:, :, :count]), "avif", alpha, metadata, losses=losses)


def _still(data: bytes) -> Pixels:
    """``[H, W, C]`` of more than 8 bits."""
    import imagecodecs

    plane = np.asarray(imagecodecs.avif_decode(data))
    plane = plane[0] if plane.ndim == 4 else plane
    return plane[:, :, None] if plane.ndim == 2 else plane


def _first_frame(data: bytes) -> Pixels:
    """``[H, W, C]`` of an animation of more than 8 bits, of which imagecodecs cannot be asked for one frame."""
    import cv2

    plane = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if plane is None:
        raise BrokenImage("The AVIF file is damaged: its first frame cannot be read.")
    plane = plane[:, :, None] if plane.ndim == 2 else plane
    return np.asarray(plane[:, :, [2, 1, 0, 3][: plane.shape[2]]] if plane.shape[2] >= 3 else plane)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` with the subsampling and the bits it came in, 16 as 12; gray stays without color planes."""
    own = photo.coding if isinstance(photo.coding, AvifCoding) else AvifCoding()
    stands_in = photo.format == "heif"
    quality = quality or (_STAND_IN_QUALITY if stands_in else _QUALITY)
    subsampling = "4:0:0" if photo.pixels.shape[2] == 1 else "4:4:4" if stands_in else own.subsampling
    if photo.pixels.dtype == np.uint16:
        data = _encoded(photo, own.bits or 12, quality, _PIXEL_FORMATS[subsampling])
        return avif_items.embed_metadata(avif_items.set_cicp(data, own.cicp), photo.metadata)
    image = pillow.to_image(photo)
    if image.mode == "LA":
        image = image.convert("RGBA")
    data = pillow.save(
        image,
        "AVIF",
        quality=quality,
        speed=_SPEED,
        subsampling=subsampling,
        icc_profile=photo.metadata.icc,
        exif=photo.metadata.exif,
        xmp=photo.metadata.xmp,
    )
    return avif_items.set_cicp(data, own.cicp)


def _encoded(photo: Photo, bits: int, quality: int, layout: int) -> bytes:
    import imagecodecs

    bits = bits if bits in (10, 12) else 12
    plane: Pixels = depth.narrow(photo.pixels, bits)
    if photo.alpha is not None:
        # The encoder takes alpha beside color only.
        colors = np.repeat(plane, 3, axis=2) if plane.shape[2] == 1 else plane
        plane = np.concatenate([colors, depth.narrow(photo.alpha, bits)[:, :, None]], axis=2)
    elif plane.shape[2] == 1:
        plane = plane[:, :, 0]
    return bytes(
        imagecodecs.avif_encode(
            np.ascontiguousarray(plane), level=quality, speed=_SPEED, bitspersample=bits, pixelformat=layout
        )
    )


def _layout(data: bytes) -> int:
    """The third byte of the first ``av1C`` box: depth and chroma layout of the picture."""
    at = data.find(b"av1C", 0, 65536)
    return data[at + 6] if 0 <= at < len(data) - 6 else 0
