"""What people and agents are told of what failed."""

from __future__ import annotations

from pathlib import Path

from daguerre.errors import DaguerreError, ModelNotInstalled
from daguerre.failures import failure_of


def sentence(photo: Path, error: Exception) -> str:
    """What went wrong with ``photo``, and what to do about it."""
    text = told(error)
    if isinstance(error, FileNotFoundError) and error.errno is None:
        return text
    return text if str(photo) in text else f"{photo}: {text}"


def told(error: Exception) -> str:
    """What went wrong, and what to do about it."""
    if isinstance(error, MemoryError):
        return failure_of(error).say()
    if isinstance(error, FileNotFoundError) and error.errno is None:
        return str(error)
    if isinstance(error, OSError):
        place = "" if error.filename is None else f"{error.filename}: "
        return f"{place}{error.strerror or error}."
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, ModelNotInstalled):
        text = f"{text} Install it with: daguerre models install{f' {error.installable}' if error.installable else ''}"
    if not isinstance(error, DaguerreError):
        return f"Something unexpected went wrong. Please report it: {type(error).__name__}: {text}"
    return text


def count(number: int, noun: str) -> str:
    """``1 photo`` or ``2 photos``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
