"""Dates and captions that the owner gives: in XMP and EXIF, read back by another program, and nothing else changed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import daguerre
from daguerre import edtf
from daguerre.cli.app import app
from daguerre.imaging.metadata import annotation, exif, xmp

OFF = {"scratch_removal": False, "denoise": False, "face_enhancement": False}
QUIET = ["--no-scratch-removal", "--no-denoise", "--no-face-enhancement"]


def picture(name, tmp_path, described=None, taken=None, order="<"):
    pixels = np.random.default_rng(3).integers(0, 255, (40, 60, 3), np.uint8)
    tags = Image.Exif()
    if described is not None or taken is not None:
        tags.endian = order
        tags[0x010F] = "A maker of cameras"
        if described is not None:
            tags[0x010E] = described
        if taken is not None:
            tags.get_ifd(0x8769).update({0x9003: taken, 0x9291: "77", 0x927C: b"a note of the maker"})
    path = tmp_path / name
    Image.fromarray(pixels).save(path, exif=tags)
    return path


def properties(data):
    document, _ = xmp.parse(daguerre.open(data).metadata.xmp)
    spaces = {
        "created": "http://purl.org/dc/terms/", "DateCreated": "http://ns.adobe.com/photoshop/1.0/",
        "description": "http://purl.org/dc/elements/1.1/",
    }  # fmt: skip
    return {name: xmp.read(document, space, name) for name, space in spaces.items()}


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_date_and_caption_are_written(name, tmp_path):
    path = picture(name, tmp_path)
    result = daguerre.restore(path, **OFF, date="1957-08?", caption="Ida & Karl, Ostseebad Sellin — früh")
    assert result.date == result.to_dict()["date"] == "1957-08?"
    data = result.encode().data
    assert properties(data) == {
        "created": ["1957-08?"], "DateCreated": ["1957-08"], "description": ["Ida & Karl, Ostseebad Sellin — früh"],
    }  # fmt: skip
    with Image.open(io.BytesIO(data)) as image:
        told = image.getexif()
        assert told.get_ifd(0x8769)[0x9003] == "1957:08:     :  :  "
        assert told[0x010E].encode("latin-1", "ignore").startswith(b"Ida & Karl")
    block = daguerre.open(data).metadata.exif
    assert exif.read_text(block, exif.DESCRIPTION) == "Ida & Karl, Ostseebad Sellin — früh"
    if name != "a.webp":
        assert np.array_equal(daguerre.open(data).pixels, daguerre.open(path).pixels)


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_is_asked_for_replaces_what_was_there_and_nothing_else(order, tmp_path):
    path = picture("a.jpg", tmp_path, "a scan", "2021:05:06 07:08:09", order)
    data = daguerre.restore(path, **OFF, date="1957", caption="Ida").encode().data
    again = daguerre.restore(data, **OFF, caption="Ida and Karl").encode().data
    with Image.open(io.BytesIO(again)) as image:
        told, inside = image.getexif(), image.getexif().get_ifd(0x8769)
        assert (told[0x010E], told[0x010F]) == ("Ida and Karl", "A maker of cameras")
        assert (inside[0x9003], inside[0x927C]) == ("1957:  :     :  :  ", b"a note of the maker")
        assert 0x9291 not in inside
    assert properties(again)["created"] == ["1957"]


def test_a_date_that_a_format_cannot_hold_is_not_made_up(tmp_path):
    path = picture("a.jpg", tmp_path, taken="2021:05:06 07:08:09")
    data = daguerre.restore(path, **OFF, date="195X").encode().data
    assert properties(data) == {"created": ["195X"], "DateCreated": [], "description": []}
    assert exif.read_text(daguerre.open(data).metadata.exif, exif.TAKEN) == ""


def test_without_date_and_caption_the_file_stays_to_the_byte(tmp_path):
    path = picture("a.jpg", tmp_path, "a scan", "2021:05:06 07:08:09")
    assert daguerre.restore(path, **OFF).encode().data == path.read_bytes()


def test_a_date_in_a_name_is_marked_and_replaces_none(tmp_path):
    folder = tmp_path / "1957-08 Ostsee"
    folder.mkdir()
    dated = daguerre.restore(picture("img_003.jpg", folder), **OFF, date="auto")
    assert dated.date == "1957-08?"
    other = daguerre.restore(picture("img_004.jpg", folder, taken="2021:05:06 07:08:09"), **OFF, date="auto")
    assert other.date is None
    assert any("has a date already" in sentence for sentence in other.warnings)
    again = daguerre.restore(dated.encode().data, **OFF, date="auto", caption="Ida")
    assert again.date is None
    assert properties(again.encode().data)["created"] == ["1957-08?"]


def test_a_name_stands_in_for_a_path(tmp_path):
    data = picture("a.jpg", tmp_path).read_bytes()
    restorer = daguerre.Restorer()
    assert restorer.restore(data, **OFF, date="auto", name="1957-08 Ostsee.jpg").date == "1957-08?"
    unnamed = restorer.restore(data, **OFF, date="auto")
    assert unnamed.date is None
    assert any("No date was written" in sentence for sentence in unnamed.warnings)


def test_the_command_line_dates_photos(tmp_path):
    folder = tmp_path / "1957 Ostsee"
    folder.mkdir()
    path, out = picture("a.jpg", folder), tmp_path / "a.jpg"
    told = CliRunner().invoke(app, ["restore", str(path), "-o", str(out), "--date", "auto", "--caption", "Sea", *QUIET])
    assert told.exit_code == 0, told.output
    assert properties(out.read_bytes()) == {"created": ["1957?"], "DateCreated": ["1957"], "description": ["Sea"]}
    wrong = CliRunner().invoke(app, ["restore", str(path), "--date", "1957-13"])
    assert isinstance(wrong.exception, daguerre.InvalidSettings)
    assert "no month 13" in str(wrong.exception)


def test_what_iptc_said_gives_way_and_the_rest_of_it_stays(tmp_path):
    def row(number, text):
        return bytes((0x1C, 2, number)) + len(text).to_bytes(2, "big") + text

    photo = daguerre.open(picture("a.jpg", tmp_path))
    photo.metadata.iptc = row(55, b"20210506") + row(80, b"Ida") + row(120, b"a scan")
    assert annotation.has_date(photo)
    dated = annotation.annotate(photo, date=edtf.parse("1957"))
    assert dated.metadata.iptc == row(80, b"Ida") + row(120, b"a scan")
    assert annotation.annotate(dated, caption="At sea").metadata.iptc == row(80, b"Ida")
    photo.metadata.iptc = b"what is no block"
    assert annotation.annotate(photo, caption="At sea").metadata.iptc == b"what is no block"
