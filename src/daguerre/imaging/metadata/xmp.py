"""XMP packets: parsed safely, split and merged as JPEG asks for, and freed of what is true of another file only.

Follows the XMP specification, parts 1 and 3. Python's own XML parser suffices: a toolkit would bring another model of
the properties and drop what it does not know.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from xml.dom import minidom
from xml.parsers import expat

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMLNS = "http://www.w3.org/2000/xmlns/"
EMPTY = (
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about=""/>'
    "</rdf:RDF></x:xmpmeta>"
).encode()

_NOTE = "http://ns.adobe.com/xmp/note/"
_GAIN_MAPS = ("http://ns.adobe.com/hdr-gain-map/1.0/", "http://ns.apple.com/HDRGainMap/1.0/")
_CONTAINERS = ("http://ns.google.com/photos/1.0/container/", "http://ns.google.com/photos/1.0/container/item/")
_CAMERA = "http://ns.google.com/photos/1.0/camera/"
_FILM = re.compile(r"Motion|MicroVideo")
_ORIENTATION = re.compile(rb"(tiff:Orientation(?:>|\s*=\s*[\"']))\s*([1-8])")
_IN_PIXELS = re.compile(
    rb"((?:tiff:(?:ImageWidth|ImageLength|XResolution|YResolution)|exif:Pixel[XY]Dimension)(?:>|\s*=\s*[\"'])\s*)"
    rb"(\d{1,9})(/\d+\s*[<\"']|\s*[<\"'])"
)
_SIZE = re.compile(rb"((?:tiff:Image(Width|Length)|exif:Pixel([XY])Dimension)(?:>|\s*=\s*[\"'])\s*)\d{1,9}(\s*[<\"'])")
_LONGEST = 16 << 20
_DEEPEST = 100


def read_orientation(packet: bytes | None) -> int:
    """The orientation 1-8 that ``packet`` names; 1 without one."""
    found = _ORIENTATION.search(packet or b"")
    return int(found[2]) if found else 1


def set_upright(packet: bytes | None) -> bytes | None:
    """The XMP ``packet`` with orientation 1."""
    return _ORIENTATION.sub(rb"\g<1>1", packet) if packet else None


def enlarge(packet: bytes | None, factor: int) -> bytes | None:
    """``packet`` of a picture that is ``factor`` times as large: what it says of its size and its resolution."""
    if not packet:
        return packet

    def larger(found: re.Match[bytes]) -> bytes:
        return found[1] + str(factor * int(found[2])).encode() + found[3]

    return _IN_PIXELS.sub(larger, packet)


def resize(packet: bytes | None, width: int, height: int) -> bytes | None:
    """``packet`` of a picture that is now ``width`` by ``height`` pixels."""
    if not packet:
        return packet

    def own(found: re.Match[bytes]) -> bytes:
        length = width if (found[2] or found[3]) in (b"Width", b"X") else height
        return found[1] + str(length).encode() + found[4]

    return _SIZE.sub(own, packet)


def parse(packet: bytes) -> tuple[Any, Any]:
    """The document and its first ``rdf:Description``. Raises ExpatError and ValueError."""
    packet = packet.strip(b"\x00 \r\n\t")
    _check(packet)
    document = minidom.parseString(packet)
    root = document.getElementsByTagNameNS(RDF, "RDF")
    if not root:
        raise ValueError("no RDF")
    found = next(find_children(root[0], RDF, "Description"), None)
    return document, found or add_child(document, root[0], RDF, "rdf", "Description")


def pack(document: Any) -> bytes:
    """``document`` as a packet."""
    return "".join(node.toxml() for node in document.childNodes).encode()


def find_descriptions(document: Any) -> list[Any]:
    """Every ``rdf:Description``, nested ones as well."""
    return list(document.getElementsByTagNameNS(RDF, "Description"))


def find_children(owner: Any, space: str, name: str) -> Iterator[Any]:
    """The elements ``name`` of the namespace ``space`` right below ``owner``."""
    for node in owner.childNodes:
        if node.nodeType == node.ELEMENT_NODE and (node.namespaceURI, node.localName) == (space, name):
            yield node


def add_child(document: Any, owner: Any, space: str, prefix: str, name: str) -> Any:
    """A new element at the end of ``owner``; it declares its prefix, unless that is the packet's own for RDF."""
    declared = document.getElementsByTagNameNS(RDF, "RDF")[0].prefix if space == RDF else None
    node = document.createElementNS(space, f"{declared or prefix}:{name}")
    if not declared:
        node.setAttributeNS(XMLNS, f"xmlns:{prefix}", space)
    owner.appendChild(node)
    return node


