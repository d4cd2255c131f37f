"""Which page of a TIFF is the photo, and what comes out beside it: masks, tags, resources."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import tifffile

import daguerre
from daguerre import imaging
from daguerre.errors import BrokenImage, UnsupportedImage
from daguerre.imaging.containers import photoshop, tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Entry, long, read_pages, short, undefined
from tests.imaging import tiffs

RANDOM = np.random.default_rng(4)
LARGE = RANDOM.integers(0, 256, (60, 80, 3), np.uint8)
SMALL = RANDOM.integers(0, 256, (15, 20, 3), np.uint8)
INFRARED = RANDOM.integers(0, 65536, (60, 80), np.uint16)


def changed(data: bytes) -> tuple[bytes, list[str]]:
    """``data`` written anew with one pixel inverted, and what was said."""
    photo = daguerre.open(data)
    photo.pixels = photo.pixels.copy()
    photo.pixels[0, 0] = photo.white - photo.pixels[0, 0]
    encoded = imaging.encode(photo)
    return encoded.data, encoded.warnings


@pytest.mark.parametrize("mark", [{"t254": long(1)}, {"t255": short(2)}])
@pytest.mark.parametrize("first", [True, False])
def test_a_preview_is_not_the_photo(mark: dict[str, Entry], first: bool) -> None:
    pages = [tiffs.of(SMALL, 2, **mark), tiffs.of(LARGE, 2)]
    data = tiffs.file(*(pages if first else pages[::-1]))
    photo = daguerre.open(data)
    assert np.array_equal(photo.pixels, LARGE)
    assert photo.pages == []
    again, said = changed(data)
    assert len(read_pages(again)) == 1
    assert any("preview" in sentence for sentence in said)
    assert imaging.encode(photo).data == data


def test_where_all_are_marked_reduced_the_largest_is_the_photo() -> None:
    photo = daguerre.open(tiffs.file(tiffs.of(SMALL, 2, t254=long(1)), tiffs.of(LARGE, 2, t254=long(1))))
    assert np.array_equal(photo.pixels, LARGE)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_mask_comes_back_to_the_bit_with_its_tag(order: str, compression: str | None) -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, byteorder="<" if order == "little" else ">") as writer:
        writer.write(LARGE, photometric="rgb", metadata=None)
        writer.write(INFRARED, photometric="minisblack", subfiletype=2, compression=compression, metadata=None)
        writer.write(LARGE[::-1], photometric="rgb", metadata=None)
    data = bytearray(stream.getvalue())
    # tifffile writes no masks.
    struct.pack_into("<I" if order == "little" else ">I", data, read_pages(data)[1][254].place, 4)
    photo = daguerre.open(bytes(data))
    assert len(photo.pages) == 1
    again, said = changed(bytes(data))
    assert said == []
    with tifffile.TiffFile(io.BytesIO(again)) as file:
        assert [page.subfiletype for page in file.pages] == [0, 4, 0]
        assert np.array_equal(file.pages[1].asarray(), INFRARED)
        assert np.array_equal(file.pages[2].asarray(), LARGE[::-1])


def test_every_tag_that_tells_comes_back() -> None:
    told = {
        270: tiffs.text("Grandmother"),
        318: Entry(5, 2, struct.pack("<4I", 3127, 10000, 3290, 10000)),
        319: Entry(5, 6, struct.pack("<12I", *[64, 100, 33, 100, 21, 100, 71, 100, 15, 100, 6, 100])),
        0x4746: short(4),
        0x9C9B: Entry(1, 8, "Anna".encode("utf-16-le")),
        0x9C9C: Entry(1, 8, "Kind".encode("utf-16-le")),
        50706: Entry(1, 4, b"\1\4\0\0"),
        50708: tiffs.text("Scanner X"),
        65000: undefined(b"the scanner's own"),
    }
    data = tiffs.file(tiffs.of(LARGE, 2, **{f"t{tag}": entry for tag, entry in told.items()}))
    assert daguerre.open(data).format == "tiff"
    again, said = changed(data)
    assert said == []
    found = read_pages(again)[0]
    assert {tag: found.get(tag) for tag in told} == told


def test_resolutions_without_a_unit_and_none_at_all() -> None:
    ratio = {"t282": tiff_ifd.rational(2), "t283": tiff_ifd.rational(1), "t296": short(1)}
    found = read_pages(changed(tiffs.file(tiffs.of(LARGE, 2, **ratio)))[0])[0]
    assert (found[282].ratio(), found[283].ratio(), found[296].integers()) == (2, 1, (1,))
    bare = tiffs.of(LARGE, 2)
    for tag in (282, 283, 296):
        del bare.directory[tag]
    assert not {282, 283} & set(read_pages(changed(tiffs.file(bare))[0])[0])


def test_a_quarter_turn_exchanges_the_resolutions() -> None:
    tags = {"t282": tiff_ifd.rational(600), "t283": tiff_ifd.rational(300), "t274": short(6)}
    data = tiffs.file(tiffs.of(LARGE, 2, **tags))
    assert imaging.encode(daguerre.open(data)).data == data
    again, _ = changed(data)
    found = read_pages(again)[0]
    assert (found[282].ratio(), found[283].ratio(), found[274].integers()) == (300, 600, (1,))
    assert np.array_equal(tifffile.imread(io.BytesIO(again))[1:], np.rot90(LARGE, -1)[1:])


def test_photoshops_resources_come_back_without_the_thumbnail() -> None:
    kept = photoshop.make_resource(1034, b"\1").packed() + photoshop.Resource(b"MeSa", 2000, b"\3abc", b"odd").packed()
    block = kept + photoshop.make_resource(1036, bytes(40)).packed()
    found = read_pages(changed(tiffs.file(tiffs.of(LARGE, 2, t34377=Entry(1, len(block), block))))[0])[0]
    assert found[34377].raw == kept


def test_layers_and_inner_pictures_are_named() -> None:
    said = changed(tiffs.file(tiffs.of(LARGE, 2, t37724=undefined(bytes(8)), t330=long(8))))[1]
    assert any("layers" in sentence for sentence in said)
    assert any("SubIFDs" in sentence for sentence in said)


@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "jpeg"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("turn", [1, 6])
def test_the_strips_and_tiles_that_are_there_are_recovered(
    compression: str | None, tile: tuple[int, int] | None, turn: int
) -> None:
    stream = io.BytesIO()
    shape = {"tile": tile} if tile else {"rowsperstrip": 8}
    extra = [(274, 3, 1, turn, True)]
    tifffile.imwrite(stream, LARGE, photometric="rgb", compression=compression, extratags=extra, metadata=None, **shape)
    data = stream.getvalue()
    whole = daguerre.open(data).pixels
    cut = data[: len(data) * 3 // 4]
    with pytest.raises(BrokenImage):
        daguerre.open(cut)
    photo = daguerre.open(cut, recover=True)
    assert photo.missing is not None
    assert photo.missing.shape == photo.pixels.shape[:2]
    assert 0.15 < photo.missing.mean() < 0.5
    assert np.array_equal(photo.pixels[~photo.missing], whole[~photo.missing])
    again = daguerre.open(imaging.encode(photo).data)
    assert np.array_equal(again.pixels, photo.pixels)


def test_the_picture_behind_a_preview_is_the_photo() -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(SMALL, photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        writer.write(LARGE, photometric="rgb", subfiletype=0, metadata=None, resolution=(600, 600))
    photo = daguerre.open(stream.getvalue())
    assert np.array_equal(photo.pixels, LARGE)
    assert photo.metadata.dpi == (600, 600)
    again, said = changed(stream.getvalue())
    assert np.array_equal(tifffile.imread(io.BytesIO(again))[1:], LARGE[1:])
    assert any("preview" in sentence for sentence in said)


def test_volumes_are_named() -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((4, 60, 80), np.uint8), photometric="minisblack", volumetric=True)
    with pytest.raises(UnsupportedImage, match="volume"):
        daguerre.open(stream.getvalue())


@pytest.mark.timeout(60)
def test_a_strip_that_claims_gigabytes_is_read_at_once() -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, LARGE, photometric="rgb", compression="jpeg", rowsperstrip=60, metadata=None)
    data = bytearray(stream.getvalue())
    struct.pack_into("<I", data, read_pages(data)[0][279].place, 0x7FFFFFFF)
    assert np.array_equal(daguerre.open(bytes(data)).pixels, daguerre.open(stream.getvalue()).pixels)
