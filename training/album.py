"""The larger pictures: ``DAGUERRE_ALBUM``, a folder with ``old/`` and ``modern/`` as the index of more pictures lays
them out.

They are scaled once to a side of at most ``SIDE`` and kept as JPEG in ``runs/album``, so that a run decodes a
megapixel, not ten: ``python -m training.album``.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training.pictures import require_pictures

VARIABLE = "DAGUERRE_ALBUM"
SIDE = 1280
CACHE = Path(__file__).parents[1] / "runs" / "album"

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture: its name, ``old`` or ``modern`` kind, source repository, and what the index says of it."""

    name: str
    old: bool
    source: str
    damaged: str
    note: str
    file: Path

    def open(self) -> Picture:
        """``[H, W, 3]`` uint8 RGB."""
        picture = cv2.imread(str(self.file), cv2.IMREAD_COLOR)
        assert picture is not None, self.file
        return np.ascontiguousarray(picture[..., ::-1])


def index() -> list[dict[str, str]]:
    """The rows of the index of more pictures."""
    with (require_pictures() / "more" / "INDEX.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def _entry(row: dict[str, str]) -> Entry:
    name = row["file"].rsplit(".", 1)[0]
    return Entry(name, row["kind"] == "1", row["repository"], row["damaged"], row["note"], CACHE / f"{name}.jpg")


def load() -> list[Entry]:
    """Every picture, scaled. The first call scales them all, which takes minutes."""
    rows = [(row, _entry(row)) for row in index()]
    return [entry for row, entry in rows if entry.file.exists() or _scale(row["file"], entry.file)]


def ready() -> list[Entry]:
    """The pictures that have been scaled so far."""
    return [entry for entry in map(_entry, index()) if entry.file.exists()]


def _scale(name: str, target: Path) -> bool:
    root = os.environ.get(VARIABLE)
    if not root or not Path(root).is_dir():
        raise SystemExit(f"There are no larger pictures: set {VARIABLE} to the folder that holds old/ and modern/.")
    picture = cv2.imread(str(Path(root) / name), cv2.IMREAD_COLOR)
    if picture is None:
        return False
    scale = SIDE / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part.jpg")
    cv2.imwrite(
        str(part),
        picture,
        [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444],
    )
    part.replace(target)
    return True


if __name__ == "__main__":
    print(f"{len(load())} pictures in {CACHE}")
