"""GIF: the first frame, with a palette."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image

from daguerre.imaging.codecs import pillow
from daguerre.imaging.description import Page
from daguerre.imaging.photo import Coding, Metadata, Photo

_XMP, _ICC = b"XMP DataXMP", b"ICCRGBG1012"
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_TRAILER = bytes((1, *range(255, -1, -1), 0))
"""Leads a reader that skips the packet as if it were blocks out of it (XMP specification, part 3)."""
_EXTENSION, _IMAGE = 0x21, 0x2C
_APPLICATION, _COMMENT = 0xFF, 0xFE


@dataclass(frozen=True, slots=True)
class GifCoding(Coding):
    """The byte that tells the shape of pixels, and extensions of other applications."""

    aspect: int = 0
    extensions: tuple[bytes, ...] = ()


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The frames, and what stands beside them."""
    pages, metadata = pillow.describe(data, "GIF")
    told, _ = _told(data)
    return pages, replace(told, dpi=metadata.dpi)


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The first frame of a GIF. Raises InvalidImage."""
    photo = pillow.to_photo(pillow.open_lazily(data, "GIF", max_pixels=max_pixels), "gif")
    photo.metadata, others = _told(data)
    photo.coding = GifCoding(data[12], tuple(others))
    return photo


def _told(data: bytes) -> tuple[Metadata, list[bytes]]:
    """What the extensions tell, and those of other applications."""
    told, others, comments = Metadata(), list[bytes](), list[bytes]()
    for kind, name, block, body in _extensions(data):
        if kind == _COMMENT:
            comments.append(body)
        elif name == _ICC:
            told.icc = body
        elif name == _XMP:
            _, _, packet = block.partition(_XMP)
            told.xmp = packet.partition(_TRAILER)[0]
        elif kind == _APPLICATION and name not in _LOOPS:
            others.append(block)
    told.comments = tuple(comments)
    return told, others


def _extensions(data: bytes) -> Iterator[tuple[int, bytes, bytes, bytes]]:
    """Kind, application, the whole block and its body, of each extension of the file."""
    at = 13 + _palette_bytes(data[10])
    while at + 2 <= len(data):
        start = at
        if data[at] == _IMAGE:
            at = _behind_blocks(data, at + 11 + (_palette_bytes(data[at + 9]) if at + 9 < len(data) else 0))
            continue
        if data[at] != _EXTENSION:
            return
        kind, name = data[at + 1], b""
        at += 2
        if kind == _APPLICATION:
            name = data[at + 1 : at + 12]
            at += 12
        body_at = at
        if name == _XMP:
            end = data.find(_TRAILER, at)
            at = end + len(_TRAILER) if end >= 0 else len(data)
        else:
            at = _behind_blocks(data, at)
        yield kind, name, data[start:at], _joined(data[body_at:at])


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def _joined(blocks: bytes) -> bytes:
    found, at = bytearray(), 0
    while at < len(blocks) and blocks[at]:
        found += blocks[at + 1 : at + 1 + blocks[at]]
        at += blocks[at] + 1
    return bytes(found)


def _parted(body: bytes) -> bytes:
    parts = (body[at : at + 255] for at in range(0, len(body), 255))
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as a GIF: exact up to 256 colors, else with the best 256; ``quality`` does not matter."""
    del quality
    if photo.alpha is not None:
        photo = replace(photo, alpha=((photo.alpha >= 128) * 255).astype(photo.alpha.dtype))
    image = pillow.to_palette(photo)
    if image is None:
        image = pillow.to_image(photo)
        if photo.alpha is not None:
            image = image.convert("RGBA").quantize(255, Image.Quantize.FASTOCTREE)
        elif image.mode == "RGB":
            image = image.quantize(256, Image.Quantize.MEDIANCUT)
    clear = image.info.pop("transparency", None)
    if isinstance(clear, bytes):
        clear = clear.find(b"\x00")
    data = pillow.save(image, "GIF", transparency=None if clear in (None, -1) else clear)
    own = photo.coding if isinstance(photo.coding, GifCoding) else GifCoding()
    told, extensions = photo.metadata, list(own.extensions)
    if told.icc:
        extensions.append(b"!\xff\x0b" + _ICC + _parted(told.icc))
    if told.xmp and b"\0" not in told.xmp:
        extensions.append(b"!\xff\x0b" + _XMP + told.xmp + _TRAILER)
    extensions += [b"!\xfe" + _parted(comment) for comment in told.comments]
    # Extensions stand behind the header and the palette of the screen.
    start = 13 + _palette_bytes(data[10])
    return b"GIF89a" + data[6:12] + bytes((own.aspect,)) + data[13:start] + b"".join(extensions) + data[start:]
