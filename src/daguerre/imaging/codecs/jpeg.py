"""JPEG: color, gray and CMYK, with the subsampling and the tables it came with."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from daguerre.errors import BrokenImage, CannotWrite, UnsupportedImage
from daguerre.imaging import depth, limits, passthrough, registry
from daguerre.imaging.codecs import jpeg_repair, oiio, pillow
from daguerre.imaging.color.cmyk import Inks
from daguerre.imaging.containers import jpeg_segments, photoshop
from daguerre.imaging.containers.jpeg_segments import Density, Segments
from daguerre.imaging.description import Page
from daguerre.imaging.metadata import xmp
from daguerre.imaging.metadata.orientation import stand_upright
from daguerre.imaging.photo import Coding, Enlarge, Metadata, Photo, Pixels, Turn

_LONGEST = registry.FORMATS["jpeg"].longest_side
_MOST_SCANS = 200
"""Each scan passes over the whole picture; encoders write about ten."""
_QUALITY = 95
_LOSSLESS_FRAMES = (0xC3, 0xC7, 0xCB, 0xCF)
_SUBSAMPLING = {((1, 1), (1, 1)): 0, ((2, 1), (1, 1)): 1, ((2, 2), (1, 1)): 2}
_GAIN_MAP_LOST = "The gain map of the JPEG was left out: it fits the old picture."
_VIEWS_LOST = "Further pictures behind the JPEG's own (another view or a gain map) were left out."
Layer = tuple[int, int, int, int]
"""Number, sampling across and down, and table of a component."""

Resolution = tuple[float, float] | None
_TRAILER_LOST = "What followed the JPEG's picture in the file (a film or another program's data) was left out."


@dataclass(frozen=True, slots=True)
class JpegCoding(Coding):
    """Quantization tables and Pillow's number for the subsampling (empty and ``None``: as the quality asks), whether
    the scans are progressive and the components red, green and blue themselves, the inks of CMYK, whether the code
    is that of the upright picture, JFIF's density with what was read from it, and segments that a new file holds
    again."""

    qtables: tuple[tuple[int, ...], ...] = ()
    subsampling: int | None = None
    progressive: bool = False
    keep_rgb: bool = False
    inks: Inks | None = None
    is_upright: bool = True
    density: Density | None = None
    told: tuple[Resolution, Resolution] = (None, None)
    segments: tuple[bytes, ...] = ()

    def in_full_color(self) -> JpegCoding:
        return replace(self, subsampling=0)

    def enlarged(self, enlarge: Enlarge) -> JpegCoding:
        return replace(self, inks=None if self.inks is None else self.inks.enlarged(enlarge))

    def turned(self, turn: Turn) -> JpegCoding:
        block = {1: (16, 8), 2: (16, 16)}.get(self.subsampling or 0, (8, 8))
        coding = _turned(self, block, turn.size, turn.orientation)
        density, told = self.density, self.told
        if turn.degrees != 180:
            density = density and (density[0], density[2], density[1])
            told = (told[0] and told[0][::-1], told[1] and told[1][::-1])
        return replace(
            coding,
            inks=None if self.inks is None else self.inks.turned(turn),
            is_upright=False,
            density=density,
            told=told,
        )

    def turned_file(self, data: bytes, turn: Turn) -> bytes | None:
        front = data.find(b"\xff\xd8\xff")
        data, told = data[front:], jpeg_segments.parse(data[front:])
        now = stand_upright(told.exif, told.xmp).turn
        return jpeg_segments.set_orientation(data, oiio.combined(now, turn.orientation))


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture, and what its segments tell."""
    _, data = _from_start(data)
    told = jpeg_segments.parse(data)
    width, height, samples = jpeg_segments.read_size(data)
    if not width or not samples:
        raise BrokenImage("The JPEG file is damaged: it names no size.")
    color = {1: "gray", 3: "RGB", 4: "CMYK"}.get(samples, f"{samples} samples")
    return [Page(width, height, told.bits, color, compression="JPEG")], _metadata(told, data)[0]


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a JPEG; CMYK as sRGB, its inks kept. Raises InvalidImage."""
    return _read(data, max_pixels, recover=False)


def recover(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a JPEG that is truncated or damaged, as far as it is there. Raises InvalidImage."""
    return _read(data, max_pixels, recover=True)


