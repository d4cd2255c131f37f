"""Names for files, safe on every system and in every header."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from urllib.parse import quote

from daguerre.imaging import registry

SUFFIX = "_restored"

_LONGEST_BYTES = 150
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_MEDIA_TYPES = {suffix: form.media_type for form in registry.FORMATS.values() for suffix in form.suffixes}


def safe(name: str) -> str:
    """The last part of an upload's name, without what some system or header cannot bear; never empty."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    last = _FORBIDDEN.sub("", last.encode("utf-8", "ignore").decode("utf-8")).strip(" .")
    stem, dot, extension = last.rpartition(".")
    if not dot:
        stem, extension = last, ""
    stem = _shortened(stem.rstrip(" ."), _LONGEST_BYTES)
    extension = _shortened(extension, 16)
    if not stem:
        stem = "photo"
    if _DEVICES.fullmatch(stem):
        stem = f"_{stem}"
    return f"{stem}.{extension}" if extension else stem


def restored(name: str, extension: str) -> str:
    """The result's name for the upload ``name``; ``extension`` has its dot.

    The upload's own extension stays, as it was written, where it names the same format.
    """
    stem, dot, own = safe(name).rpartition(".")
    form = registry.find(own) if dot else None
    kept = form is not None and form is registry.find(extension)
    return f"{stem if dot else own}{SUFFIX}{f'.{own}' if kept else extension}"


def media_type(name: str) -> str:
    """The media type of a file by its name's extension."""
    extension = f".{name.rpartition('.')[2].lower()}"
    return _MEDIA_TYPES.get(extension) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def disposition(name: str) -> str:
    """The header ``Content-Disposition`` of a file that is to be stored under ``name``."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_").replace("%", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _shortened(text: str, longest_bytes: int) -> str:
    return text.encode("utf-8")[:longest_bytes].decode("utf-8", "ignore")
