"""TIFF: 8 bits, 16 bits or float; grey, colour or inks; page by page, with its tags and compression."""

from __future__ import annotations

import struct
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from daguerre.errors import BrokenImage, UnsupportedImage
from daguerre.imaging import limits
from daguerre.imaging.codecs import oiio
from daguerre.imaging.color.cmyk import Inks
from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Directory, Entry
from daguerre.imaging.metadata import exif
from daguerre.imaging.photo import Coding, Metadata, Photo, Pixels, white_of

XMP, IPTC, PHOTOSHOP, ICC, EXIF, GPS = 700, 33723, 34377, 34675, 34665, 34853
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT, EXTRA_SAMPLES, PHOTOMETRIC, INK_SET = 274, 282, 283, 296, 338, 262, 332
COMPRESSION = 259
DESCRIPTIVE = (269, 270, 271, 272, 285, 297, 305, 306, 315, 316, 33432, EXIF, GPS)
"""Tags of the first directory that tell of the picture, not of how its samples are stored."""

DTYPES = {"uint8": "uint8", "uint16": "uint16", "half": "float", "float": "float", "double": "float"}
CONVERTED = {3: "palette", 8: "CIE Lab", 9: "ICC Lab", 10: "ITU Lab"}
FOREIGN = (34925, 50000, 50001)
"""LZMA, Zstandard and WebP, which OpenImageIO's builds cannot unpack."""
WRITTEN = ("none", "lzw", "zip", "packbits")
"""The compressions that OpenImageIO's builds can write; Deflate (zip) stands in for the others."""


@dataclass(frozen=True, slots=True)
class TiffCoding(Coding):
    """Compression and kind of the samples in OpenImageIO's words, bits a sample, whether the colours were multiplied by
    alpha, Photoshop's resources, further samples ``[H, W, C]`` and the inks of CMYK."""

    compression: str = "zip"
    bits: int = 0
    kind: str = ""
    associated: bool = False
    resources: Entry | None = None
    extra: Pixels | None = None
    inks: Inks | None = None


def read(data: bytes, *, max_pixels: int) -> Photo:
    """Every page, upright; pages of a reduced size (previews) are left out."""
    tags = tiff_ifd.directories(data)
    with oiio.faults(), ExitStack() as stack:
        reader = stack.enter_context(oiio.opened(data, ".tif"))
        inked = any(_inked(page) for page in tags)
        # The reader that gives inks unconverted gives YCbCr unconverted, too: each page has its own.
        inks = stack.enter_context(oiio.opened(data, ".tif", inks=True)) if inked else reader
        pages: list[Photo] = []
        total, index = 0, 0
        while reader.seek_subimage(index, 0):
            own = tags[index] if index < len(tags) else {}
            chosen = inks if _inked(own) else reader
            spec = chosen.spec(index)
            kind = own.get(254)
            if not (pages and kind is not None and (kind.integers() or (0,))[0] & 1):
                size = {"file_bytes": len(data), "pixel_bytes": spec.nchannels * spec.format.basesize()}
                limits.check_size(spec.width, spec.height, max_pixels, **size, before=total)
                total += spec.width * spec.height
                pages.append(_page(data, chosen, index, spec, own))
            index += 1
        if not pages:
            raise BrokenImage("The TIFF file holds no picture that can be decoded.")
    first = pages[0]
    first.pages = pages[1:]
    return first


def _inked(tags: Directory) -> bool:
    return PHOTOMETRIC in tags and tags[PHOTOMETRIC].integers() == (5,)


