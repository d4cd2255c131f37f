"""What was done to a photo stands in its XMP, beside what was there."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from daguerre import imaging
from daguerre.imaging import registry
from daguerre.imaging.metadata.provenance import SOURCE_TYPE, record
from daguerre.imaging.photo import Metadata, Photo
from tests.imaging.specimens import specimens

SPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "iptc": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "mm": "http://ns.adobe.com/xap/1.0/mm/",
    "ev": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "dc": "http://purl.org/dc/elements/1.1/",
}
HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
TAIL = '</x:xmpmeta>   \n<?xpacket end="w"?>'


def photo(xmp: str | None = None) -> Photo:
    """A small photo with the packet ``xmp``."""
    packet = None if xmp is None else xmp.encode()
    return Photo(np.zeros((2, 2, 3), np.uint8), "jpeg", metadata=Metadata(xmp=packet))


def packet(body: str, attributes: str = "") -> str:
    """An XMP packet around the properties ``body``."""
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in SPACES.items())
    return (
        f'{HEAD}<rdf:RDF {spaces}><rdf:Description rdf:about="" {attributes}>{body}</rdf:Description></rdf:RDF>{TAIL}'
    )


def told(given: Photo) -> Photo:
    """``given`` after two steps were recorded."""
    return record(given, steps=["scratch_removal", "denoise"], models={"denoise": "embedded/denoise@1"})


def recorded(given: Photo) -> ElementTree.Element:
    """The packet of ``given`` after two steps were recorded."""
    xmp = told(given).metadata.xmp
    assert xmp is not None
    return ElementTree.fromstring(xmp)


def source_types(root: ElementTree.Element) -> list[str | None]:
    """Every DigitalSourceType in the packet."""
    return [node.text for node in root.iterfind(".//iptc:DigitalSourceType", SPACES)]


def test_steps_and_networks_are_named() -> None:
    root = recorded(photo())
    assert source_types(root) == [SOURCE_TYPE]
    (said,) = root.iterfind(".//mm:History/rdf:Seq/rdf:li/ev:parameters", SPACES)
    assert said.text == "steps: scratch_removal, denoise; models: denoise: embedded/denoise@1"


def test_nothing_is_said_where_nothing_was_done() -> None:
    given = photo("<broken")
    assert record(given, steps=[], models={}) is given


def test_other_properties_and_earlier_events_stay() -> None:
    event = '<rdf:li rdf:parseType="Resource"><ev:action>created</ev:action></rdf:li>'
    given = photo(
        packet(
            f"<dc:rights>Anna &amp; Bob</dc:rights><mm:History><rdf:Seq>{event}</rdf:Seq></mm:History>",
            'iptc:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/print" dc:format="image/jpeg"',
        )
    )
    root = recorded(given)
    assert root.findtext(".//dc:rights", namespaces=SPACES) == "Anna & Bob"
    description = root.find(".//rdf:Description", SPACES)
    assert description is not None
    assert description.get(f"{{{SPACES['dc']}}}format") == "image/jpeg"
    assert f"{{{SPACES['iptc']}}}DigitalSourceType" not in description.attrib
    assert source_types(root) == [SOURCE_TYPE]
    assert [n.text for n in root.iterfind(".//rdf:li/ev:action", SPACES)] == ["created", "edited"]
    result = told(given).metadata.xmp
    assert result is not None
    assert result.startswith(b"<?xpacket begin=")
    assert given.metadata.xmp is not None
    assert SOURCE_TYPE.encode() not in given.metadata.xmp


def test_a_synthetic_picture_stays_one() -> None:
    code = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    given = photo(packet(f"<iptc:DigitalSourceType>{code}</iptc:DigitalSourceType>"))
    assert source_types(recorded(given)) == [code]


@pytest.mark.parametrize(
    "xmp",
    [
        "<broken",
        "<other/>",
        '<!DOCTYPE a [<!ENTITY b "' + "x" * 99 + '">]>' + packet("<dc:rights>&b;</dc:rights>"),
        packet("<dc:rights>" * 5000 + "</dc:rights>" * 5000),
    ],
)
def test_what_cannot_be_read_is_replaced_and_named(xmp: str) -> None:
    given = photo(xmp)
    assert source_types(recorded(given)) == [SOURCE_TYPE]
    assert given.warnings == []
    assert told(given).warnings == ["The photo's XMP metadata could not be read and was replaced."]


FILES = sorted(name for name in specimens() if "xmp" in registry.FORMATS[name.partition("-")[0]].told)


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("raw")])
def test_every_format_that_carries_a_packet_carries_this_one(name: str) -> None:
    before = imaging.open_image(specimens()[name])
    before.pixels = before.pixels[::-1].copy()
    encoded = imaging.encode(told(before))
    assert not [warning for warning in encoded.warnings if "XMP" in warning]
    xmp = imaging.open_image(encoded.data).metadata.xmp
    assert xmp is not None
    root = ElementTree.fromstring(xmp)
    assert source_types(root) == [SOURCE_TYPE]
    if before.metadata.xmp:
        description = root.find(".//rdf:Description", SPACES)
        assert description is not None
        assert description.get(f"{{{SPACES['dc']}}}format") == "ferry"


@pytest.mark.parametrize("name", ["bmp", "tga", "ico", "hdr"])
def test_formats_without_room_say_so_where_the_photo_had_some(name: str) -> None:
    kind = registry.FORMATS[name].depths[0]
    given = Photo(np.zeros((4, 4, 3), kind), name, metadata=Metadata(xmp=packet("").encode()))
    assert imaging.encode(told(given)).warnings == [f"{registry.FORMATS[name].title} holds no XMP: left out."]
    bare = Photo(np.zeros((4, 4, 3), kind), name)
    assert imaging.encode(told(told(bare))).warnings == []
