"""When a photo was taken and what it shows, as its owner says it, in its XMP and its EXIF block.

A date goes to ``dcterms:created`` as it was given, in EDTF, and what of it is certain to ``photoshop:DateCreated``
(XMP's dates may end at the year or the month; IPTC Photo Metadata 2023.1) and to EXIF's ``DateTimeOriginal``, with
blanks for what is not known. A caption goes to ``dc:description`` and ``ImageDescription``. What an IPTC-IIM block says
of either goes: few programs read it first, but those would show the old.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.parsers import expat

from daguerre.edtf import Date
from daguerre.imaging.metadata import exif, xmp
from daguerre.imaging.photo import Photo

_TERMS = "http://purl.org/dc/terms/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_DC = "http://purl.org/dc/elements/1.1/"
_XML = "http://www.w3.org/XML/1998/namespace"
_DATES = ((_TERMS, "created"), (_PHOTOSHOP, "DateCreated"), (_EXIF, "DateTimeOriginal"))
_IIM_DATE, _IIM_CAPTION = (b"\x02\x37", b"\x02\x3c"), (b"\x02\x78",)
"""Record and number of the data sets 2:55 and 2:60, and 2:120 (IPTC-IIM 4.2)."""
_UNREADABLE = "The photo's XMP metadata could not be read and was replaced."


def has_date(photo: Photo) -> bool:
    """Whether ``photo`` says when it was taken."""
    document, _, _ = _parsed(photo)
    told = any(value.strip() for space, name in _DATES for value in xmp.read(document, space, name))
    told = told or any(row[1:3] in _IIM_DATE for row in _data_sets(photo.metadata.iptc))
    return told or bool(exif.read_text(photo.metadata.exif, exif.TAKEN).strip(" :"))


def annotate(photo: Photo, *, date: Date | None = None, caption: str | None = None) -> Photo:
    """A copy of ``photo`` that says when it was taken and what it shows, in the place of what it said of that.

    Pixels are shared; without both it is ``photo`` itself. A packet that cannot be read is replaced, and a warning says
    so.
    """
    if date is None and caption is None:
        return photo
    document, description, warnings = _parsed(photo)
    texts: dict[int, str | None] = {}
    if date is not None:
        for space, name in _DATES:
            xmp.take(document, space, name)
        _add(document, description, _TERMS, "dcterms", "created", date.text)
        if date.plain is not None:
            _add(document, description, _PHOTOSHOP, "photoshop", "DateCreated", date.plain)
        # What EXIF said of the moment is no longer true.
        texts |= {exif.TAKEN: date.exif, exif.TAKEN_FRACTION: None, exif.TAKEN_ZONE: None}
    if caption is not None:
        xmp.take(document, _DC, "description")
        node = xmp.add_child(document, description, _DC, "dc", "description")
        item = xmp.add_child(document, xmp.add_child(document, node, xmp.RDF, "rdf", "Alt"), xmp.RDF, "rdf", "li")
        item.setAttributeNS(_XML, "xml:lang", "x-default")
        xmp.write(document, item, caption)
        texts[exif.DESCRIPTION] = caption
    stale = (_IIM_DATE if date is not None else ()) + (_IIM_CAPTION if caption is not None else ())
    rows = _data_sets(photo.metadata.iptc)
    kept = b"".join(row for row in rows if row[1:3] not in stale) if rows else photo.metadata.iptc
    told = replace(
        photo.metadata,
        xmp=xmp.pack(document),
        exif=exif.write_texts(photo.metadata.exif, texts),
        iptc=kept,
        xmp_is_ours=False,
    )
    return replace(photo, metadata=told, warnings=[*photo.warnings, *warnings])


def _parsed(photo: Photo) -> tuple[Any, Any, list[str]]:
    try:
        return *xmp.parse(photo.metadata.xmp or xmp.EMPTY), []
    except (expat.ExpatError, ValueError):
        return *xmp.parse(xmp.EMPTY), [_UNREADABLE]


def _data_sets(block: bytes | None) -> list[bytes]:
    """The data sets of an IPTC-IIM block; none where it is not made of plain ones to its end."""
    rest, found = (block or b"").rstrip(b"\0"), []
    while len(rest) >= 5 and rest[0] == 0x1C and rest[3] < 0x80:
        length = 5 + int.from_bytes(rest[3:5], "big")
        found.append(rest[:length])
        rest = rest[length:]
    return [] if rest else found


def _add(document: Any, description: Any, space: str, prefix: str, name: str, value: str) -> None:
    xmp.write(document, xmp.add_child(document, description, space, prefix, name), value)