def _read(data: bytes, max_pixels: int, *, recover: bool) -> Photo:
    front, data = _from_start(data)
    if data.count(b"\xff\xda") > _MOST_SCANS:
        raise BrokenImage("The JPEG file is damaged: it passes over its picture hundreds of times.")
    told = jpeg_segments.parse(data)
    metadata, turn, losses = _metadata(told, data)
    if told.bits != 8 or told.frame in _LOSSLESS_FRAMES:
        photo = _rare(data, told, turn, max_pixels)
        coding = JpegCoding(is_upright=False)
    else:
        photo, coding = _common(data, metadata, turn, max_pixels, recover)
    photo.metadata = replace(metadata, icc=None if coding.inks is not None else metadata.icc)
    density = told.density if turn < 5 or told.density is None else (told.density[0], *told.density[:0:-1])
    said = (metadata.dpi, metadata.aspect)
    photo.coding = replace(coding, segments=tuple(told.others), density=density, told=said)
    photo.losses = [*front, *losses, *photo.losses]
    return photo


def _from_start(data: bytes) -> tuple[list[str], bytes]:
    start = data.find(b"\xff\xd8\xff")
    return ([] if start == 0 else [f"{start} bytes in front of the JPEG were left out."]), data[start:]


def _common(data: bytes, metadata: Metadata, turn: int, max_pixels: int, recover: bool) -> tuple[Photo, JpegCoding]:
    """A picture of 8 bits, as libjpeg decodes it."""
    image: Any = pillow.open_lazily(data, "JPEG", max_pixels=max_pixels)
    layers = list(image.layer)
    coding = JpegCoding(
        _tables(image, layers),
        _subsampling(layers),
        progressive=bool(image.info.get("progressive")),
        keep_rgb=len(layers) == 3 and _is_rgb(image, layers),
        is_upright=turn == 1,
    )
    if turn != 1:
        across = 8 * max((layer[1] for layer in layers), default=1)
        down = 8 * max((layer[2] for layer in layers), default=1)
        coding = _turned(coding, (across, down), image.size, turn)
    image, missing = jpeg_repair.recover(data, image.size) if recover else (jpeg_repair.decode(image, data), None)
    missing = None if missing is None else oiio.turn_upright(missing, turn)
    if image.mode == "CMYK":
        inks = Inks(oiio.turn_upright(np.asarray(image), turn), metadata.icc)
        return Photo(inks.colors(), "jpeg", missing=missing), replace(coding, inks=inks)
    pixels, _ = pillow.to_arrays(image.transpose(pillow.TRANSPOSE[turn]) if turn != 1 else image)
    return Photo(pixels, "jpeg", missing=missing), coding


def _turned(coding: JpegCoding, block: tuple[int, int], size: tuple[int, int], turn: int) -> JpegCoding:
    """The coding for the picture turned upright, which is cut into blocks of ``block`` pixels.

    Where the edge that becomes the left or the upper one lies between two blocks, the turned tables meet the very
    coefficients; elsewhere every block is cut anew, and tables and subsampling of the quality for new files lose least.
    """
    across, down = block
    from_right, from_below = turn in (2, 3, 7, 8), turn in (3, 4, 6, 7)
    if (from_right and size[0] % across) or (from_below and size[1] % down):
        return replace(coding, qtables=(), subsampling=0)
    if turn < 5:
        return coding
    tables = tuple(tuple(int(value) for value in np.reshape(table, (8, 8)).T.flat) for table in coding.qtables)
    return replace(coding, qtables=tables, subsampling=0 if coding.subsampling == 1 else coding.subsampling)


def _rare(data: bytes, told: Segments, turn: int, max_pixels: int) -> Photo:
    """A picture of other than 8 bits, or one without loss: uint8, or uint16 from 0 to 65535."""
    import imagecodecs

    width, height, samples = jpeg_segments.read_size(data)
    pixel_bytes = samples * (2 if told.bits > 8 else 1)
    limits.check_size(width, height, max_pixels, file_bytes=len(data), pixel_bytes=pixel_bytes)
    decoders = (imagecodecs.jpeg8_decode, imagecodecs.ljpeg_decode, imagecodecs.jpegsof3_decode)
    for decode in decoders if told.frame in _LOSSLESS_FRAMES else decoders[:1]:
        try:
            plane: Pixels = np.asarray(decode(data))
            break
        except MemoryError:
            raise
        except Exception:  # Each decoder raises its own errors over what it does not know.
            continue
    else:
        raise UnsupportedImage(f"The JPEG is of a rare kind, with {told.bits} bits a sample, that cannot be read.")
    plane = plane.reshape(height, width, -1)
    if plane.shape[2] not in (1, 3):
        raise UnsupportedImage(f"The JPEG has {plane.shape[2]} samples of {told.bits} bits a pixel: it cannot be read.")
    plane = depth.widen(plane, told.bits) if told.bits > 8 else plane.astype(np.uint8)
    return Photo(oiio.turn_upright(plane, turn), "jpeg")


