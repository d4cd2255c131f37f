"""The training pictures, decoded once and packed into one file that later runs map into memory."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from training import RUNS

Picture = npt.NDArray[np.uint8]

VARIABLE = "DAGUERRE_PICTURES"

FACES = ("faces_aaf", "faces_utk", "faces_web_nomask", "faces_lfw_gray")
SHARP = ("cid22_train", "clic", "div2k_val36")


def find_pictures() -> Path | None:
    """The development pictures: the folder that ``DAGUERRE_PICTURES`` names, with ``train/`` and ``eval/``.

    ``None`` where the variable is not set, or names no folder.
    """
    named = os.environ.get(VARIABLE)
    return Path(named) if named and Path(named).is_dir() else None


def require_pictures() -> Path:
    """The same folder; raises SystemExit with a sentence where there is none."""
    found = find_pictures()
    if found is None:
        raise SystemExit(f"There are no pictures: set {VARIABLE} to the folder that holds train/ and eval/.")
    return found


def judging_networks() -> Path:
    """The published networks that judge ours: ``models``, beside the pictures. Raises SystemExit."""
    return require_pictures().parent / "models"


@dataclass(frozen=True)
class Pack:
    """All pictures one after the other: ``pixels`` is flat uint8 RGB, the rest one entry a picture."""

    pixels: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    heights: npt.NDArray[np.int64]
    widths: npt.NDArray[np.int64]
    sets: npt.NDArray[np.str_]
    kinds: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, index: int) -> Picture:
        """Picture ``index`` as ``[H, W, 3]`` uint8 RGB, a view."""
        height, width, start = int(self.heights[index]), int(self.widths[index]), int(self.offsets[index])
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)


def load(cache: Path | None = None) -> Pack:
    """Read the pack, and make it first where it is missing (a minute)."""
    cache = cache or RUNS / "pictures"
    if not (cache / "index.npz").exists():
        _build(cache)
    index = np.load(cache / "index.npz")
    pixels = np.memmap(cache / "pixels.bin", dtype=np.uint8, mode="r")
    return Pack(pixels, index["offsets"], index["heights"], index["widths"], index["sets"], index["kinds"])


def _build(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    train = require_pictures() / "train"
    rows: list[tuple[int, int, int, str, str]] = []
    position = 0
    with open(cache / "pixels.bin", "wb") as out:
        for line in (train / "manifest.tsv").read_text().splitlines()[1:]:
            name, kind, *_ = line.split("\t")
            with Image.open(train / name) as image:
                picture = np.asarray(image.convert("RGB"))
            out.write(picture.tobytes())
            rows.append((position, picture.shape[0], picture.shape[1], name.split("/")[0], kind))
            position += picture.size
    offsets, heights, widths, sets, kinds = zip(*rows, strict=True)
    np.savez(
        cache / "index.npz",
        offsets=np.array(offsets, np.int64),
        heights=np.array(heights, np.int64),
        widths=np.array(widths, np.int64),
        sets=np.array(sets),
        kinds=np.array(kinds),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    pack = load()
    print(f"{len(pack)} pictures, {pack.pixels.size / 1e6:.0f} MB")