def write(document: Any, node: Any, value: str) -> None:
    """Put ``value`` at the end of ``node`` as text."""
    node.appendChild(document.createTextNode(value))


def read(document: Any, space: str, name: str) -> list[str]:
    """The values of a property wherever it stands, those of a list or of languages one by one."""
    found: list[str] = []
    for owner in find_descriptions(document):
        if owner.hasAttributeNS(space, name):
            found.append(owner.getAttributeNS(space, name))
        for node in find_children(owner, space, name):
            items = node.getElementsByTagNameNS(RDF, "li")
            found += [_text(item) for item in items] or [node.getAttributeNS(RDF, "resource") or _text(node)]
    return found


def take(document: Any, space: str, name: str) -> list[str]:
    """The values of a property, which is removed wherever it stands."""
    found: list[str] = []
    for owner in find_descriptions(document):
        if owner.hasAttributeNS(space, name):
            found.append(owner.getAttributeNS(space, name))
            owner.removeAttributeNS(space, name)
        for node in list(find_children(owner, space, name)):
            found.append(node.getAttributeNS(RDF, "resource") or _text(node))
            owner.removeChild(node)
    return found


def _text(node: Any) -> str:
    return "".join(child.data for child in node.childNodes if child.nodeType == child.TEXT_NODE)


def merge(packet: bytes, extension: bytes) -> bytes:
    """``packet`` with the properties of its ``extension``; as it is where one of them cannot be read."""
    try:
        document, _ = parse(packet)
        further, _ = parse(extension)
    except (expat.ExpatError, ValueError):
        return packet
    for owner in find_descriptions(document):
        if owner.hasAttributeNS(_NOTE, "HasExtendedXMP"):
            owner.removeAttributeNS(_NOTE, "HasExtendedXMP")
        for node in list(find_children(owner, _NOTE, "HasExtendedXMP")):
            owner.removeChild(node)
        if owner.getAttribute("xmlns:xmpNote") == _NOTE:
            owner.removeAttribute("xmlns:xmpNote")
    root, other = (one.getElementsByTagNameNS(RDF, "RDF")[0] for one in (document, further))
    for owner in list(find_children(root, RDF, "Description")):
        if _is_bare(owner):
            root.removeChild(owner)
    for owner in list(find_children(other, RDF, "Description")):
        if not _is_bare(owner):
            _declare(owner, other)
            root.appendChild(document.importNode(owner, True))
    return pack(document)


def _is_bare(owner: Any) -> bool:
    """Whether an ``rdf:Description`` holds no property."""
    has_elements = any(node.nodeType == node.ELEMENT_NODE for node in owner.childNodes)
    return not has_elements and not _attributes(owner)


def _attributes(owner: Any) -> list[str]:
    """The names of the attributes of an ``rdf:Description`` that are properties."""
    nodes = [owner.getAttributeNode(name) for name in owner.attributes.keys()]  # noqa: SIM118  # no mapping
    return [node.name for node in nodes if node.namespaceURI not in (RDF, XMLNS) and not node.name.startswith("xmlns")]


def _declare(node: Any, ancestor: Any) -> None:
    """Gives ``node`` the namespaces that its ancestors declare for it."""
    while ancestor is not None and ancestor.nodeType == ancestor.ELEMENT_NODE:
        for name, value in ancestor.attributes.items():
            if name.startswith("xmlns:") and not node.hasAttribute(name):
                node.setAttributeNS(XMLNS, name, value)
        ancestor = ancestor.parentNode


