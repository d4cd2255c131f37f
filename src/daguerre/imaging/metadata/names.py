"""Dates in the names of files and folders, as people give them. What can mean something else is no date."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath

from daguerre import edtf

_FOLDERS = 2
"""So many of the folders around a file are asked, from the inside out."""
_FIRST_YEAR, _LAST_YEAR = 1826, 2099
"""From the first photograph on."""
_YEAR = r"(?<![\w.,-])(1[89]\d\d|20\d\d)"
_END = r"(?!\w|[.,-]\d)"
_WORD = r"(?<![^\W\d])"
_DAY_FIRST = r"(?<!\d)(0?[1-9]|[12]\d|3[01])\.\s?(0?[1-9]|1[0-2])\.\s?(1[89]\d\d|20\d\d)(?!\d)"
_MONTHS = (
    "january|januar|jan", "february|februar|feb", "march|märz|maerz|mar", "april|apr", "may|mai", "june|juni|jun",
    "july|juli|jul", "august|aug", "september|sept|sep", "october|oktober|oct|okt", "november|nov",
    "december|dezember|dec|dez",
)  # fmt: skip
_SEASONS = ("spring|frühling|frühjahr|fruehling|fruehjahr", "summer|sommer", "autumn|fall|herbst", "winter")
_COUNTED = re.compile(
    r"(?:scan|scanned|img|image|dsc|dscn|dscf|pict|photo|foto|bild|fastfoto|pxl|picture|screenshot|vuescan|film)[\W_\d]*",
    re.IGNORECASE,
)
"""What scanners and cameras call their files: the numbers behind it are counters, or tell of the scan."""
_AROUND = re.compile(r"(?<![a-z])(?:circa|ca|um|about|around)[. _]*$", re.IGNORECASE)


def find_date(path: str | PurePath) -> str | None:
    """The date in EDTF, marked as uncertain, that the name of ``path`` tells, else those of the folders around it.

    ``None`` where there is none, or more than one.
    """
    whole = PurePath(path)
    stem = whole.stem.removesuffix("_a").removesuffix("_b")
    folders = [part for part in whole.parts[:-1] if part not in ("/", "\\", ".", "..")][::-1][:_FOLDERS]
    if not stem.isdigit() and not _COUNTED.fullmatch(stem) and not _COUNTED.match(stem):
        found = _dates(stem)
        if found:
            return found.pop() if len(found) == 1 else None
    for folder in folders:
        found = _dates(folder)
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _dates(name: str) -> set[str]:
    """The dates in one name."""
    text = re.sub(r"_", " ", name)
    found: set[str] = set()

    def take(pattern: str, make: Callable[[re.Match[str]], str]) -> None:
        nonlocal text
        for match in list(re.finditer(pattern, text, re.IGNORECASE)):
            date = _valid(make(match))
            if date is not None:
                found.add(date)
                text = text.replace(match[0], " " * len(match[0]), 1)

    take(_YEAR + r"\s?[-\u2013]\s?(1[89]\d\d|20\d\d)" + _END, lambda at: f"{at[1]}?/{at[2]}?")
    take(_DAY_FIRST, lambda at: f"{at[3]}-{int(at[2]):02d}-{int(at[1]):02d}?")
    take(_YEAR + r"([-. ]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])" + _END, lambda at: f"{at[1]}-{at[3]}-{at[4]}?")
    take(_YEAR + r"-(0[1-9]|1[0-2])" + _END, lambda at: f"{at[1]}-{at[2]}?")
    for number, names in [*enumerate(_MONTHS, 1), *enumerate(_SEASONS, 21)]:
        made = _month_of(number)
        take(rf"{_WORD}(?:{names})\.?[ ,-]*(?:of )?{_YEAR}{_END}", made)
        take(rf"{_YEAR}[ ,-]+(?:{names})(?![^\W\d])", made)
    take(r"(?<![\w.,-])(1[89]\d|20\d)0(?:s|er|'s)(?![^\W\d])", lambda at: f"{at[1]}X?")
    left = text
    take(_YEAR + _END, lambda at: at[1] + ("%" if _AROUND.search(left[: at.start()]) else "?"))
    return found


def _month_of(number: int) -> Callable[[re.Match[str]], str]:
    """Makes the date of a match whose first group is a year."""
    return lambda at: f"{at[1]}-{number:02d}?"


def _valid(text: str) -> str | None:
    try:
        date = edtf.parse(text)
    except ValueError:
        return None
    return text if not date.known or _FIRST_YEAR <= date.known[0] <= _LAST_YEAR else None