def _page(data: bytes, reader: Any, index: int, spec: Any, tags: Directory) -> Photo:
    notes = []
    kind = str(spec.format)
    if kind not in DTYPES:
        notes.append(f"The samples were of the kind {kind} and are now 16 bits.")
    if COMPRESSION in tags and tags[COMPRESSION].integers()[:1] in [(code,) for code in FOREIGN]:
        plane = _unpacked(data, index, spec)
    else:
        plane = oiio.samples(reader, index, DTYPES.get(kind, "uint16"))
    mode = (tags[PHOTOMETRIC].integers() or (2,))[0] if PHOTOMETRIC in tags else 2
    if mode in CONVERTED:
        notes.append(f"The TIFF's {CONVERTED[mode]} colours are now RGB.")
    compression = spec.get_string_attribute("compression", "none")
    if compression not in WRITTEN:
        notes.append(f"The TIFF's {compression} compression is replaced by Deflate, which loses nothing.")
    turn = (tags[ORIENTATION].integers() or (1,))[0] if ORIENTATION in tags else 1
    plane = oiio.upright(plane, turn)
    if plane.dtype.kind == "f" and not np.isfinite(plane).all():
        plane = np.nan_to_num(plane, nan=0.0, posinf=1.0, neginf=0.0)
        notes.append("Samples that were not finite numbers were replaced.")
    icc = tags[ICC].raw if ICC in tags else None
    inked = _inked(tags) and plane.shape[2] >= 4
    colors = 4 if inked else 3 if plane.shape[2] >= 3 else 1
    samples = tags[EXTRA_SAMPLES].integers() if EXTRA_SAMPLES in tags else ()
    at = next((colors + i for i, s in enumerate(samples) if s in (1, 2) and colors + i < plane.shape[2]), None)
    associated = at is not None and samples[at - colors] == 1
    alpha = None if at is None else np.ascontiguousarray(plane[:, :, at])
    inks = None
    if inked:
        inks = Inks(np.ascontiguousarray(plane[:, :, :4]), icc)
        pixels, icc = inks.colors(), None
    else:
        pixels = np.ascontiguousarray(plane[:, :, :colors])
    if associated and alpha is not None and not inked:
        pixels = _divided(pixels, alpha)
    coding = TiffCoding(
        compression,
        spec.get_int_attribute("oiio:BitsPerSample", 0),
        kind if kind in DTYPES else "uint16",
        associated,
        tags.get(PHOTOSHOP),
        plane[:, :, [i for i in range(colors, plane.shape[2]) if i != at]].copy(),
        inks,
    )
    return Photo(pixels, "tiff", alpha, _metadata(tags, icc, turn), coding, losses=notes)


def _unpacked(data: bytes, index: int, spec: Any) -> Pixels:
    """The samples of one page ``[H, W, C]``, as imagecodecs decodes them."""
    import imagecodecs

    plane = np.asarray(imagecodecs.tiff_decode(data, index=index))
    plane = plane[:, :, None] if plane.ndim == 2 else plane
    if plane.shape != (spec.height, spec.width, spec.nchannels) or plane.dtype.name not in (
        "uint8",
        "uint16",
        "float32",
    ):
        raise UnsupportedImage("This TIFF's way of storing its samples cannot be read.")
    return plane


def _metadata(tags: Directory, icc: bytes | None, turn: int) -> Metadata:
    kept = {tag: tags[tag] for tag in (*DESCRIPTIVE, X_RESOLUTION, Y_RESOLUTION, UNIT) if tag in tags}
    dpi = None
    if X_RESOLUTION in tags and Y_RESOLUTION in tags:
        unit = (tags[UNIT].integers() or (2,))[0] if UNIT in tags else 2
        across, down = tags[X_RESOLUTION].ratio(), tags[Y_RESOLUTION].ratio()
        if turn >= 5:
            across, down = down, across
            kept |= {X_RESOLUTION: tags[Y_RESOLUTION], Y_RESOLUTION: tags[X_RESOLUTION]}
        scale = {2: 1.0, 3: 2.54}.get(unit)
        dpi = (across * scale, down * scale) if scale and across and down else None
    told = any(tag in kept for tag in DESCRIPTIVE)
    return Metadata(
        icc=icc,
        exif=tiff_ifd.block({**kept, ORIENTATION: Entry(3, 1, b"\1\0")}) if told else None,
        xmp=exif.upright_xmp(tags[XMP].raw) if XMP in tags else None,
        iptc=tags[IPTC].raw if IPTC in tags else None,
        dpi=dpi,
    )


