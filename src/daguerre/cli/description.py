"""``daguerre inspect``: what a file holds, and what a restoration would keep, convert or drop."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from daguerre.errors import DaguerreError, InvalidImage


def inspect(paths: list[str], *, as_json: bool) -> int:
    """Print what each file holds; gives the exit code, 1 where one cannot be restored."""
    failures = 0
    for path in paths:
        try:
            found = described(Path(path))
        except DaguerreError as error:
            found = {"input": path, "error": str(error)}
        failures += "error" in found
        print(json.dumps(found, ensure_ascii=False) if as_json else _text(found), flush=True)
    return 1 if failures else 0


def described(path: Path) -> dict[str, Any]:
    """What ``path`` holds, as JSON carries it. Raises InvalidImage where not even its headers can be read."""
    from daguerre import imaging
    from daguerre.imaging import registry

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


def _text(found: dict[str, Any]) -> str:
    if "format" not in found:
        return f"{found['input']}: {found['error']}"
    lines = [f"{found['input']}: {found['title']}"]
    for number, page in enumerate(found["pages"], 1):
        kind = "floating point" if page["is_float"] else "bits"
        parts = [f"{page['width']} x {page['height']}", f"{page['bits']} {kind}", page["color"], *page["extra"]]
        if page["compression"]:
            packed = page["compression"] != "none"
            parts.append(f"{page['compression']} compression" if packed else "not compressed")
        lines.append(f"  {number:>3} {page['kind']:<10} {', '.join(parts)}")
    rows = {
        "profile": found["profile"] or "none",
        "metadata": ", ".join(found["metadata"]) or "none",
        "resolution": " x ".join(f"{value:g}" for value in found["dpi"]) + " dpi" if found.get("dpi") else "not known",
    }
    if "error" in found:
        rows["refused"] = found["error"]
    else:
        rows["upright"] = " x ".join(str(value) for value in found["upright"])
        itself = "" if found["format"] == "raw" else ", the file itself where nothing has to be repaired"
        rows["result"] = found["result"] + itself
    lines += [f"  {name:<14} {value}" for name, value in rows.items()]
    if "losses" in found:
        lines.append("  once repaired  " + ("nothing is lost or converted" if not found["losses"] else ""))
        lines += [f"    - {sentence}" for sentence in found["losses"]]
    return "\n".join(line.rstrip() for line in lines)
