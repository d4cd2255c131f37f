"""TIFF: 8 bits, 16 bits or float; gray, color or inks; page by page, with its tags and compression."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from daguerre.errors import BrokenImage
from daguerre.imaging import limits
from daguerre.imaging.codecs import oiio, tiff_samples
from daguerre.imaging.codecs.tiff_samples import BITS, COMPRESSION, INK_SET, PHOTOMETRIC, Place, Shape
from daguerre.imaging.color.cmyk import Inks
from daguerre.imaging.containers import photoshop, tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Directory, Entry, StoredPage
from daguerre.imaging.description import Page
from daguerre.imaging.metadata import orientation, xmp
from daguerre.imaging.photo import Coding, Enlarge, Metadata, Photo, Pixels, Turn, white_of

XMP, IPTC, PHOTOSHOP, ICC, EXIF, GPS = 700, 33723, 34377, 34675, 34665, 34853
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT, EXTRA_SAMPLES = 274, 282, 283, 296, 338
NEW_SUBFILE_TYPE, SUBFILE_TYPE = 254, 255
_REDUCED, _MASK = 1, 4

DESCRIPTIVE = (
    269, 270, 271, 272, 285, 297, 301, 305, 306, 315, 316, 318, 319, 33432, EXIF, GPS,
    18246, 18249, 40091, 40092, 40093, 40094, 40095,
)  # fmt: skip
"""Tags of the first directory that tell of the picture wherever it is stored: they go into an EXIF block."""

_STRUCTURAL = frozenset({
    *range(254, 260), 262, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 288, 289, 290, 291,
    292, 293, 296, 317, 320, *range(322, 326), 330, 332, 334, 336, 338, 339, 340, 341, 342, 347, *range(512, 522),
    529, 530, 531, 532, XMP, IPTC, PHOTOSHOP, ICC, EXIF, GPS, 37724, 40965, 50215,
})  # fmt: skip
"""Tags that say how samples are stored, or that are held apart. All others come out again as they came."""

_LAYERS, _MAKER_NOTE = 37724, 37500
_PACKED = {1: "none", 5: "lzw", 8: "zip", 32773: "packbits", 32946: "zip"}
"""The compressions that are written again, in OpenImageIO's words; Deflate (zip) stands in for the others."""
_LOSSY_OR_RARE = {
    2: "CCITT", 3: "fax", 4: "fax", 6: "JPEG", 7: "JPEG", 34712: "JPEG 2000", 33003: "JPEG 2000", 33005: "JPEG 2000",
    34676: "SGILog", 34677: "SGILog", 34887: "LERC", 34892: "JPEG", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP",
    50002: "JPEG XL",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TiffCoding(Coding):
    """How a page was stored.

    Compression and kind of the samples in OpenImageIO's words, bits a sample, whether the colors were multiplied by
    alpha, further samples ``[H, W, C]`` with what each of them is, the inks of CMYK; tags that other formats have no
    place for, the tags of the resolution with what was read from them, and the pages that are no photos, with the
    numbers of the pages before which they stand.
    """

    compression: str = "zip"
    bits: int = 0
    kind: str = ""
    associated: bool = False
    extra: Pixels | None = None
    extra_kinds: tuple[int, ...] = ()
    inks: Inks | None = None
    tags: Directory = field(default_factory=dict)
    resolution: Directory = field(default_factory=dict)
    told: tuple[tuple[float, float] | None, tuple[float, float] | None] = (None, None)
    carried: tuple[tuple[int, StoredPage], ...] = ()

    def enlarged(self, enlarge: Enlarge) -> TiffCoding:
        return replace(
            self,
            inks=None if self.inks is None else self.inks.enlarged(enlarge),
            extra=None if self.extra is None else enlarge(self.extra),
            carried=(),
        )

    def only_at_this_size(self) -> tuple[str, ...]:
        return ("The TIFF's masks were left out: they fit the picture before it was enlarged.",) if self.carried else ()

    def turned(self, turn: Turn) -> TiffCoding:
        return replace(
            self,
            inks=None if self.inks is None else self.inks.turned(turn),
            extra=None if self.extra is None else turn(self.extra),
            carried=(),
        )

    def only_this_way_up(self) -> tuple[str, ...]:
        return ("The TIFF's masks were left out: they fit the picture before it was turned.",) if self.carried else ()


_KINDS_OF_SAMPLES = {1: "alpha, multiplied", 2: "alpha"}


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """Every page, and what the first photo's tags tell."""
    held = _held_pages(data)
    first = next(tags for _, tags, kind in held if kind == "photo")
    return [_described(tags, kind) for _, tags, kind in held], read_metadata(first)[0]


def _described(tags: Directory, kind: str) -> Page:
    shape = tiff_samples.read_shape(tags)
    declared = tags[EXTRA_SAMPLES].integers() if EXTRA_SAMPLES in tags else ()
    further = shape.samples - shape.colors
    extra = tuple(_KINDS_OF_SAMPLES.get(value, "channel") for value in (*declared, *[0] * further)[: max(0, further)])
    packing = {1: "none", 5: "LZW", 8: "Deflate", 32773: "PackBits", 32946: "Deflate"} | _LOSSY_OR_RARE
    return Page(
        shape.width, shape.height, shape.bits, tiff_samples.COLOR_NAMES.get(shape.photometric, "unknown"), kind, extra,
        tiff_ifd.read_number(tags, 339, 1) == 3, packing.get(shape.compression, str(shape.compression)),
    )  # fmt: skip


def read(data: bytes, *, max_pixels: int) -> Photo:
    """Every page that is a photo, upright. Reduced pages (previews) are left out, masks are carried along."""
    return _read(data, max_pixels, recover=False)


def recover(data: bytes, *, max_pixels: int) -> Photo:
    """As ``read``, of a file that is truncated or damaged, as far as its strips and tiles are there."""
    return _read(data, max_pixels, recover=True)


def _read(data: bytes, max_pixels: int, *, recover: bool) -> Photo:
    with oiio.translate_faults():
        held = _held_pages(data)
        pages: list[Photo] = []
        carried: list[tuple[int, StoredPage]] = []
        total = 0
        for place, tags, kind in held:
            if kind == "photo":
                shape = tiff_samples.read_shape(tags)
                size = {"file_bytes": len(data), "pixel_bytes": shape.pixel_bytes, "before": total}
                limits.check_size(shape.width, shape.height, max_pixels, **size)
                total += shape.width * shape.height
                pages.append(_page(data, place, tags, shape, recover=recover))
            elif kind == "mask":
                carried.append((len(pages), _carried(data, place, tags)))
    first = pages[0]
    assert isinstance(first.coding, TiffCoding)
    first.coding = replace(first.coding, carried=tuple(carried))
    first.pages = pages[1:]
    if any(kind == "thumbnail" for _, _, kind in held):
        first.losses.append("The TIFF's reduced preview was left out.")
    return first


def _held_pages(data: bytes) -> list[tuple[Place, Directory, str]]:
    """The pages with their kinds. Behind a preview its SubIFDs count, where the picture itself may stand."""
    directories = tiff_ifd.read_pages(data)
    if not directories:
        raise BrokenImage("The TIFF file holds no page that can be read.")
    places = [(Place(index), tags) for index, tags in enumerate(directories)]
    for index, tags in enumerate(directories):
        if _kind(tags) == "thumbnail":
            children = tiff_ifd.read_children(data, tags)
            places += [(Place(index, child), inner) for child, inner in children.items() if _kind(inner) == "photo"]
    kinds = tell_kinds([tags for _, tags in places])
    return [(place, tags, kind) for (place, tags), kind in zip(places, kinds, strict=True)]


def tell_kinds(directories: list[Directory]) -> list[str]:
    """``photo``, ``thumbnail`` or ``mask`` for each page; at least one is a photo."""
    kinds = [_kind(tags) for tags in directories]
    if "photo" not in kinds:
        # Nothing but previews or masks: the largest is the picture.
        areas = [tiff_ifd.read_number(tags, 256, 0) * tiff_ifd.read_number(tags, 257, 0) for tags in directories]
        kinds[areas.index(max(areas))] = "photo"
    return kinds


def _kind(tags: Directory) -> str:
    flags = tiff_ifd.read_number(tags, NEW_SUBFILE_TYPE, 0)
    if flags & _MASK or tiff_ifd.read_number(tags, PHOTOMETRIC, 1) == tiff_samples.MASK:
        return "mask"
    return "thumbnail" if flags & _REDUCED or tiff_ifd.read_number(tags, SUBFILE_TYPE, 1) == 2 else "photo"


def _page(data: bytes, place: Place, tags: Directory, shape: Shape, *, recover: bool) -> Photo:
    missing = None
    if recover:
        samples, missing = tiff_samples.recover(data, place, tags)
    else:
        samples = tiff_samples.read(data, place, tags)
    losses = [*samples.notes, *_losses(tags, shape)]
    metadata, turn, notes = read_metadata(tags)
    losses += notes
    plane = oiio.turn_upright(samples.plane, turn)
    colors = samples.colors
    declared = tags[EXTRA_SAMPLES].integers() if EXTRA_SAMPLES in tags else ()
    kinds = [declared[i] if i < len(declared) else 0 for i in range(plane.shape[2] - colors)]
    at = next((colors + i for i, kind in enumerate(kinds) if kind in (1, 2)), None)
    associated = at is not None and kinds[at - colors] == 1
    alpha = None if at is None else np.ascontiguousarray(plane[:, :, at])
    others = [i for i in range(colors, plane.shape[2]) if i != at]
    pixels, inks = np.ascontiguousarray(plane[:, :, :colors]), None
    if colors == 4:
        inks = Inks(pixels, metadata.icc)
        pixels, metadata.icc = inks.colors(), None
    elif associated and alpha is not None:
        pixels = _divided(pixels, alpha)
    coding = TiffCoding(
        _PACKED.get(shape.compression, "zip"),
        shape.bits,
        _kind_of_floats(tags, shape) if pixels.dtype.kind == "f" else "",
        associated,
        plane[:, :, others].copy() if others else None,
        tuple(kinds[i - colors] for i in others),
        inks,
        {tag: entry for tag, entry in tags.items() if tag not in _STRUCTURAL and tag not in DESCRIPTIVE}
        | _kept_apart(tags),
        _resolution(tags, turn),
        (metadata.dpi, metadata.aspect),
    )
    missing = None if missing is None else oiio.turn_upright(missing, turn)
    return Photo(pixels, "tiff", alpha, metadata, coding, missing=missing, losses=losses)


def _kind_of_floats(tags: Directory, shape: Shape) -> str:
    is_stored_so = tiff_ifd.read_number(tags, 339, 1) == 3
    return {16: "half", 64: "double"}.get(shape.bits, "float") if is_stored_so else "float"


def _losses(tags: Directory, shape: Shape) -> list[str]:
    found = []
    if shape.compression not in _PACKED:
        name = _LOSSY_OR_RARE.get(shape.compression, "own")
        found.append(f"The TIFF's {name} compression is replaced by Deflate, which loses nothing.")
    if shape.bits in (3, 5, 6, 7, 9, 11, 13, 14, 15) and tiff_ifd.read_number(tags, 339, 1) == 1:
        wide = 8 if shape.bits < 8 else 16
        found.append(f"Samples of {shape.bits} bits are stored in {wide} now, at the same levels.")
    if tiff_ifd.SUB_IFDS in tags:
        found.append("Further pictures inside the TIFF's page (SubIFDs) were left out.")
    if EXIF in tags and _MAKER_NOTE in (tags[EXIF].directory or {}):
        found.append("The camera's maker notes lie elsewhere now: programs may not find all that they point at.")
    if _LAYERS in tags:
        found.append("The layers that Photoshop stored in the TIFF were left out.")
    return found


def _resolution(tags: Directory, turn: int) -> Directory:
    """The tags of the resolution for the upright picture."""
    found = {tag: tags[tag] for tag in (X_RESOLUTION, Y_RESOLUTION, UNIT) if tag in tags}
    if turn >= 5 and X_RESOLUTION in found and Y_RESOLUTION in found:
        found |= {X_RESOLUTION: found[Y_RESOLUTION], Y_RESOLUTION: found[X_RESOLUTION]}
    return found


def _kept_apart(tags: Directory) -> Directory:
    """Of the tags that are held apart those that are written again."""
    found: Directory = {}
    if tiff_ifd.read_number(tags, NEW_SUBFILE_TYPE, 0) & ~_REDUCED:
        found[NEW_SUBFILE_TYPE] = tiff_ifd.long(tiff_ifd.read_number(tags, NEW_SUBFILE_TYPE, 0) & ~_REDUCED)
    return found


def _carried(data: bytes, place: Place, tags: Directory) -> StoredPage:
    """The page at ``place`` as it is stored, in little-endian order."""
    where, sizes = (324, 325) if 324 in tags else (273, 279)
    kept = {tag: entry for tag, entry in tags.items() if tag not in (273, 279, 324, 325, tiff_ifd.SUB_IFDS)}
    shape = tiff_samples.read_shape(tags)
    if (data[:2] == b"II" or shape.bits <= 8) and where in tags and sizes in tags:
        spans = zip(tags[where].integers(), tags[sizes].integers(), strict=False)
        return StoredPage(kept, tuple(data[at : at + size] for at, size in spans), where == 324)
    limits.check_size(shape.width, shape.height, 1 << 62, file_bytes=len(data), pixel_bytes=shape.pixel_bytes)
    plane = tiff_samples.read_stored(data, place)
    kept = {tag: entry for tag, entry in kept.items() if tag not in (266, 284, 317, 322, 323, 347)}
    bits = tuple([8 * plane.dtype.itemsize] * plane.shape[2])
    kept |= {BITS: tiff_ifd.short(*bits), COMPRESSION: tiff_ifd.short(1), 278: tiff_ifd.long(shape.height)}
    return StoredPage(kept, (plane.astype(plane.dtype.newbyteorder("<")).tobytes(),))


def read_metadata(tags: Directory) -> tuple[Metadata, int, list[str]]:
    """What the tags tell, the turn that the pixels need, and what is to be said of it."""
    told = {tag: tags[tag] for tag in DESCRIPTIVE if tag in tags}
    resolution = {tag: tags[tag] for tag in (X_RESOLUTION, Y_RESOLUTION, UNIT) if tag in tags}
    side = tags.get(ORIENTATION, Entry(3, 0, b""))
    block = tiff_ifd.pack_block({**told, **resolution, ORIENTATION: side} if side.count else {**told, **resolution})
    packet = tags[XMP].raw if XMP in tags else None
    standing = orientation.stand_upright(block, packet)
    turn = standing.turn
    dpi = aspect = None
    if X_RESOLUTION in tags and Y_RESOLUTION in tags:
        across, down = tags[X_RESOLUTION].ratio(), tags[Y_RESOLUTION].ratio()
        across, down = (down, across) if turn >= 5 else (across, down)
        scale = {2: 1.0, 3: 2.54}.get(tiff_ifd.read_number(tags, UNIT, 2))
        if across > 0 and down > 0:
            dpi = (across * scale, down * scale) if scale else None
            aspect = None if scale else (across, down)
    iptc, resources = photoshop.split_iptc(tags[PHOTOSHOP].raw) if PHOTOSHOP in tags else (None, None)
    resources = photoshop.exchange_resolutions(resources) if turn >= 5 else resources
    metadata = Metadata(
        icc=tags[ICC].raw if ICC in tags else None,
        exif=_with_upright_tag(standing.exif) if told else None,
        xmp=xmp.set_upright(packet),
        iptc=tags[IPTC].raw if IPTC in tags else iptc,
        dpi=dpi,
        aspect=aspect,
        resources=resources,
    )
    return metadata, turn, list(standing.notes)


def _with_upright_tag(block: bytes | None) -> bytes | None:
    held = tiff_ifd.read_pages(block or b"")
    return tiff_ifd.pack_block({**held[0], ORIENTATION: tiff_ifd.short(1)}) if held else None


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
    stored = [_stored(page) for page in pages]
    data = oiio.encode(".tif", [(spec, plane) for spec, plane, _ in stored])
    foreign = {XMP, IPTC, PHOTOSHOP, ICC, *DESCRIPTIVE, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT, EXTRA_SAMPLES}
    changes: list[tuple[Directory, set[int]] | StoredPage] = []
    carried = list(_coding(photo).carried)
    for number, (page, (_, _, structure)) in enumerate(zip(pages, stored, strict=True)):
        while carried and carried[0][0] <= number:
            changes.append(carried.pop(0)[1])
        changes.append((_tags(page) | structure, foreign))
    changes += [page for _, page in carried]
    return tiff_ifd.rewrite_pages(data, changes)


def _coding(page: Photo) -> TiffCoding:
    return page.coding if isinstance(page.coding, TiffCoding) else TiffCoding()


def _stored(page: Photo) -> tuple[Any, Pixels, Directory]:
    """What OpenImageIO writes, and the tags that say what it does not know."""
    import OpenImageIO as oi

    own = _coding(page)
    inks = own.inks if own.inks is not None and own.inks.fit(page.pixels) else None
    pixels = page.pixels if inks is None else inks.planes_of(page.pixels)
    associated = own.associated and inks is None
    planes = [_multiplied(pixels, page.alpha) if associated and page.alpha is not None else pixels]
    colors, further = pixels.shape[2], []
    if page.alpha is not None:
        planes.append(page.alpha[:, :, None])
        further.append(1 if associated else 2)
    extra = own.extra
    if extra is not None and extra.shape[:2] == pixels.shape[:2] and extra.dtype == pixels.dtype:
        planes.append(extra)
        further += own.extra_kinds
    plane = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
    deep = own.kind if page.pixels.dtype.kind == "f" else ""
    spec = oi.ImageSpec(page.width, page.height, plane.shape[2], deep or _kind_name(page.pixels))
    # Alpha is handed over as any other sample, or the writer would multiply by it.
    spec.alpha_channel = -1
    spec.channelnames = tuple(f"{'CMYK'[i] if i < 4 else 'X'}{i}" for i in range(plane.shape[2]))
    if (page.pixels.dtype == np.uint16 and own.bits in (10, 12)) or _are_few(plane, own.bits):
        spec.attribute("oiio:BitsPerSample", own.bits)
    spec.attribute("compression", own.compression)
    structure: Directory = {EXTRA_SAMPLES: tiff_ifd.short(*further)} if further else {}
    mode = {1: tiff_samples.MIN_IS_BLACK, 3: tiff_samples.RGB, 4: tiff_samples.SEPARATED}[colors]
    structure[PHOTOMETRIC] = tiff_ifd.short(mode)
    if inks is not None:
        structure[INK_SET] = tiff_ifd.short(1)
    return spec, plane, structure


def _are_few(plane: Pixels, bits: int) -> bool:
    """Whether gray samples of 8 bits all lie on the levels of ``bits`` 1, 2 or 4."""
    if plane.dtype != np.uint8 or plane.shape[2] != 1 or bits not in (1, 2, 4):
        return False
    return bool((plane % (255 // ((1 << bits) - 1)) == 0).all())


def _kind_name(pixels: Pixels) -> str:
    return "float" if pixels.dtype.kind == "f" else str(pixels.dtype)


def _tags(page: Photo) -> Directory:
    data, own = page.metadata, _coding(page)
    held = tiff_ifd.read_pages(data.exif) if data.exif else []
    tags = dict(own.tags)
    tags |= {tag: entry for tag, entry in (held[0] if held else {}).items() if tag in DESCRIPTIVE}
    tags[ORIENTATION] = tiff_ifd.short(1)
    resolution = data.dpi or data.aspect
    if own.told == (data.dpi, data.aspect):
        tags |= own.resolution
    elif resolution:
        tags |= {
            X_RESOLUTION: tiff_ifd.rational(resolution[0]),
            Y_RESOLUTION: tiff_ifd.rational(resolution[1]),
            UNIT: tiff_ifd.short(2 if data.dpi else 1),
        }
    icc = data.icc or (own.inks.profile if own.inks is not None else None)
    for tag, value in ((ICC, icc), (XMP, data.xmp), (IPTC, data.iptc)):
        if value:
            tags[tag] = tiff_ifd.undefined(value)
    if data.resources:
        tags[PHOTOSHOP] = Entry(tiff_ifd.BYTE, len(data.resources), data.resources)
    return tags