def _divided(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Premultiplied ``pixels`` without their alpha; those under alpha 0 as they are."""
    white = white_of(pixels.dtype)
    result = pixels.copy()
    for top in range(0, len(pixels), 256):
        weight = alpha[top : top + 256, :, None].astype(np.float64) / white
        band = pixels[top : top + 256] / np.where(weight == 0, 1, weight)
        result[top : top + 256] = band if pixels.dtype.kind == "f" else np.minimum(np.rint(band), white)
    return result


def _multiplied(pixels: Pixels, alpha: Pixels) -> Pixels:
    """The inverse of ``_divided``, exact wherever no sample was brighter than its alpha."""
    white = white_of(pixels.dtype)
    result = pixels.copy()
    for top in range(0, len(pixels), 256):
        weight = alpha[top : top + 256, :, None].astype(np.float64) / white
        band = pixels[top : top + 256] * np.where(weight == 0, 1, weight)
        result[top : top + 256] = band if pixels.dtype.kind == "f" else np.rint(band)
    return result


def write(photo: Photo, *, quality: int | None) -> bytes:
    """All pages, without loss, as they were read: inks, depth, compression, tags."""
    del quality
    pages = [photo, *photo.pages]
    data = oiio.encoded(".tif", [_stored(page) for page in pages])
    written = tiff_ifd.directories(data)
    foreign = {XMP, IPTC, PHOTOSHOP, ICC, ORIENTATION, *DESCRIPTIVE, X_RESOLUTION, Y_RESOLUTION, UNIT}
    return tiff_ifd.retagged(
        data, [(_tags(page) | _ink_tags(page, own), foreign) for page, own in zip(pages, written, strict=True)]
    )


def _coding(page: Photo) -> TiffCoding:
    return page.coding if isinstance(page.coding, TiffCoding) else TiffCoding()


def _stored(page: Photo) -> tuple[Any, Pixels]:
    import OpenImageIO as oi

    own = _coding(page)
    inks = own.inks if own.inks is not None and own.inks.fit(page.pixels) else None
    pixels = page.pixels if inks is None else inks.planes_of(page.pixels)
    associated = own.associated and inks is None
    planes = [_multiplied(pixels, page.alpha) if associated and page.alpha is not None else pixels]
    colors = pixels.shape[2]
    if page.alpha is not None:
        planes.append(page.alpha[:, :, None])
    extra = own.extra
    if extra is not None and extra.shape[:2] == pixels.shape[:2] and extra.dtype == pixels.dtype:
        planes.append(extra)
    plane = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
    deep = own.kind if page.pixels.dtype.kind == "f" else ""
    spec = oi.ImageSpec(page.width, page.height, plane.shape[2], deep or _kind(page.pixels))
    spec.alpha_channel = colors if page.alpha is not None else -1
    spec.channelnames = tuple(
        [*("CMYK" if colors == 4 else "RGB" if colors == 3 else "Y")]
        + (["A"] if page.alpha is not None else [])
        + [f"extra{i}" for i in range(plane.shape[2] - colors - (page.alpha is not None))]
    )
    if page.alpha is not None and not associated:
        spec.attribute("oiio:UnassociatedAlpha", 1)
    bits = own.bits
    if (page.pixels.dtype == np.uint16 and bits in (10, 12)) or _are_few(plane, bits):
        spec.attribute("oiio:BitsPerSample", bits)
    spec.attribute("compression", own.compression if own.compression in WRITTEN else "zip")
    return spec, plane


def _ink_tags(page: Photo, written: Directory) -> Directory:
    """What makes separations of planes that were written as colour, as OpenImageIO cuts 16-bit inks to 8."""
    inks = _coding(page).inks
    if inks is None or not inks.fit(page.pixels):
        return {}
    extra = written[EXTRA_SAMPLES].integers()[1:]
    return {
        PHOTOMETRIC: Entry(3, 1, b"\5\0"),
        INK_SET: Entry(3, 1, b"\1\0"),
        EXTRA_SAMPLES: Entry(3, len(extra), struct.pack(f"<{len(extra)}H", *extra)),
    }


def _are_few(plane: Pixels, bits: int) -> bool:
    """Whether grey samples of 8 bits all lie on the levels of ``bits`` 1, 2 or 4."""
    if plane.dtype != np.uint8 or plane.shape[2] != 1 or bits not in (1, 2, 4):
        return False
    return bool((plane % (255 // ((1 << bits) - 1)) == 0).all())


def _kind(pixels: Pixels) -> str:
    return "float" if pixels.dtype.kind == "f" else str(pixels.dtype)


def _tags(page: Photo) -> Directory:
    data = page.metadata
    held = tiff_ifd.directories(data.exif) if data.exif else []
    tags: Directory = {tag: entry for tag, entry in (held[0] if held else {}).items() if tag in DESCRIPTIVE}
    tags[ORIENTATION] = Entry(3, 1, b"\1\0")
    if data.dpi:
        tags |= {
            X_RESOLUTION: tiff_ifd.rational(data.dpi[0]),
            Y_RESOLUTION: tiff_ifd.rational(data.dpi[1]),
            UNIT: Entry(3, 1, b"\2\0"),
        }
    inks = _coding(page).inks
    icc = data.icc or (inks.profile if inks is not None else None)
    for tag, value in ((ICC, icc), (XMP, data.xmp), (IPTC, data.iptc)):
        if value:
            tags[tag] = tiff_ifd.blob(value)
    resources = _coding(page).resources
    if resources is not None:
        tags[PHOTOSHOP] = resources
    return tags