def split(packet: bytes, longest: int) -> tuple[bytes, bytes]:
    """``packet`` in at most ``longest`` bytes, and an extension with the properties that it has no room for.

    The extension is empty where none is needed. Both are empty where a packet that is too long cannot be read.
    """
    if len(packet) <= longest:
        return packet, b""
    try:
        document, _ = parse(packet)
        extension, _ = parse(packet)
    except (expat.ExpatError, ValueError):
        return b"", b""
    here, there = _properties(document), _properties(extension)
    by_size = sorted(range(len(here)), key=lambda index: len(here[index][1].toxml()), reverse=True)
    size, moved = len(pack(document).strip()), 0
    for index in by_size:
        if size <= longest - 200:
            break
        size -= len(here[index][1].toxml().encode())
        _remove(*here[index])
        moved += 1
    for index in by_size[moved:]:
        _remove(*there[index])
    body = pack(extension)
    first = find_descriptions(document)[0]
    first.setAttributeNS(XMLNS, "xmlns:xmpNote", _NOTE)
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest().upper()
    first.setAttributeNS(_NOTE, "xmpNote:HasExtendedXMP", digest)
    short = re.sub(rb"\s+(?=<\?xpacket end)", b"\n", pack(document))
    return (short, body) if len(short) <= longest else (b"", b"")


def _properties(document: Any) -> list[tuple[Any, Any]]:
    """Each element and each attribute that is a property, with its owner."""
    root, found = document.getElementsByTagNameNS(RDF, "RDF")[0], []
    for owner in find_children(root, RDF, "Description"):
        found += [(owner, node) for node in list(owner.childNodes) if node.nodeType == node.ELEMENT_NODE]
        found += [(owner, _Attribute(owner.getAttributeNode(name))) for name in _attributes(owner)]
    return found


class _Attribute:
    """An attribute that is asked for its text as an element is."""

    def __init__(self, node: Any) -> None:
        self.node = node

    def toxml(self) -> str:
        """The attribute as it stands in the packet, but for what has to be escaped."""
        return f' {self.node.name}="{self.node.value}"'


def _remove(owner: Any, node: Any) -> None:
    if isinstance(node, _Attribute):
        owner.removeAttributeNode(node.node)
    else:
        owner.removeChild(node)


def remove_other_pictures(packet: bytes | None) -> bytes | None:
    """``packet`` without what points at gain maps, films and further pictures behind the picture."""
    spaces = (*_GAIN_MAPS, *_CONTAINERS, _CAMERA)
    if packet is None or not any(space.encode() in packet for space in spaces):
        return packet
    try:
        document, _ = parse(packet)
    except (expat.ExpatError, ValueError):
        return packet
    for owner in find_descriptions(document):
        for name, value in list(owner.attributes.items()):
            attribute = owner.getAttributeNode(name)
            declares = name.startswith("xmlns:") and value in (*_GAIN_MAPS, *_CONTAINERS)
            if declares or _points_away(attribute.namespaceURI, attribute.localName):
                owner.removeAttribute(name)
        for node in list(owner.childNodes):
            if node.nodeType == node.ELEMENT_NODE and _points_away(node.namespaceURI, node.localName):
                owner.removeChild(node)
    return pack(document)


def names_gain_map(packet: bytes | None) -> bool:
    """Whether ``packet`` speaks of a gain map."""
    return packet is not None and any(space.encode() in packet for space in _GAIN_MAPS)


def _points_away(space: str | None, name: str) -> bool:
    return space in (*_GAIN_MAPS, *_CONTAINERS) or (space == _CAMERA and bool(_FILM.match(name)))


def _check(packet: bytes) -> None:
    """Refuses what makes a parser do too much: document types, size and depth."""
    if len(packet) > _LONGEST:
        raise ValueError("too long")
    depth = 0

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ValueError("too deep")

    def leave(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = enter, leave
    parser.Parse(packet, True)
