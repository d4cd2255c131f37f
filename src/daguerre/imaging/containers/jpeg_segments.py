"""The segments of a JPEG around its picture, read, and replaced without touching the picture's code.

Written by hand: encoders write the few kinds of segments that they know, and comments, clipping paths and what
scanners and editors add would be lost (ITU-T T.81 annex B, JFIF 1.02, CIPA DC-007, XMP specification part 3).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from daguerre.imaging.containers import photoshop, tiff_ifd
from daguerre.imaging.metadata import exif, xmp
from daguerre.imaging.photo import Metadata

APP0, APP1, APP2, APP11, APP13, APP14, APP15, COM, SOS = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xEE, 0xEF, 0xFE, 0xDA
END = b"\xff\xd9"
_JFIF, _EXIF, _XMP = b"JFIF\x00", b"Exif\x00\x00", b"http://ns.adobe.com/xap/1.0/\x00"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\x00"
_ICC, _PHOTOSHOP, _MPF = b"ICC_PROFILE\x00", b"Photoshop 3.0\x00", b"MPF\x00"
_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1"
LONGEST = 65533
_LONGEST_XMP = LONGEST - len(_XMP)
_EXTENSION_PART = 65_400
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BETWEEN_SCANS = (0xC4, 0xDA, 0xDB, 0xDC, 0xDD, COM)
_WITHOUT_BODY = frozenset({0x00, 0x01, *range(0xD0, 0xD8), 0xFF})


Density = tuple[int, int, int]
"""JFIF's unit (0 none, 1 inches, 2 centimeters), and pixels across and down in it."""


@dataclass(slots=True)
class Segments:
    """What stands before the first scan of a JPEG.

    ``frame`` is the marker 0xC0-0xCF of the frame header, ``bits`` its bits a sample. ``exif`` and ``xmp`` are as
    they are stored. ``density`` is unit, across and down of JFIF. ``others`` are whole segments that a new file may
    hold again; ``dropped`` sentences about those that it may not.
    """

    frame: int = 0xC0
    bits: int = 8
    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    resources: bytes = b""
    comments: list[bytes] = field(default_factory=list)
    density: Density | None = None
    others: list[bytes] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    has_gain_map: bool = False
    has_views: bool = False


def walk_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker and the bytes of each segment before the first scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != SOS:
        if data[at + 1] == 0xFF:  # Markers may be filled up in front.
            at += 1
            continue
        end = at + 2 + int(struct.unpack_from(">H", data, at + 2)[0])
        yield data[at + 1], data[at:end]
        at = end


