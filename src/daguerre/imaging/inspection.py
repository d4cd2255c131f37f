"""What a file holds and what a restoration would keep, convert or drop, as JSON carries it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from daguerre import imaging
from daguerre.errors import InvalidImage
from daguerre.imaging import registry


def described(path: Path) -> dict[str, Any]:
    """What ``path`` holds, as JSON carries it. Raises InvalidImage where not even its headers can be read."""
    told = imaging.probe(path)
    found: dict[str, Any] = {
        "input": str(path),
        "format": told.format,
        "title": told.title,
        "width": told.width,
        "height": told.height,
        "bits": told.bits,
        "profile": told.profile,
        "metadata": list(told.sections),
        "pages": [asdict(page) for page in told.pages],
    }
    try:
        photo = imaging.open_image(path)
    except InvalidImage as error:
        return {**found, "error": str(error)}
    losses = imaging.foreseen_losses(photo)
    form = registry.FORMATS[photo.format]
    while not form.writable and form.fallback is not None:
        form = registry.FORMATS[form.fallback]
    dpi = photo.metadata.dpi
    return {
        **found,
        "dpi": None if dpi is None else [round(value, 2) for value in dpi],
        "upright": [photo.width, photo.height],
        "result": form.title,
        "losses": losses,
    }
