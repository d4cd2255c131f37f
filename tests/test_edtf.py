"""Dates that are known in part, of EDTF's levels 0 and 1."""

from __future__ import annotations

import pytest

from daguerre import InvalidSettings, Settings, edtf


@pytest.mark.parametrize(
    ("text", "plain", "exif"),
    [
        ("1957", "1957", "1957:  :     :  :  "),
        ("1957-08", "1957-08", "1957:08:     :  :  "),
        ("1957-08-12", "1957-08-12", "1957:08:12   :  :  "),
        ("1957-08-12T15:04:05Z", "1957-08-12T15:04:05Z", "1957:08:12 15:04:05"),
        ("1957-08?", "1957-08", "1957:08:     :  :  "),
        ("1957~", "1957", "1957:  :     :  :  "),
        ("1957-22%", "1957", "1957:  :     :  :  "),
        ("1957-XX", "1957", "1957:  :     :  :  "),
        ("1957-08-XX", "1957-08", "1957:08:     :  :  "),
        ("195X", None, None),
        ("19XX?", None, None),
        ("1957/1959", None, None),
        ("1957-06/1957-08", "1957", "1957:  :     :  :  "),
        ("1957-08-01/1957-08-14", "1957-08", "1957:08:     :  :  "),
        ("1957/..", None, None),
        ("/1957", None, None),
        ("1956-02-29", "1956-02-29", "1956:02:29   :  :  "),
    ],
)
def test_what_is_known_of_a_date(text, plain, exif):
    date = edtf.parse(text)
    assert (date.text, date.plain, date.exif) == (text, plain, exif)
    assert exif is None or len(exif) == 19


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "../..", "57", "1957-8", "08-1957", "1957-13", "1957-00", "1957-08-32", "1957-02-29", "1957-00-01",
        "1957-XX-12", "195X-08", "19X7", "1959/1957", "1957/1958/1959", "1957??", "1957-25", "1957-21-03", "-0057",
        "Y19570", "1957-08-12T25:00:00", "1957 - 08", "August 1957", "\uff11957",
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused_in_a_sentence(text):
    with pytest.raises(InvalidSettings) as error:
        Settings(date=text)
    ((field, sentence),) = error.value.problems
    assert field == "date"
    assert "EDTF" in sentence or " has no " in sentence or "before it begins" in sentence


def test_a_caption_is_a_text_that_a_file_can_hold():
    assert Settings(caption=" Ida\nand Karl ").caption == "Ida\nand Karl"
    for bad in ("", "  ", "a\x00b", "a\x1bb", "\ud800"):
        with pytest.raises(InvalidSettings, match="caption: "):
            Settings(caption=bad)
