"""JPEG: its code, its segments and its metadata."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from daguerre import imaging
from daguerre.errors import BrokenImage
from daguerre.imaging.containers import jpeg_segments, photoshop, tiff_ifd
from daguerre.imaging.metadata import xmp
from daguerre.imaging.photo import Metadata

THUMBNAIL = b"\xff\xd8thumbnail\xff\xd9"


def exif_with_thumbnail() -> bytes:
    """A little-endian block: a maker, the orientation and a thumbnail in a second directory."""
    first = struct.pack("<H", 2) + struct.pack("<HHI4s", 0x010F, 2, 4, b"Joe\0")
    first += struct.pack("<HHIHH", 0x0112, 3, 1, 1, 0)
    second_at = 8 + len(first) + 4
    thumbnail_at = second_at + 2 + 24 + 4
    second = struct.pack("<H", 2) + struct.pack("<HHII", 0x0201, 4, 1, thumbnail_at)
    second += struct.pack("<HHII", 0x0202, 4, 1, len(THUMBNAIL)) + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", 8) + first + struct.pack("<I", second_at) + second + THUMBNAIL


def jpeg(**options: object) -> bytes:
    """A small noisy JPEG."""
    pixels = np.random.default_rng(1).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", **options)
    return stream.getvalue()


def scan(data: bytes) -> bytes:
    """The entropy-coded picture."""
    return data[data.rindex(b"\xff\xda") :]


def test_the_thumbnail_goes_and_the_picture_keeps_its_code() -> None:
    data = jpeg(exif=b"Exif\0\0" + exif_with_thumbnail())
    photo = imaging.open_image(data)
    assert imaging.encode(photo).data == data
    photo.metadata.xmp = b"<x:xmpmeta/>"
    result = imaging.encode(photo).data
    assert THUMBNAIL in data
    assert THUMBNAIL not in result
    assert scan(result) == scan(data)
    assert Image.open(BytesIO(result)).getexif()[0x010F] == "Joe"


def test_new_metadata_leaves_the_picture_its_code() -> None:
    data = jpeg(quality=60)
    photo = imaging.open_image(data)
    photo.metadata.xmp = b"<x:xmpmeta>told</x:xmpmeta>"
    result = imaging.encode(photo)
    assert scan(result.data) == scan(data)
    assert imaging.open_image(result.data).metadata.xmp == photo.metadata.xmp


def test_a_quality_that_is_asked_for_is_taken() -> None:
    photo = imaging.open_image(jpeg(quality=95))
    assert len(imaging.encode(photo, quality=20).data) < len(imaging.encode(photo).data) / 2


def test_every_block_passes_through_the_segments() -> None:
    icc = np.random.default_rng(2).integers(0, 256, 150_000, dtype=np.uint8).tobytes()
    iptc = b"\x1c\x02\x78\x00\x03odd"
    metadata = Metadata(exif=exif_with_thumbnail(), xmp=b"<x/>", iptc=iptc)
    image = Image.open(BytesIO(jpeg_segments.embed_metadata(jpeg(), metadata, icc)))
    image.load()
    assert image.info["icc_profile"] == icc
    assert image.info["exif"] == b"Exif\0\0" + exif_with_thumbnail()
    assert image.info["xmp"] == b"<x/>"
    assert image.info["photoshop"][0x0404] == iptc


def test_encoding_leaves_the_photo_as_it_is() -> None:
    photo = imaging.open_image(jpeg())
    before = photo.pixels.copy()
    for name in ("jpeg", "png", "gif", "webp", "avif", "bmp", "tga", "ico"):
        imaging.encode(photo, format=name)
    assert np.array_equal(photo.pixels, before)
    assert photo.format == "jpeg"


@pytest.mark.parametrize("options", [{"bitspersample": 12}, {"bitspersample": 16, "lossless": True}])
@pytest.mark.parametrize("channels", [1, 3])
def test_more_than_eight_bits_are_read_and_their_loss_is_named(options: dict[str, Any], channels: int) -> None:
    top = (1 << options["bitspersample"]) - 1
    ramp = np.linspace(0, 1, 24)[None, :, None] + np.zeros((16, 1, channels))
    plane = np.rint(ramp * top).astype(np.uint16)
    photo = imaging.open_image(bytes(imagecodecs.jpeg8_encode(np.squeeze(plane), level=100, **options)))
    assert np.abs(photo.pixels / 65535 - ramp).max() < 0.01
    photo.pixels = photo.pixels[:, ::-1].copy()
    assert "JPEG holds 8 bits" in imaging.encode(photo).warnings[0]


def test_lossless_jpeg_is_read() -> None:
    plane = np.random.default_rng(1).integers(0, 65536, (16, 24), dtype=np.uint16)
    photo = imaging.open_image(bytes(imagecodecs.ljpeg_encode(plane, bitspersample=16)))
    assert np.array_equal(photo.pixels[:, :, 0], plane)


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """``data`` with ``segments`` behind its first."""
    end = 4 + struct.unpack_from(">H", data, 4)[0]
    return data[:end] + b"".join(segments) + data[end:]


def changed(data: bytes) -> tuple[bytes, list[str]]:
    """``data`` encoded anew with a block inverted, and what was said."""
    photo = imaging.open_image(data)
    photo.pixels = photo.pixels.copy()
    photo.pixels[:8, :8] = 255 - photo.pixels[:8, :8]
    encoded = imaging.encode(photo)
    return encoded.data, encoded.warnings


def test_comments_and_segments_of_others_come_back() -> None:
    comments = ["Grandmother, Kraków 1931".encode(), b"\xff\xfe no text"]
    foreign = [segment(0xEC, b"Ducky\0\1"), segment(0xE3, b"Meta\0\0scanner"), segment(0xE1, b"http://example.org/\0x")]
    data = with_segments(jpeg(), *(segment(0xFE, text) for text in comments), *foreign)
    again, said = changed(data)
    assert said == []
    found = jpeg_segments.parse(again)
    assert (found.comments, found.others) == (comments, foreign)


def test_resources_come_back_but_the_thumbnail() -> None:
    resource = photoshop.make_resource
    kept = [
        resource(1034, b"\1"),
        resource(1035, b"https://example.org"),
        photoshop.Resource(b"PHUT", 2000, b"\3abc", b"x"),
    ]
    rows = [kept[0], resource(1028, b"\x1c\2x\0\5ferry"), photoshop.make_resource(1036, bytes(50)), *kept[1:]]
    block = b"Photoshop 3.0\0" + b"".join(row.packed() for row in rows)
    again, said = changed(
        with_segments(jpeg(), segment(0xED, block[:100]), segment(0xED, b"Photoshop 3.0\0" + block[100:]))
    )
    assert said == []
    iptc, rest = photoshop.split_iptc(jpeg_segments.parse(again).resources)
    assert iptc == b"\x1c\2x\0\5ferry"
    assert list(photoshop.walk_resources(rest or b"")) == kept


def packet(attributes: str, body: str = "") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{xmp.RDF}"><rdf:Description rdf:about="" '
        f"{attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def test_xmp_of_more_than_a_segment_comes_back_whole() -> None:
    body = "".join(f"<dc:part{i}>{'ferry ' * 4000}</dc:part{i}>" for i in range(8)) + "<dc:title>Anna</dc:title>"
    photo = imaging.open_image(jpeg())
    photo.metadata.xmp = packet('xmlns:dc="http://purl.org/dc/elements/1.1/"', body)
    encoded = imaging.encode(photo)
    assert encoded.warnings == []
    assert b"HasExtendedXMP" in encoded.data
    back = imaging.open_image(encoded.data)
    assert back.metadata.xmp is not None
    for name in (*(f"part{i}" for i in range(8)), "title"):
        assert back.metadata.xmp.count(f"<dc:{name}>".encode()) == 1
    assert b"HasExtendedXMP" not in back.metadata.xmp
    again, _ = changed(encoded.data)
    once = imaging.open_image(again).metadata.xmp or b""
    assert [once.count(f"<dc:{name}>".encode()) for name in ("part0", "part7", "title")] == [1, 1, 1]


GAIN_MAP = packet(
    'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="ferry" '
    'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" '
    'xmlns:Container="http://ns.google.com/photos/1.0/container/"',
    "<Container:Directory><rdf:Seq/></Container:Directory>",
)


def test_a_gain_map_is_named_and_nothing_points_at_it() -> None:
    data = with_segments(jpeg(), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + GAIN_MAP)) + jpeg()
    assert imaging.encode(imaging.open_image(data)).data == data
    again, said = changed(data)
    assert said == ["The gain map of the JPEG was left out: it fits the old picture."]
    for trace in (b"hdrgm", b"hdr-gain-map", b"Container", b"MotionPhoto"):
        assert trace not in again
    assert b"ferry" in again


def test_a_second_view_and_a_film_behind_are_named() -> None:
    stream = BytesIO()
    views = [Image.fromarray(np.full((40, 56, 3), value, np.uint8)) for value in (80, 90)]
    views[0].save(stream, "MPO", save_all=True, append_images=views[1:])
    again, said = changed(stream.getvalue())
    assert len(said) == 1
    assert "another view" in said[0]
    assert b"MPF\0" not in again
    assert "followed" in changed(jpeg() + b"\0\0\0\x18ftypmp42" + bytes(40))[1][0]
    assert changed(jpeg() + bytes(40))[1] == []


def test_content_credentials_are_named() -> None:
    again, said = changed(with_segments(jpeg(), segment(0xEB, b"JP\0\1\0\0\0\1" + bytes(30))))
    assert b"\xff\xeb" not in again[:400]
    assert "credentials" in said[0]


@pytest.mark.parametrize("trailer", [b"", b"SEFH film \xff\xe1 and \xff\xd8 more " * 20])
@pytest.mark.parametrize("progressive", [False, True])
def test_only_the_end_marker_is_missing(trailer: bytes, progressive: bool) -> None:
    data = jpeg(progressive=progressive)
    photo = imaging.open_image(data[:-2] + trailer)
    assert np.array_equal(photo.pixels, imaging.open_image(data).pixels)


@pytest.mark.parametrize("share", [0.5, 0.97])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_missing_pixels_are_refused_with_their_share(share: float, end: bytes) -> None:
    stream = BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (400, 320, 3), dtype=np.uint8)).save(stream, "JPEG")
    data = stream.getvalue()
    with pytest.raises(BrokenImage, match=r"truncated: \d+ % of its picture") as caught:
        imaging.open_image(data[: int(len(data) * share)] + end)
    said = int(str(caught.value).split("truncated: ")[1].split(" %")[0])
    assert abs(said - 100 * (1 - share)) < 5


def test_a_white_border_is_not_taken_for_missing() -> None:
    plane = np.full((64, 64, 3), 255, np.uint8)
    plane[:30] = 90
    stream = BytesIO()
    Image.fromarray(plane).save(stream, "JPEG")
    assert imaging.open_image(stream.getvalue()).pixels[-1, -1, 0] == 255


@pytest.mark.parametrize(("stored", "turn", "wanted"), [
    ((1, 600, 300), 1, (1, 600, 300)), ((1, 600, 300), 6, (1, 300, 600)), ((2, 118, 118), 1, (2, 118, 118)),
    ((0, 72, 72), 1, (0, 72, 72)),
    ((0, 2, 1), 1, (0, 2, 1)), ((0, 1, 1), 1, (0, 1, 1)),
])  # fmt: skip
def test_densities_come_back(stored: tuple[int, int, int], turn: int, wanted: tuple[int, int, int]) -> None:
    data = bytearray(jpeg(exif=b"Exif\0\0" + tiff_ifd.pack_block({274: tiff_ifd.short(turn)})))
    struct.pack_into(">BHH", data, 13, *stored)
    again, said = changed(bytes(data))
    assert said == []
    assert jpeg_segments.parse(again).density == wanted


def test_a_quarter_turn_exchanges_what_exif_says_across_and_down() -> None:
    inner = {0xA002: tiff_ifd.long(56), 0xA003: tiff_ifd.long(40)}
    block = tiff_ifd.pack_block({
        274: tiff_ifd.short(6), 282: tiff_ifd.rational(600), 283: tiff_ifd.rational(300),
        34665: tiff_ifd.Entry(4, 1, b"", inner),
    })  # fmt: skip
    again, _ = changed(jpeg(exif=b"Exif\0\0" + block))
    held = tiff_ifd.read_pages(jpeg_segments.parse(again).exif or b"")[0]
    assert (held[274].integers(), held[282].ratio(), held[283].ratio()) == ((1,), 300, 600)
    assert held[34665].directory is not None
    assert [held[34665].directory[tag].integers() for tag in (0xA002, 0xA003)] == [(40,), (56,)]


def test_an_orientation_in_xmp_alone_is_followed_and_named() -> None:
    told = packet('xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"')
    data = with_segments(jpeg(), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + told))
    assert imaging.encode(imaging.open_image(data)).data == data
    again, said = changed(data)
    assert Image.open(BytesIO(again)).size == (40, 56)
    assert b'tiff:Orientation="1"' in again
    assert "XMP" in said[0]


def test_what_stands_in_front_is_left_out_and_named() -> None:
    again, said = changed(bytes(100) + jpeg())
    assert again.startswith(b"\xff\xd8\xff")
    assert said == ["100 bytes in front of the JPEG were left out."]


@pytest.mark.parametrize("turn", [1, 6])
def test_a_truncated_file_gives_what_is_there(turn: int) -> None:
    smooth = np.linspace(20, 230, 320)[None, :, None] + np.linspace(0, 20, 400)[:, None, None] + np.zeros(3)
    stream = BytesIO()
    noisy = smooth + np.random.default_rng(1).normal(0, 9, smooth.shape)
    exif = b"Exif\0\0" + tiff_ifd.pack_block({274: tiff_ifd.short(turn)})
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", exif=exif)
    data = stream.getvalue()
    whole = imaging.open_image(data)
    assert imaging.open_image(data, recover=True).missing is None
    photo = imaging.open_image(data[: len(data) * 3 // 4], recover=True)
    assert photo.missing is not None
    assert photo.missing.shape == photo.pixels.shape[:2]
    assert 0.2 < photo.missing.mean() < 0.3
    assert np.array_equal(photo.pixels[~photo.missing], whole.pixels[~photo.missing])
    assert any("were lost" in sentence for sentence in photo.warnings)
    assert imaging.encode(photo).data != data[: len(data) * 3 // 4]


def test_a_truncated_progressive_file_lacks_sharpness() -> None:
    stream = BytesIO()
    plane = np.random.default_rng(1).integers(100, 140, (128, 128, 3), dtype=np.uint8)
    Image.fromarray(plane).save(stream, "JPEG", progressive=True, quality=90)
    photo = imaging.open_image(stream.getvalue()[: len(stream.getvalue()) * 3 // 4], recover=True)
    assert photo.missing is None
    assert any("sharpness" in sentence for sentence in photo.warnings)


@pytest.mark.parametrize("turn", range(2, 9))
@pytest.mark.parametrize("size", [(64, 96), (61, 93)])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_turned_picture_that_is_written_anew_loses_little(turn: int, size: tuple[int, int], subsampling: int) -> None:
    height, width = size
    gray = np.random.default_rng(1).integers(90, 160, (height, width, 1)) + np.zeros((1, 1, 3), np.int64)
    stream, exif = BytesIO(), b"Exif\0\0" + tiff_ifd.pack_block({274: tiff_ifd.short(turn)})
    Image.fromarray(gray.astype(np.uint8)).save(stream, "JPEG", exif=exif, quality=60, subsampling=subsampling)
    photo = imaging.open_image(stream.getvalue())
    photo.metadata.comments = (b"so that it is written anew",)
    again = imaging.open_image(imaging.encode(photo).data)
    error = np.square(again.pixels.astype(float) - photo.pixels).mean()
    assert 10 * np.log10(255**2 / max(error, 1e-9)) > 40


def test_large_attributes_go_into_the_extension_of_xmp() -> None:
    told = packet('xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" GDepth:Data="' + "x" * 200_000 + '"')
    photo = imaging.open_image(jpeg())
    photo.metadata.xmp = told
    back = imaging.open_image(imaging.encode(photo).data).metadata.xmp or b""
    assert back.count(b"x" * 200_000) == 1


def test_only_photoshops_own_resources_are_taken_for_iptc() -> None:
    foreign = photoshop.Resource(b"AgHg", 1028, bytes(2), b"of another program")
    rows = [photoshop.make_resource(1028, b"\x1c\2x\0\1a"), foreign, photoshop.make_resource(1028, b"\x1c\2x\0\1b")]
    block = b"Photoshop 3.0\0" + b"".join(row.packed() for row in rows)
    again, _ = changed(with_segments(jpeg(), segment(0xED, block)))
    iptc, rest = photoshop.split_iptc(jpeg_segments.parse(again).resources)
    assert iptc == b"\x1c\2x\0\1a\x1c\2x\0\1b"
    assert rest == foreign.packed()
