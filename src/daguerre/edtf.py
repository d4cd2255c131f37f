"""Dates that are known in part: the Extended Date/Time Format, levels 0 and 1 (Library of Congress; ISO 8601-2:2019).

Of level 1 all but years of more than four digits and before year 0, which no photograph has. Written by hand: a
strict reader of these two levels is shorter than what would check the answers of a general one.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass

_YEAR, _SEASONS = 4, range(21, 25)
_DATE = re.compile(
    r"(?P<year>\d{4}|\d{3}X|\d\dXX)(?:-(?P<month>\d\d|XX)(?:-(?P<day>\d\d|XX))?)?(?P<qualifier>[?~%])?", re.ASCII
)
_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)T(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d)"
    r"(?P<zone>Z|[+-](?:0\d|1[0-4])(?::[0-5]\d)?)?",
    re.ASCII,
)
EXAMPLES = "1957, 1957-08, 1957-08-12, 1957-08?, 1957~, 195X or 1957/1959"


@dataclass(frozen=True, slots=True)
class Date:
    """A date as its ``text`` in EDTF has it; ``known`` are the year, month and day that are certain in all that it may
    mean, and ``time`` the time of day as ``hh:mm:ss`` with its ``zone``, where the text has one.
    """

    text: str
    known: tuple[int, ...]
    time: str | None = None
    zone: str = ""

    @property
    def plain(self) -> str | None:
        """What XMP can say of it: ``1957``, ``1957-08``, ``1957-08-12`` or with a time; ``None`` if nothing."""
        if not self.known:
            return None
        day = "-".join(f"{number:0{_YEAR if index == 0 else 2}d}" for index, number in enumerate(self.known))
        return day if self.time is None else f"{day}T{self.time}{self.zone}"

    @property
    def exif(self) -> str | None:
        """``YYYY:MM:DD hh:mm:ss`` with blanks for what is not known, as EXIF 2.32 has it; ``None`` if nothing is."""
        if not self.known:
            return None
        year, month, day = (*(f"{number:02d}" for number in self.known), "  ", "  ")[:3]
        return f"{int(year):04d}:{month}:{day} {self.time or '  :  :  '}"


def parse(text: str) -> Date:
    """The date that ``text`` stands for. Raises ValueError with a sentence."""
    text = text.strip()
    if "/" not in text:
        return _single(text)
    ends = text.split("/")
    if len(ends) != 2 or not (ends[0] + ends[1]).strip("."):
        raise ValueError(_sentence(text))
    dates = [None if end in ("", "..") else _single(end, whole=text) for end in ends]
    first, last = dates
    if first is None or last is None:
        return Date(text, ())
    if _latest(last.text) < _earliest(first.text):
        raise ValueError(f"{text} ends before it begins")
    common = []
    for one, other in zip(first.known, last.known, strict=False):
        if one != other:
            break
        common.append(one)
    return Date(text, tuple(common))


def _single(text: str, whole: str | None = None) -> Date:
    timed = _TIME.fullmatch(text)
    if timed is not None:
        known_day = _single(timed["date"], whole).known
        return Date(text, known_day, f"{timed['hour']}:{timed['minute']}:{timed['second']}", timed["zone"] or "")
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(_sentence(whole or text))
    year, month, day = found["year"], found["month"], found["day"]
    if "X" in year:
        if month is not None:
            raise ValueError(_sentence(whole or text))
        return Date(text, ())
    known = [int(year)]
    if month is None or month == "XX":
        if day not in (None, "XX"):
            raise ValueError(_sentence(whole or text))
        return Date(text, tuple(known))
    number = int(month)
    if number in _SEASONS and day is None:
        return Date(text, tuple(known))
    if not 1 <= number <= 12:
        raise ValueError(f"{whole or text} has no month {month}: months are 01 to 12, seasons 21 to 24")
    known.append(number)
    if day is None or day == "XX":
        return Date(text, tuple(known))
    length = calendar.monthrange(max(known[0], 1), number)[1]
    if not 1 <= int(day) <= length:
        raise ValueError(f"{whole or text} has no day {day}: that month has {length} days")
    return Date(text, (*known, int(day)))


def _earliest(text: str) -> str:
    return _padded(text, "0", "01")


def _latest(text: str) -> str:
    return _padded(text, "9", "99")


def _padded(text: str, digit: str, part: str) -> str:
    """``text`` as ``YYYY-MM-DD`` for a comparison, with ``digit`` and ``part`` for what is not given."""
    year, month, day = (*text.rstrip("?~%").split("T")[0].split("-"), part, part)[:3]
    month, day = (part if value == "XX" else value for value in (month, day))
    return f"{year.replace('X', digit)}-{month}-{day}"


def _sentence(text: str) -> str:
    return f"{text[:40]} is not a date in EDTF: write, for example, {EXAMPLES}"