def _metadata(told: Segments, data: bytes) -> tuple[Metadata, int, list[str]]:
    """What the segments tell, the turn that the pixels need, and what a new file will not hold."""
    losses = list(told.dropped)
    if told.has_gain_map or xmp.names_gain_map(told.xmp):
        losses.append(_GAIN_MAP_LOST)
    elif told.has_views:
        losses.append(_VIEWS_LOST)
    else:
        end = jpeg_segments.find_picture_end(data)
        if end is not None and data[end + 2 :].strip(b"\0\n\r "):
            losses.append(_TRAILER_LOST)
    standing = stand_upright(told.exif, xmp.remove_other_pictures(told.xmp))
    iptc, resources = photoshop.split_iptc(told.resources)
    dpi, aspect = _density(told)
    if standing.turn >= 5:
        dpi, aspect, resources = dpi and dpi[::-1], aspect and aspect[::-1], photoshop.exchange_resolutions(resources)
    metadata = Metadata(told.icc, standing.exif, standing.xmp, iptc, dpi, aspect, resources, tuple(told.comments))
    return metadata, standing.turn, [*losses, *standing.notes]


def _density(told: Segments) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Pixels per inch, or the shape of pixels without a unit; the EXIF block is asked where JFIF says nothing."""
    if told.density is not None and min(told.density[1:]) > 0:
        unit, across, down = told.density
        scale = {1: 1.0, 2: 2.54}.get(unit)
        if scale is not None:
            return (across * scale, down * scale), None
        if across != down:
            return None, (float(across), float(down))
    return pillow.read_exif_resolution(told.exif), None


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a JPEG. Raises CannotWrite.

    Without ``quality`` the tables, the subsampling and the scans stay those of the file that came, and
    pixels that nobody changed keep its very code; another file's photo gets quality 95 in 4:4:4.
    """
    metadata = photo.metadata
    own = photo.coding if isinstance(photo.coding, JpegCoding) else JpegCoding()
    inks = own.inks if own.inks is not None and own.inks.fit(photo.pixels) else None
    icc = metadata.icc or (inks.profile if inks is not None else None)
    density = own.density if own.told == (metadata.dpi, metadata.aspect) else None
    if quality is None and photo.original is not None and own.is_upright and passthrough.has_its_pixels(photo):
        return jpeg_segments.embed_metadata(_from_start(photo.original.data)[1], metadata, icc, own.segments, density)
    if max(photo.width, photo.height) > _LONGEST:
        raise CannotWrite(f"JPEG holds at most {_LONGEST} pixels a side; choose another format.")
    image = pillow.to_image(photo) if inks is None else Image.fromarray(inks.planes_of(photo.pixels), "CMYK")
    options: dict[str, Any] = {"quality": quality or _QUALITY}
    fitting = 0 if (quality or _QUALITY) >= 90 else 2
    if quality is None and own.qtables:
        options = {"qtables": [list(table) for table in own.qtables]}
    if image.mode == "RGB":
        options["subsampling"] = fitting if own.subsampling is None else own.subsampling
    data = pillow.save(image, "JPEG", progressive=own.progressive, keep_rgb=own.keep_rgb, **options)
    return jpeg_segments.embed_metadata(data, metadata, icc, own.segments, density)


def _tables(image: Any, layers: list[Layer]) -> tuple[tuple[int, ...], ...]:
    """The quantization table of each component, as Pillow takes them: the last one serves the rest."""
    tables = [tuple(image.quantization[layer[3]]) for layer in layers if layer[3] in image.quantization]
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables.pop()
    return tuple(tables)


def _subsampling(layers: list[Layer]) -> int:
    """Pillow's number for the sampling; one that it cannot write gets 4:4:4, which loses nothing."""
    if len(layers) != 3:
        return 0
    factors = [(layer[1], layer[2]) for layer in layers]
    common = (math.gcd(*(f[0] for f in factors)), math.gcd(*(f[1] for f in factors)))
    first, second, third = ((f[0] // common[0], f[1] // common[1]) for f in factors)
    return _SUBSAMPLING.get((first, second), 0) if second == third else 0


def _is_rgb(image: Image.Image, layers: list[Layer]) -> bool:
    """Whether the components are red, green and blue themselves."""
    if "adobe_transform" in image.info:
        return bool(image.info["adobe_transform"] == 0)
    return "jfif" not in image.info and bytes(layer[0] & 255 for layer in layers) == b"RGB"
