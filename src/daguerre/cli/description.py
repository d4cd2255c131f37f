"""``daguerre inspect``: what a file holds, and what a restoration would keep, convert or drop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from daguerre.errors import DaguerreError


def inspect(paths: list[str], *, as_json: bool) -> int:
    """Print what each file holds; gives the exit code, 1 where one cannot be restored."""
    from daguerre.imaging.inspection import described

    failures = 0
    for path in paths:
        try:
            found = described(Path(path))
        except DaguerreError as error:
            found = {"input": path, "error": str(error)}
        failures += "error" in found
        print(json.dumps(found, ensure_ascii=False) if as_json else _text(found), flush=True)
    return 1 if failures else 0


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
