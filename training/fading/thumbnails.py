"""Color pictures at ``SIDE`` x ``SIDE`` pixels, whatever their shape: what the fading estimator looks at."""

from __future__ import annotations

import csv
import os
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training import RUNS
from training.pictures import require_pictures

SIDE = 96
HELD_OUT = 16
"""One picture in so many is for judging, chosen by its name."""
ALBUM = "DAGUERRE_ALBUM"
_UNFIT = ("faded", "print", "watermark", "ruins")
_LEAST_CHROMA = 2.0

Thumbnails = npt.NDArray[np.uint8]


def is_held_out(name: str) -> bool:
    """Whether the picture of that name is for judging."""
    return zlib.crc32(name.encode()) % HELD_OUT == 0


def files() -> list[tuple[str, Path]]:
    """The color pictures of ``train/`` and, where ``DAGUERRE_ALBUM`` names a folder, its modern ones: name and path."""
    root = require_pictures()
    with (root / "train" / "manifest.tsv").open() as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    found = [(row["file"], root / "train" / row["file"]) for row in rows if row["kind"] == "colour"]
    album = os.environ.get(ALBUM)
    if album and (root / "more" / "INDEX.tsv").is_file():
        with (root / "more" / "INDEX.tsv").open(encoding="utf-8", newline="") as stream:
            more = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
        fit = [row for row in more if row["kind"] == "2" and not any(word in row["note"] for word in _UNFIT)]
        found += [(row["file"], Path(album) / row["file"]) for row in fit]
    return found


def thumbnail(picture: npt.NDArray[np.uint8]) -> Thumbnails:
    """``[H, W, 3]`` at ``SIDE`` x ``SIDE``."""
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def load(*, held_out: bool) -> Thumbnails:
    """``[N, SIDE, SIDE, 3]`` RGB, those to learn from or those to judge by; drawn up once (minutes)."""
    cache = RUNS / "fading" / "thumbnails.npz"
    if not cache.exists():
        _build(cache)
    with np.load(cache) as file:
        return np.asarray(file["held_out" if held_out else "training"])


def _build(cache: Path) -> None:
    parts: dict[bool, list[Thumbnails]] = {True: [], False: []}
    for name, path in files():
        flag = cv2.IMREAD_REDUCED_COLOR_2 if "modern" in name else cv2.IMREAD_COLOR
        picture = cv2.imread(str(path), flag)
        if picture is None:
            continue
        small = thumbnail(np.asarray(picture[..., ::-1], np.uint8))
        lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        if np.hypot(lab[..., 1], lab[..., 2]).mean() >= _LEAST_CHROMA:
            parts[is_held_out(name)].append(small)
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez(cache, training=np.stack(parts[False]), held_out=np.stack(parts[True]))
