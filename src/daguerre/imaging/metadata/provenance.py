"""What was done to a photo, said in its XMP packet.

``Iptc4xmpExt:DigitalSourceType`` takes the code for algorithmically enhanced media
(http://cv.iptc.org/newscodes/digitalsourcetype/) and ``xmpMM:History`` one event more
(XMP specification, parts 1 and 2); ``daguerre:Steps`` and ``daguerre:Networks`` list the last
restoration. Every other property stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any
from xml.dom import minidom
from xml.parsers import expat

from daguerre.imaging.photo import Photo

_CODES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCE_TYPE = _CODES + "algorithmicallyEnhanced"
_SYNTHETIC = tuple(
    _CODES + code
    for code in (
        "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic", "algorithmicMedia",
    )
)  # fmt: skip
"""Codes that say more than SOURCE_TYPE: a made picture stays one when it is restored."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_MM = "http://ns.adobe.com/xap/1.0/mm/"
_EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
_OWN = "urn:daguerre:restoration#"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_LONGEST = 16 << 20
_DEEPEST = 100
_EMPTY = (
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"><rdf:Description rdf:about=""/>'
    "</rdf:RDF></x:xmpmeta>"
).encode()


def record(photo: Photo, *, steps: Sequence[str], networks: Mapping[str, str]) -> Photo:
    """A copy of ``photo`` whose XMP names the ``steps`` that changed it and the ``networks`` that ran, by role.

    Without steps it is ``photo`` itself. Pixels are shared. A packet that cannot be read, or that
    declares entities, is replaced, and a warning says so.
    """
    if not steps:
        return photo
    warnings = photo.warnings
    try:
        document, description = _parsed(photo.metadata.xmp or _EMPTY)
    except (expat.ExpatError, ValueError):
        warnings = [*warnings, "The photo's XMP metadata could not be read and was replaced."]
        document, description = _parsed(_EMPTY)
    _set_source_type(document, description)
    _list(document, description, "Steps", steps)
    _list(document, description, "Networks", [f"{role}: {network}" for role, network in networks.items()])
    _add_event(document, description, steps, networks)
    packet = "".join(node.toxml() for node in document.childNodes).encode()
    return replace(photo, metadata=replace(photo.metadata, xmp=packet), warnings=warnings)


def _parsed(packet: bytes) -> tuple[Any, Any]:
    """The document and its first ``rdf:Description``. Raises ExpatError and ValueError."""
    packet = packet.strip(b"\x00 \r\n\t")
    _check(packet)
    document = minidom.parseString(packet)
    root = document.getElementsByTagNameNS(_RDF, "RDF")
    if not root:
        raise ValueError("no RDF")
    for node in root[0].childNodes:
        if node.nodeType == node.ELEMENT_NODE and (node.namespaceURI, node.localName) == (_RDF, "Description"):
            return document, node
    return document, _child(document, root[0], _RDF, "rdf", "Description")


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


def _set_source_type(document: Any, description: Any) -> None:
    found = _taken(document, _IPTC, "DigitalSourceType")
    value = next((code for code in found if code.strip() in _SYNTHETIC), SOURCE_TYPE)
    _write(document, _child(document, description, _IPTC, "Iptc4xmpExt", "DigitalSourceType"), value)


def _list(document: Any, description: Any, name: str, values: Sequence[str]) -> None:
    _taken(document, _OWN, name)
    items = _child(document, _child(document, description, _OWN, "daguerre", name), _RDF, "rdf", "Seq")
    for value in values:
        _write(document, _child(document, items, _RDF, "rdf", "li"), value)


def _taken(document: Any, space: str, name: str) -> list[str]:
    """The values of a property, which is removed wherever it stands."""
    found: list[str] = []
    for owner in _descriptions(document):
        if owner.hasAttributeNS(space, name):
            found.append(owner.getAttributeNS(space, name))
            owner.removeAttributeNS(space, name)
        for node in list(_children(owner, space, name)):
            found.append(node.getAttributeNS(_RDF, "resource") or _text(node))
            owner.removeChild(node)
    return found


def _add_event(document: Any, description: Any, steps: Sequence[str], networks: Mapping[str, str]) -> None:
    history = next((n for owner in _descriptions(document) for n in _children(owner, _MM, "History")), None)
    if history is None:
        history = _child(document, description, _MM, "xmpMM", "History")
    events = next(_children(history, _RDF, "Seq"), None) or _child(document, history, _RDF, "rdf", "Seq")
    event = _child(document, events, _RDF, "rdf", "li")
    event.setAttributeNS(_RDF, f"{event.prefix}:parseType", "Resource")
    ran = ", ".join(f"{role}: {network}" for role, network in networks.items())
    parameters = f"steps: {', '.join(steps)}" + (f"; networks: {ran}" if ran else "")
    for name, value in (
        ("action", "edited"),
        ("softwareAgent", f"Daguerre {version('daguerre')}"),
        ("parameters", parameters),
    ):
        _write(document, _child(document, event, _EVENT, "stEvt", name), value)


def _descriptions(document: Any) -> list[Any]:
    return list(document.getElementsByTagNameNS(_RDF, "Description"))


def _children(owner: Any, space: str, name: str) -> Iterator[Any]:
    for node in owner.childNodes:
        if node.nodeType == node.ELEMENT_NODE and (node.namespaceURI, node.localName) == (space, name):
            yield node


def _child(document: Any, owner: Any, space: str, prefix: str, name: str) -> Any:
    """A new element at the end of ``owner``; it declares its prefix, unless that is the packet's own for RDF."""
    declared = document.getElementsByTagNameNS(_RDF, "RDF")[0].prefix if space == _RDF else None
    node = document.createElementNS(space, f"{declared or prefix}:{name}")
    if not declared:
        node.setAttributeNS(_XMLNS, f"xmlns:{prefix}", space)
    owner.appendChild(node)
    return node


def _write(document: Any, node: Any, value: str) -> None:
    node.appendChild(document.createTextNode(value))


def _text(node: Any) -> str:
    return "".join(child.data for child in node.childNodes if child.nodeType == child.TEXT_NODE)
