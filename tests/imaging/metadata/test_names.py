"""Dates in the names of files and folders: what is certain is found, all else is not."""

from __future__ import annotations

import pytest

from daguerre.imaging.metadata.names import find_date


@pytest.mark.parametrize(
    ("path", "date"),
    [
        ("1957-08 Ostsee/img_003.jpg", "1957-08?"),
        ("1957-08-12 Ostsee/003.jpg", "1957-08-12?"),
        ("Ostsee 1957/003.jpg", "1957?"),
        ("1957/003.jpg", "1957?"),
        ("Ostsee (1957).jpg", "1957?"),
        ("1957_Ostsee_003.jpg", "1957?"),
        ("Wedding 12.8.1957.tif", "1957-08-12?"),
        ("August 1957/1.jpg", "1957-08?"),
        ("März 1957/1.jpg", "1957-03?"),
        ("Summer of 1962/1.jpg", "1962-22?"),
        ("1950s/1.jpg", "195X?"),
        ("1957-1959 Berlin/1.jpg", "1957?/1959?"),
        ("ca. 1957/1.jpg", "1957%"),
        ("19570812 Ostsee/1.jpg", "1957-08-12?"),
        ("album/1957/page 3/1.jpg", "1957?"),
        ("1957/Ostsee 1958.jpg", "1958?"),
        ("1957 Ostsee_a.jpg", "1957?"),
    ],
)
def test_a_date_is_found_and_marked_as_uncertain(path, date):
    assert find_date(path) == date


@pytest.mark.parametrize(
    "path",
    [
        "Summer of 62/1.jpg", "img_1957.jpg", "IMG-1957.jpg", "DSC01957.jpg", "1957.jpg", "scan 1957.jpg",
        "Scan_20240301.jpg", "IMG_20190301_120000.jpg", "1957 and 1962/1.jpg", "12-08-57/1.jpg", "box 19571/1.jpg",
        "1957-13/1.jpg", "1957-59/1.jpg", "1200x1957px/1.jpg", "v1.1957/1.jpg", "1066 Hastings/1.jpg", "ostsee/1.jpg",
        "1957/a/b/1.jpg", "08.1957.3/1.jpg",
    ],
)  # fmt: skip
def test_what_may_mean_something_else_is_no_date(path):
    assert find_date(path) is None
