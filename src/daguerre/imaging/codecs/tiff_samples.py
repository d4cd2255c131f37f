"""The samples of one page of a TIFF, as they are stored and as colors.

tifffile unpacks, since it hands samples out as they are; libtiff, by way of OpenImageIO, what tifffile cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from daguerre.errors import BrokenImage, UnsupportedImage
from daguerre.imaging import depth
from daguerre.imaging.codecs import oiio
from daguerre.imaging.color import lab, transfer
from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Directory
from daguerre.imaging.photo import Pixels, white_of
from daguerre.imaging.recovery import truncated

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, COLOR_MAP = 256, 257, 258, 259, 262, 277, 320
MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE, MASK, SEPARATED, YCBCR = 0, 1, 2, 3, 4, 5, 6
CIE_LAB, ICC_LAB, ITU_LAB = 8, 9, 10
LOG_L, LOG_LUV = 32844, 32845
INK_SET = 332

COLOR_NAMES = {
    MIN_IS_WHITE: "gray, white is 0", MIN_IS_BLACK: "gray", RGB: "RGB", PALETTE: "palette", MASK: "mask",
    LOG_L: "LogL", LOG_LUV: "LogLuv", SEPARATED: "CMYK", YCBCR: "YCbCr", CIE_LAB: "Lab", ICC_LAB: "Lab", ITU_LAB: "Lab",
}  # fmt: skip
_COLORS = {LOG_LUV: 3, RGB: 3, PALETTE: 1, SEPARATED: 4, YCBCR: 3, CIE_LAB: 3, ICC_LAB: 3, ITU_LAB: 3}
_XYZ_TO_RGB = np.array(((2.690, -1.276, -0.414), (-1.022, 1.978, 0.044), (0.061, -0.224, 1.163)), np.float32)
"""To the primaries of ITU-R BT.709 and a white of equal energy, which LogLuv is relative to."""
_LABS = {CIE_LAB: "CIE Lab", ICC_LAB: "ICC Lab", ITU_LAB: "ITU Lab"}
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_JPEGS, _FAXES = (6, 7), (2, 3, 4)
_ROWS = 256
_SLACK_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands: its number in the chain, and among that one's SubIFDs where it is no page of the chain."""

    index: int
    child: int | None = None

    def page(self, file: Any) -> Any:
        """The page of tifffile's ``file``."""
        page = file.pages[self.index]
        return page if self.child is None else page.pages[self.child]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the tags of a page say of its samples. The first ``colors`` of the ``samples`` of a pixel are color."""

    width: int
    height: int
    samples: int
    bits: int
    photometric: int
    colors: int
    compression: int

    @property
    def pixel_bytes(self) -> int:
        """Bytes that a pixel takes once it is unpacked."""
        return self.samples * max(1, (self.bits + 7) // 8)


@dataclass(slots=True)
class Samples:
    """``plane`` ``[H, W, C]`` of uint8, uint16 or float32, its first ``colors`` gray, RGB or CMYK (0 = no ink), and
    sentences about what was made of them."""

    plane: Pixels
    colors: int
    notes: list[str] = field(default_factory=list)


def read_shape(tags: Directory) -> Shape:
    """The shape that ``tags`` declare. Raises BrokenImage where they name no size."""
    width, height = tiff_ifd.read_number(tags, WIDTH, 0), tiff_ifd.read_number(tags, HEIGHT, 0)
    if width < 1 or height < 1:
        raise BrokenImage("The TIFF file holds a page without a size.")
    samples = max(1, tiff_ifd.read_number(tags, SAMPLES, 1))
    bits = _bits(tags)
    compression = tiff_ifd.read_number(tags, COMPRESSION, 1)
    guess = RGB if samples >= 3 else MIN_IS_WHITE if compression in _FAXES else MIN_IS_BLACK
    photometric = tiff_ifd.read_number(tags, PHOTOMETRIC, guess)
    colors = _COLORS.get(photometric, 1)
    extra = len(tags[338].integers()) if 338 in tags else None
    if photometric == MIN_IS_BLACK and samples == 3 and extra is None:
        colors = 3  # Three samples without a word of what they are: programs mean red, green and blue.
    if photometric == SEPARATED and samples < 4:
        colors = samples
    return Shape(width, height, samples, bits, photometric, colors if colors <= samples else 1, compression)


def _bits(tags: Directory) -> int:
    each = (tags[BITS].integers() if BITS in tags else ()) or (1,)
    if len(set(each)) == 1:
        return each[0]
    return 8 if max(each) <= 8 else 16  # tifffile stretches them to their type.


def read(data: bytes, place: Place, tags: Directory) -> Samples:
    """The samples of the page at ``place`` as gray, RGB or CMYK.

    Raises BrokenImage, and UnsupportedImage for kinds of samples that nothing here can read.
    """
    shape = _readable(tags)
    if shape.photometric in (LOG_L, LOG_LUV):
        return _logarithmic(data, place, shape)
    if _is_cut(data, tags):
        samples, missing = recover(data, place, tags)
        if not missing.any():
            return samples
        raise truncated("TIFF", float(missing.mean()), "a page")
    stored, is_rgb = _stored(data, place, tags, shape)
    return _as_colors(stored, is_rgb, tags, shape)


def _logarithmic(data: bytes, place: Place, shape: Shape) -> Samples:
    """Greg Ward's logarithmic encodings as float32 on the display curve (TIFF technical note, LogLuv)."""
    import imagecodecs

    with oiio.translate_faults():
        stored = np.asarray(imagecodecs.tiff_decode(data, index=place.index)).reshape(shape.height, shape.width, -1)
    if shape.photometric == LOG_LUV and stored.shape[2] == 3:
        light = (stored.astype(np.float32) @ _XYZ_TO_RGB.T).astype(np.float32)
    elif stored.dtype == np.int16 and stored.shape[2] == 1:
        codes = stored.astype(np.int32)
        magnitude = np.exp2((np.abs(codes) + 0.5) / 256 - 64)
        light = np.where(codes == 0, 0, np.copysign(magnitude, codes)).astype(np.float32)
    else:
        raise UnsupportedImage("The TIFF holds logarithmic samples of a kind that cannot be read.")
    note = f"The TIFF's {COLOR_NAMES[shape.photometric]} samples are now floating point."
    return Samples(transfer.to_display(light), light.shape[2], [note])