def find_scan(data: bytes) -> int:
    """Where the first scan's header lies; the end of ``data`` where there is none."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != SOS:
        at += 1 if data[at + 1] == 0xFF else 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return min(at, len(data))


def find_picture_end(data: bytes) -> int | None:
    """Where the marker lies that ends the picture; ``None`` where it is missing. Other things may follow it."""
    at = find_code_end(data)
    return at if data[at : at + 2] == END else None


def find_code_end(data: bytes) -> int:
    """Where the scans of ``data`` end: at the marker that says so, at one that no scan holds, or with the file."""
    at = find_scan(data)
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        marker = data[at + 1]
        if marker in _WITHOUT_BODY:
            at += 1 if marker == 0xFF else 2
        elif marker in _BETWEEN_SCANS and at + 4 <= len(data):
            at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
        else:
            return at
    return len(data)


def read_size(data: bytes) -> tuple[int, int, int]:
    """Width, height and samples a pixel, from the first frame header; zeros without one."""
    for marker, segment in walk_segments(data):
        if marker in _FRAMES and len(segment) >= 10:
            height, width, samples = struct.unpack_from(">HHB", segment, 5)
            return width, height, samples
    return 0, 0, 0


def parse(data: bytes) -> Segments:
    """What the segments of ``data`` hold."""
    found, profile, extensions = Segments(), dict[int, bytes](), dict[int, bytes]()
    for marker, segment in walk_segments(data):
        body = segment[4:]
        if marker in _FRAMES and len(body) > 0:
            found.frame, found.bits = marker, body[0]
        elif marker == COM:
            found.comments.append(body)
        elif marker == APP0:
            if body.startswith(_JFIF) and len(body) >= 12 and found.density is None:
                found.density = struct.unpack_from(">BHH", body, 7)
        elif marker == APP1 and body.startswith(_EXIF):
            found.exif = (found.exif or b"") + body[len(_EXIF) :]
        elif marker == APP1 and body.startswith(_XMP):
            found.xmp = body[len(_XMP) :]
        elif marker == APP1 and body.startswith(_EXTENSION):
            (place,) = struct.unpack_from(">I", body.ljust(80, b"\0"), len(_EXTENSION) + 36)
            extensions[place] = body[len(_EXTENSION) + 40 :]
        elif marker == APP2 and body.startswith(_ICC):
            profile[body[12] if len(body) > 12 else 0] = body[14:]
        elif marker == APP2 and body.startswith(_MPF):
            found.has_views = True
        elif marker == APP2 and body.startswith(_GAIN_MAP):
            found.has_gain_map = True
        elif marker == APP13 and body.startswith(_PHOTOSHOP):
            found.resources += body[len(_PHOTOSHOP) :]
        elif marker == APP11:
            _drop(
                found, "Content credentials and further layers of the JPEG (APP11) were left out: they fit the old one."
            )
        elif APP1 <= marker <= APP15 and marker != APP14:
            found.others.append(segment)
    found.icc = b"".join(profile[number] for number in sorted(profile)) or None
    extension = b"".join(extensions[place] for place in sorted(extensions))
    if found.xmp and extension:
        found.xmp = xmp.merge(found.xmp, extension)
    return found


def _drop(found: Segments, sentence: str) -> None:
    if sentence not in found.dropped:
        found.dropped.append(sentence)


def set_orientation(data: bytes, orientation: int) -> bytes | None:
    """The JPEG ``data`` with an EXIF block that names ``orientation``, and nothing else of it changed.

    ``None`` where its own block has no place for that.
    """
    own = [segment for marker, segment in walk_segments(data) if marker == APP1 and segment[4:].startswith(_EXIF)]
    if len(own) > 1:
        return None
    if own:
        block = exif.set_orientation(own[0][4 + len(_EXIF) :], orientation)
        return None if block is None else data.replace(own[0], own[0][: 4 + len(_EXIF)] + block, 1)
    first = next(walk_segments(data), (0, b""))
    at = 2 + len(first[1]) if first[0] == APP0 and first[1][4:].startswith(_JFIF) else 2
    body = _EXIF + tiff_ifd.pack_block({exif.ORIENTATION: tiff_ifd.short(orientation)})
    return data[:at] + b"\xff\xe1" + struct.pack(">H", 2 + len(body)) + body + data[at:]


def embed_metadata(
    data: bytes, metadata: Metadata, icc: bytes | None, others: tuple[bytes, ...] = (), density: Density | None = None
) -> bytes:
    """The JPEG ``data`` with ``metadata``, the profile ``icc`` and the segments ``others`` in place of its own.

    Of its own it keeps Adobe's header, which tells the colors apart, and JFIF's, with the density of ``metadata``
    unless ``density`` says otherwise. What follows the picture is cut off. An EXIF block longer than a segment is
    left out.
    """
    leading: list[bytes] = []
    rest: list[bytes] = []
    for marker, segment in walk_segments(data):
        if marker == APP0 and not leading and segment[4:].startswith(_JFIF):
            leading.append(_with_density(segment, density or _density(metadata)))
        elif marker != COM and not APP0 <= marker <= APP13 and marker != APP15:
            rest.append(segment)
    end = find_picture_end(data)
    picture = data[find_scan(data) : len(data) if end is None else end + 2]
    return b"".join((b"\xff\xd8", *leading, *_segments(metadata, icc), *others, *rest, picture))


def _with_density(segment: bytes, density: Density) -> bytes:
    """JFIF's header with ``density``, and without the thumbnail that may follow and shows the old picture."""
    return b"\xff\xe0\x00\x10" + segment[4:11] + struct.pack(">BHHBB", *density, 0, 0)


def _density(metadata: Metadata) -> Density:
    """The resolution of ``metadata``; a shape of pixels without a unit has unit 0."""
    unit, sides = (1, metadata.dpi) if metadata.dpi else (0, metadata.aspect or (1, 1))
    across, down = (max(1, min(65535, round(value))) for value in sides)
    return unit, across, down


def _segments(metadata: Metadata, icc: bytes | None) -> list[bytes]:
    found = []
    if metadata.exif:
        found.append((APP1, _EXIF + metadata.exif))
    if metadata.xmp:
        packet, extension = xmp.split(metadata.xmp, _LONGEST_XMP)
        found.append((APP1, _XMP + packet))
        found += [(APP1, part) for part in _extensions(extension)]
    resources = (metadata.resources or b"") + photoshop.pack_iptc(metadata.iptc)
    room = LONGEST - len(_PHOTOSHOP)
    found += [(APP13, _PHOTOSHOP + resources[at : at + room]) for at in range(0, len(resources), room)]
    if icc:
        room = LONGEST - len(_ICC) - 2
        parts = [icc[start : start + room] for start in range(0, len(icc), room)]
        found += [(APP2, _ICC + bytes((number, len(parts))) + part) for number, part in enumerate(parts, 1)]
    found += [(COM, comment) for comment in metadata.comments]
    return [
        bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body
        for marker, body in found
        if len(body) <= LONGEST
    ]


def _extensions(extension: bytes) -> Iterator[bytes]:
    digest = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()
    for place in range(0, len(extension), _EXTENSION_PART):
        head = _EXTENSION + digest + struct.pack(">II", len(extension), place)
        yield head + extension[place : place + _EXTENSION_PART]
