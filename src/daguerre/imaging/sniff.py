"""The format of a file, found from its content and never from its name."""

from __future__ import annotations

import re
import struct
from itertools import islice

from daguerre.errors import NotAnImage, UnsupportedImage
from daguerre.imaging.containers import tiff_ifd

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (0, b"8BPS", "psd"),
    (0, b"\x76\x2f\x31\x01", "exr"),
    (0, b"#?RADIANCE", "hdr"),
    (0, b"#?RGBE", "hdr"),
    (0, b"\xff\x0a", "jxl"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "jxl"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"),
    (0, b"\xff\x4f\xff\x51", "jp2"),
    (0, b"FUJIFILMCCD-RAW", "raw"),
    (0, b"IIRO", "raw"),
    (0, b"IIRS", "raw"),
    (0, b"MMOR", "raw"),
    (0, b"IIU\x00", "raw"),
    (0, b"FOVb", "raw"),
    (0, b"\x00MRM", "raw"),
    (6, b"HEAPCCDR", "raw"),
)

_KNOWN_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"<?xml", "a text document"),
    (b"<svg", "a vector drawing"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"\x1aE\xdf\xa3", "a video"),
)

_MARKED_JPEG = re.compile(rb"\xff\xd8\xff(?:\xe0..JFIF|\xe1..Exif|\xdb|\xee..Adobe)", re.DOTALL)
_MOST_IN_FRONT = 4096
"""Recovered files and copies of other systems have something in front."""

_TIFF_HEADS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_DNG_VERSION = 50706
_CFA_PATTERN = 33421
_PHOTOMETRIC = 262
_SENSOR_PHOTOMETRICS = (32803, 34892)
_MOST_PAGES = 16


def find_format(data: bytes) -> str:
    """The name of the format of ``data``.

    Raises :class:`~daguerre.errors.NotAnImage` where nothing in it is a picture that we know, and
    :class:`~daguerre.errors.UnsupportedImage` for a video in an image's container.
    """
    if not data:
        raise NotAnImage("The file is empty.")
    for offset, signature, name in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            return name
    if data[:4] in _TIFF_HEADS:
        return "raw" if _is_raw(data) else "tiff"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        return _brand(data)
    if data[:2] == b"BM" and len(data) >= 26:
        return "bmp"
    if data[:4] in (b"\x00\x00\x01\x00", b"\x00\x00\x02\x00") and 0 < int.from_bytes(data[4:6], "little") < 256:
        return "ico"
    if _is_tga(data):
        return "tga"
    if _MARKED_JPEG.search(data, 0, _MOST_IN_FRONT):
        return "jpeg"
    head = data[:64].lstrip()
    for start, kind in _KNOWN_OTHERS:
        if head[: len(start)].lower() == start.lower():
            raise NotAnImage(f"The file is {kind}, not a photo.")
    raise NotAnImage("The file is not a picture in any format that is known here.")


def _brand(data: bytes) -> str:
    """The format of an ISO base media file, by its brands."""
    length = min(max(int.from_bytes(data[:4], "big"), 16), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, length, 4))}
    if brands & {b"avif", b"avis"}:
        return "avif"
    if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
        return "heif"
    if data[8:12] == b"crx ":
        return "raw"
    raise UnsupportedImage("The file is a video or a film container, not a photo.")


def _is_tga(data: bytes) -> bool:
    if data[-18:] == b"TRUEVISION-XFILE.\x00":
        return True
    if len(data) < 19:
        return False
    map_type, kind = data[1], data[2]
    map_length, map_bits = int.from_bytes(data[5:7], "little"), data[7]
    width, height, depth = *struct.unpack_from("<HH", data, 12), data[16]
    if map_type > 1 or kind not in (1, 2, 3, 9, 10, 11) or not width or not height:
        return False
    if (map_type == 0) != (map_length == 0) or (map_type == 1 and map_bits not in (15, 16, 24, 32)):
        return False
    depths = {1: (8, 16), 2: (15, 16, 24, 32), 3: (8, 16)}[kind & 7]
    return depth in depths and not data[17] & 0xC0


def _is_raw(data: bytes) -> bool:
    """Whether a TIFF holds a sensor's data. A page of gray or RGB is a picture, whatever tags it has."""
    if data[8:10] == b"CR":
        return True
    pages = list(islice(tiff_ifd.walk_pages(data), _MOST_PAGES))
    return any(_is_sensor(page) for first in pages for page in (first, *tiff_ifd.read_children(data, first).values()))


def _is_sensor(page: tiff_ifd.Directory) -> bool:
    if _PHOTOMETRIC in page:
        return tiff_ifd.read_number(page, _PHOTOMETRIC, 0) in _SENSOR_PHOTOMETRICS
    return _DNG_VERSION in page or _CFA_PATTERN in page