def recover(data: bytes, place: Place, tags: Directory) -> tuple[Samples, npt.NDArray[np.bool_]]:
    """As ``read``, of a file that is truncated or damaged, and the pixels ``[H, W]`` that it does not hold."""
    from tifffile import TiffFile

    shape = _readable(tags)
    with TiffFile(BytesIO(data)) as file:
        page = place.page(file)
        planar, layers, height, width, samples = page.shaped
        if layers != 1:
            raise UnsupportedImage("The TIFF holds a volume, not a picture.")
        stored = np.zeros((planar, height, width, samples), page.dtype)
        found = np.zeros((height, width), np.int32)
        for number, (at, size) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=False)):
            if piece := data[at : at + size]:
                _put_segment(stored, found, page, number, piece, size)
    plane = stored[0] if planar == 1 else np.ascontiguousarray(stored[..., 0].transpose(1, 2, 0))
    return _as_colors(plane, shape.photometric == YCBCR, tags, shape), found < planar


def _put_segment(stored: Pixels, found: npt.NDArray[np.int32], page: Any, number: int, piece: bytes, size: int) -> None:
    """Puts one strip or tile of ``size`` bytes, of which ``piece`` is there, into its place, and counts its pixels.

    What is missing is filled up with one thing and with another: samples that stay the same do not depend on it.
    """
    tables = {"jpegtables": page.jpegtables} if page.jpegtables else {}
    fillers = (b"\0",) if len(piece) == size else (b"\0", b"\x55")
    # A damaged file may claim any size; no packing takes much more than the samples themselves.
    share = stored.nbytes // max(1, len(page.dataoffsets))
    size = min(size, len(piece) + 4 * share + _SLACK_BYTES)
    try:
        first, *others = [page.decode(piece.ljust(size, filler), number, **tables) for filler in fillers]
    except MemoryError:
        raise
    except Exception:  # tifffile raises anything over what it cannot read; what is not there stays missing.
        return
    segment, (separate, _, top, left, _), _ = first
    if segment is None or any(other.shape != segment.shape for other, _, _ in others):
        return
    part = segment[0, : stored.shape[1] - top, : stored.shape[2] - left]
    height, width, samples = part.shape
    stored[separate, top : top + height, left : left + width, :samples] = part
    rows = height
    for other, _, _ in others:
        differs = (other[0, :height, :width] != part).any(axis=(1, 2))
        # Blocks of a JPEG lie 16 rows high, and colors reach over their border.
        rows = max(0, int(np.argmax(differs)) // 16 * 16 - 2) if differs.any() else rows
    found[top : top + rows, left : left + width] += 1


def _is_cut(data: bytes, tags: Directory) -> bool:
    """Whether a strip or tile of the page reaches over the end of the file."""
    places, sizes = (324, 325) if 324 in tags else (273, 279)
    if places not in tags or sizes not in tags:
        return False
    spans = zip(tags[places].integers(), tags[sizes].integers(), strict=False)
    return any(place + size > len(data) for place, size in spans)


def _readable(tags: Directory) -> Shape:
    shape = read_shape(tags)
    if shape.photometric == SEPARATED and (shape.samples < 4 or tiff_ifd.read_number(tags, INK_SET, 1) != 1):
        raise UnsupportedImage("The TIFF holds inks other than cyan, magenta, yellow and black, which cannot be read.")
    return shape


def _as_colors(stored: Pixels, is_rgb: bool, tags: Directory, shape: Shape) -> Samples:
    """Stored samples ``[H, W, C]`` as the colors that they stand for."""
    if stored.shape[:2] != (shape.height, shape.width):
        raise BrokenImage("A page of the TIFF file is of another size than it declares.")
    notes: list[str] = []
    if shape.photometric in _LABS and not is_rgb:
        colors = _from_lab(stored[:, :, :3], shape)
        notes.append(f"The TIFF's {_LABS[shape.photometric]} colors are now sRGB, which does not hold all of them.")
        extra = _leveled(stored[:, :, 3:], shape.bits, notes)
        return Samples(np.concatenate([colors, extra.astype(colors.dtype)], axis=2), 3, notes)
    if shape.photometric == PALETTE and not is_rgb:
        colors = _from_palette(stored[:, :, 0], tags)
        notes.append("The TIFF's palette was given up: its colors are now RGB.")
        extra = _leveled(stored[:, :, 1:], shape.bits, notes)
        return Samples(np.concatenate([colors, depth.convert(extra, str(colors.dtype))], axis=2), 3, notes)
    plane = _leveled(stored, shape.bits, notes)
    colors_count = 3 if is_rgb and shape.photometric != SEPARATED else shape.colors
    if plane.shape[2] < colors_count:
        colors_count = 1  # A damaged head that tells of fewer samples than its colors have.
    if shape.photometric == MIN_IS_WHITE and not is_rgb:
        plane = plane.copy()
        plane[:, :, :colors_count] = _inverted(plane[:, :, :colors_count])
    return Samples(plane, colors_count, notes)


def _stored(data: bytes, place: Place, tags: Directory, shape: Shape) -> tuple[Pixels, bool]:
    """``[H, W, C]`` as stored, and whether libtiff has made gray or RGB of it."""
    if shape.photometric != YCBCR or shape.compression in _JPEGS:
        try:
            return _by_tifffile(data, place), shape.photometric == YCBCR
        except (MemoryError, UnsupportedImage):
            raise
        except Exception:  # tifffile raises anything over what it cannot read.
            if place.child is not None:
                raise
    return _by_libtiff(data, place.index, tags, shape)


def read_stored(data: bytes, place: Place) -> Pixels:
    """``[H, W, C]`` of the page at ``place`` as it is stored. Raises anything."""
    return _by_tifffile(data, place)


def _by_tifffile(data: bytes, place: Place) -> Pixels:
    from tifffile import TiffFile

    with TiffFile(BytesIO(data)) as file:
        page = place.page(file)
        plane = np.asarray(page.asarray(maxworkers=1))
        if page.bitspersample == 24 and plane.dtype.kind == "u":
            plane = _order_triples(plane, file.byteorder)
        planar, layers, height, width, samples = page.shaped
    if layers != 1:
        raise UnsupportedImage("The TIFF holds a volume, not a picture.")
    plane = plane.reshape(planar, height, width, samples)
    plane = plane.astype(np.dtype(plane.dtype.name), copy=plane.dtype.byteorder == ">")
    return plane[0] if planar == 1 else np.ascontiguousarray(plane[..., 0].transpose(1, 2, 0))


def _order_triples(plane: Pixels, byteorder: str) -> Pixels:
    """Samples of 24 bits in the file's byte order, as TIFF 6.0 and libtiff have it.

    tifffile takes all for big-endian, and leaves what it made of a big-endian file in that order in memory.
    """
    return plane.byteswap() if byteorder == ">" else (plane & 0xFF) << 16 | plane & 0xFF00 | plane >> 16 & 0xFF


def _by_libtiff(data: bytes, index: int, tags: Directory, shape: Shape) -> tuple[Pixels, bool]:
    inks = shape.photometric == SEPARATED
    with oiio.translate_faults(), oiio.open_reader(data, ".tif", inks=inks) as reader:
        if not reader.seek_subimage(index, 0):
            raise BrokenImage("A page of the TIFF file cannot be decoded.")
        spec = reader.spec(index)
        kind = str(spec.format)
        plane = oiio.read_samples(reader, index, kind if kind in ("uint8", "uint16", "float") else "uint16")
    # It inverts where white is 0, for up to 8 bits a sample.
    return plane, not inks and not (shape.photometric == MIN_IS_WHITE and shape.bits > 8)


def _leveled(stored: Pixels, bits: int, notes: list[str]) -> Pixels:
    """Stored samples of any kind as uint8, uint16 or float32 over their whole range."""
    if not stored.size:
        return stored.astype(np.uint8 if stored.dtype.itemsize == 1 else stored.dtype)
    match stored.dtype.kind:
        case "b":
            return stored.astype(np.uint8) * np.uint8(255)
        case "f":
            return _finite(stored, bits, notes)
        case "i":
            notes.append("The samples had a sign and have none now.")
            return _leveled(_unsigned(stored), bits - 1 if int(stored.min()) >= 0 else bits, notes)
        case "u" if bits <= 16:
            return depth.level(stored, bits)
        case "u":
            notes.append(f"The samples had {bits} bits and have 16 now.")
            return _reduced(stored, bits)
    raise UnsupportedImage("The TIFF's samples are of a kind that cannot be read.")


def _finite(stored: Pixels, bits: int, notes: list[str]) -> Pixels:
    plane = stored.astype(np.float32)
    if bits == 64:
        notes.append("The samples' 64 bits of floating point were rounded to 32.")
    if not np.isfinite(plane).all():
        plane = np.nan_to_num(plane, nan=0.0, posinf=1.0, neginf=0.0)
        notes.append("Samples that were not finite numbers were replaced.")
    return plane


def _unsigned(stored: Pixels) -> Pixels:
    """Signed integers without their sign: as they are where none is negative, else from the least of their type on."""
    unsigned = np.dtype(f"u{stored.dtype.itemsize}")
    if int(stored.min()) >= 0:
        return stored.astype(unsigned)
    return stored.view(unsigned) ^ unsigned.type(1 << (8 * unsigned.itemsize - 1))


def _reduced(stored: Pixels, bits: int) -> Pixels:
    result = np.empty(stored.shape, np.uint16)
    for top in range(0, len(stored), _ROWS):
        share = stored[top : top + _ROWS].astype(np.float64) / float((1 << bits) - 1)
        result[top : top + _ROWS] = np.rint(np.minimum(share, 1) * 65535)
    return result


def _inverted(plane: Pixels) -> Pixels:
    white = white_of(plane.dtype)
    return (np.float32(white) - plane) if plane.dtype.kind == "f" else plane.dtype.type(white) - plane


def _from_palette(indices: Pixels, tags: Directory) -> Pixels:
    """``[H, W, 3]`` uint8, or uint16 where the map holds more than 8 bits say."""
    if COLOR_MAP not in tags:
        raise BrokenImage("The TIFF's palette is missing.")
    table = np.array(tags[COLOR_MAP].integers(), np.uint16)
    table = table[: len(table) // 3 * 3].reshape(3, -1).T
    low, high = table & 255, table >> 8
    if int(table.max(initial=0)) <= 255:
        table = table.astype(np.uint8)  # Written by programs that took the 16-bit words of the map for bytes.
    elif not low.any() or bool((low == high).all()):
        table = high.astype(np.uint8)
    return table[np.minimum(indices.astype(np.intp), len(table) - 1)]


def _from_lab(stored: Pixels, shape: Shape) -> Pixels:
    """``[H, W, 3]`` uint8, or uint16 for deeper samples, sRGB (TIFF 6.0 section 23, TIFF technical note 4, T.42)."""
    if stored.dtype.kind not in "ui" or shape.bits not in (8, 16):
        raise UnsupportedImage(f"The TIFF holds Lab of {shape.bits} bits, which cannot be read.")
    kind = np.uint8 if shape.bits == 8 else np.uint16
    result = np.empty(stored.shape, kind)
    for top in range(0, len(stored), _ROWS):
        codes = stored[top : top + _ROWS].astype(f"u{shape.bits // 8}").astype(np.float32)
        values = lab.to_srgb(_lab(codes, shape))
        result[top : top + _ROWS] = np.rint(values * white_of(kind))
    return result


def _lab(codes: Pixels, shape: Shape) -> Pixels:
    """Stored codes, without sign, as L*, a* and b*."""
    wide = shape.bits == 16
    unit, top = (256.0, 65535.0) if wide else (1.0, 255.0)
    lightness, chroma = codes[..., :1], codes[..., 1:]
    if shape.photometric == CIE_LAB:
        half = 32768.0 if wide else 128.0
        chroma = (np.where(chroma >= half, chroma - 2 * half, chroma)) / unit
    elif shape.photometric == ICC_LAB:
        top = 65280.0 if wide else 255.0
        chroma = chroma / unit - 128
    else:
        chroma = (chroma / top * 255 - (128, 96)) * (170 / 255, 200 / 255)
    return np.concatenate([lightness * (100 / top), chroma], axis=-1).astype(np.float32)
