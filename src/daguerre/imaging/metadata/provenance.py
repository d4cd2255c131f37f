"""What was done to a photo, said in its XMP packet.

``Iptc4xmpExt:DigitalSourceType`` takes the code for algorithmically enhanced media
(http://cv.iptc.org/newscodes/digitalsourcetype/) and ``xmpMM:History`` one event more
(XMP specification, parts 1 and 2); ``daguerre:Steps`` and ``daguerre:Models`` list the last
restoration, and ``daguerre:Settings`` is the JSON object of what it was told. Every other property stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from daguerre.imaging.metadata import xmp
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

_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_DC = "http://purl.org/dc/elements/1.1/"
_MM = "http://ns.adobe.com/xap/1.0/mm/"
_EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
_OWN = "urn:daguerre:restoration#"


def record(
    photo: Photo, *, steps: Sequence[str], models: Mapping[str, str], settings: Mapping[str, Any] | None = None
) -> Photo:
    """A copy of ``photo`` whose XMP names the ``steps`` that changed it and the ``models`` that ran, by role.

    ``settings`` are those that were given, as JSON has them.

    Without steps it is ``photo`` itself. Pixels are shared. A packet that cannot be read, or that
    declares entities, is replaced, and a warning says so.
    """
    if not steps:
        return photo
    document, description, warnings = _opened(photo)
    _set_source_type(document, description)
    _list(document, description, "Steps", steps)
    _list(document, description, "Models", [f"{role}: {model}" for role, model in models.items()])
    xmp.take(document, _OWN, "Settings")
    if settings is not None:
        text = json.dumps(settings, ensure_ascii=False, separators=(",", ":"))
        xmp.write(document, xmp.add_child(document, description, _OWN, "daguerre", "Settings"), text)
    ran = ", ".join(f"{role}: {model}" for role, model in models.items())
    _add_event(document, description, "edited", f"steps: {', '.join(steps)}" + (f"; models: {ran}" if ran else ""))
    return _closed(photo, document, warnings)


def _opened(photo: Photo) -> tuple[Any, Any, list[str]]:
    """The document of the photo's XMP, its first description, and the photo's warnings."""
    try:
        return *xmp.parse(photo.metadata.xmp or xmp.EMPTY), photo.warnings
    except (expat.ExpatError, ValueError):
        warning = "The photo's XMP metadata could not be read and was replaced."
        return *xmp.parse(xmp.EMPTY), [*photo.warnings, warning]


def _closed(photo: Photo, document: Any, warnings: list[str]) -> Photo:
    """A copy of ``photo`` with the ``document`` as its XMP."""
    is_ours = photo.metadata.xmp is None or photo.metadata.xmp_is_ours
    told = replace(photo.metadata, xmp=xmp.pack(document), xmp_is_ours=is_ours)
    return replace(photo, metadata=told, warnings=warnings)


def record_page(
    photo: Photo, *, page: str, corners: npt.NDArray[np.float64], angle: float, models: Mapping[str, str]
) -> Photo:
    """A copy of ``photo`` whose XMP says that it was cut out of a scanned ``page``, and where it lay on it.

    ``dc:source`` is the page's name, ``daguerre:Corners`` x, y of the photo's ``corners`` ``[4, 2]`` in pixels of the
    page, clockwise from its top left, ``daguerre:Angle`` the degrees by which it lay turned clockwise. ``models`` are
    those that said which side is up, by role. Pixels are shared. A packet that cannot be read is replaced, and a
    warning says so.
    """
    document, description, warnings = _opened(photo)
    if page:
        xmp.take(document, _DC, "source")
        xmp.write(document, xmp.add_child(document, description, _DC, "dc", "source"), page)
    _list(document, description, "Corners", [f"{x:.2f}, {y:.2f}" for x, y in corners])
    xmp.take(document, _OWN, "Angle")
    xmp.write(document, xmp.add_child(document, description, _OWN, "daguerre", "Angle"), f"{angle:.2f}")
    ran = ", ".join(f"{role}: {model}" for role, model in models.items())
    told = f"from the page {page}" if page else "from a page"
    _add_event(document, description, "cropped", f"{told}; models: {ran}" if ran else told)
    return _closed(photo, document, warnings)


def recorded_settings(photo: Photo) -> dict[str, Any] | None:
    """The settings that ``photo`` says it was restored with; ``None`` where it says nothing of them."""
    try:
        document, _ = xmp.parse(photo.metadata.xmp or xmp.EMPTY)
        fields = json.loads(next(iter(xmp.take(document, _OWN, "Settings")), "null"))
    except (expat.ExpatError, ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _set_source_type(document: Any, description: Any) -> None:
    found = xmp.take(document, _IPTC, "DigitalSourceType")
    value = next((code for code in found if code.strip() in _SYNTHETIC), SOURCE_TYPE)
    xmp.write(document, xmp.add_child(document, description, _IPTC, "Iptc4xmpExt", "DigitalSourceType"), value)


def _list(document: Any, description: Any, name: str, values: Sequence[str]) -> None:
    xmp.take(document, _OWN, name)
    items = xmp.add_child(document, xmp.add_child(document, description, _OWN, "daguerre", name), xmp.RDF, "rdf", "Seq")
    for value in values:
        xmp.write(document, xmp.add_child(document, items, xmp.RDF, "rdf", "li"), value)


def _add_event(document: Any, description: Any, action: str, parameters: str) -> None:
    history = next(
        (n for owner in xmp.find_descriptions(document) for n in xmp.find_children(owner, _MM, "History")), None
    )
    if history is None:
        history = xmp.add_child(document, description, _MM, "xmpMM", "History")
    events = next(xmp.find_children(history, xmp.RDF, "Seq"), None) or xmp.add_child(
        document, history, xmp.RDF, "rdf", "Seq"
    )
    event = xmp.add_child(document, events, xmp.RDF, "rdf", "li")
    event.setAttributeNS(xmp.RDF, f"{event.prefix}:parseType", "Resource")
    for name, value in (
        ("action", action),
        ("softwareAgent", f"Daguerre {version('daguerre')}"),
        ("parameters", parameters),
    ):
        xmp.write(document, xmp.add_child(document, event, _EVENT, "stEvt", name), value)
