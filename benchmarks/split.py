"""Drawn album pages, and how well their photos are found: ``python -m benchmarks.split``.

Pages are drawn (:mod:`benchmarks.album_pages`) from the pictures of ``$DAGUERRE_PICTURES``. Rules and thresholds were
tuned on pages of the seeds 0 to 79; by default those from 1000 on are measured. A photo is found where its corners
enclose at least 0.8 of the union with the true ones. The error of the corners is the largest of the four, in percent of
the photo's shorter side; a photo is cut where more than 0.5 % of its area is left out. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.album_pages import Page, Picture, Random, draw_page
from daguerre.album.geometry import angle_of, area, shared_area, shorter
from daguerre.album.search import find_photos
from training.pictures import require_pictures

Points = npt.NDArray[np.float64]

_FOUND = 0.8
_CUT = 0.005


@dataclass
class Figures:
    """What was measured on the pages of one kind. Errors of corners in percent, angles in degrees."""

    photos: int = 0
    found: int = 0
    false: int = 0
    cut: int = 0
    corners: list[float] = field(default_factory=list)
    angles: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def row(self, title: str) -> str:
        """A line of the table."""
        close = np.array(self.corners or [np.nan])
        turned = np.array(self.angles or [np.nan])
        found = max(1, self.found)
        cells = [
            title, str(len(self.seconds)), str(self.photos), f"{100 * self.found / max(1, self.photos):.1f} %",
            str(self.false), f"{np.median(close):.2f} %", f"{100 * (close <= 0.5).mean():.1f} %",
            f"{100 * (turned <= 0.3).mean():.1f} %", f"{100 * self.cut / found:.1f} %",
            f"{np.mean(self.seconds):.2f}",
        ]  # fmt: skip
        return f"| {' | '.join(cells)} |"


def pictures(part: str) -> Callable[[Random], Picture]:
    """Pictures of ``train`` or ``eval`` by chance, ``[H, W, 3]`` uint8 RGB."""
    folder = require_pictures() / part
    paths = sorted(
        path for path in folder.rglob("*")
        if path.suffix.lower() in (".jpg", ".jpeg", ".png") and "damage_masks" not in path.parts
        and "formats" not in path.parts
    )  # fmt: skip

    def picture(random: Random) -> Picture:
        while True:
            found = cv2.imread(os.fspath(paths[int(random.integers(len(paths)))]), cv2.IMREAD_COLOR)
            if found is not None and min(found.shape[:2]) >= 100:
                return np.ascontiguousarray(found[..., ::-1])

    return picture


def measure(page: Page, figures: list[Figures]) -> list[Points]:
    """Count what is found on ``page``; gives the corners."""
    start = time.process_time()
    found = [photo.corners for photo in find_photos(page.pixels)]
    seconds = time.process_time() - start
    for one in figures:
        one.seconds.append(seconds)
    used: set[int] = set()
    for true in page.corners:
        shares = [shared_area(true, quad) / (area(true) + area(quad) - shared_area(true, quad)) for quad in found]
        best = int(np.argmax(shares)) if shares else -1
        for one in figures:
            one.photos += 1
        if best < 0 or shares[best] < _FOUND:
            continue
        used.add(best)
        # The photo may have been pasted at any quarter turn.
        turned = [np.roll(found[best], turn, axis=0) for turn in range(4)]
        quad = min(turned, key=lambda one: float(np.abs(one - true).max()))
        error = float(np.linalg.norm(quad - true, axis=1).max()) / shorter(true)
        angle = abs((angle_of(quad) - angle_of(true) + 180) % 360 - 180)
        cut = 1 - shared_area(true, quad) / area(true) > _CUT
        for one in figures:
            one.found += 1
            one.cut += cut
            one.corners.append(100 * error)
            one.angles.append(angle)
    for one in figures:
        one.false += len(found) - len(used)
    return found


def drawn(page: Page, found: list[Points]) -> Picture:
    """The page with what was found in green, and the truth in red."""
    canvas = page.pixels.copy()
    for quads, color in ((page.corners, (255, 0, 0)), (found, (0, 255, 0))):
        for quad in quads:
            cv2.polylines(canvas, [np.rint(quad * 8).astype(np.int32)], True, color, 2, cv2.LINE_AA, 3)
    return canvas


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--side", type=int, default=1400, help="the longer side of a page in pixels")
    parser.add_argument("--first", type=int, default=1000, help="the seed of the first page")
    parser.add_argument("--part", choices=("train", "eval"), default="train")
    parser.add_argument("--show", type=Path, help="a folder for pages on which something is wrong")
    wanted = parser.parse_args()
    cv2.setNumThreads(1)
    picture = pictures(wanted.part)
    kinds: dict[str, Figures] = defaultdict(Figures)
    for seed in range(wanted.first, wanted.first + wanted.pages):
        page = draw_page(np.random.default_rng(seed), picture, wanted.side)
        alone = Figures()
        found = measure(page, [alone, kinds["all"], *(kinds[kind] for kind in page.kinds)])
        wrong = alone.found < alone.photos or alone.false or alone.cut or max(alone.corners, default=0) > 0.5
        if wanted.show is not None and wrong:
            wanted.show.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(wanted.show / f"{seed:04}.png"), drawn(page, found)[..., ::-1])
    print(
        "| pages | of | photos | found | false | corners, median | within 0.5 % | angle within 0.3° | cut | s a page |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for kind, figures in sorted(kinds.items(), key=lambda pair: -pair[1].photos):
        print(figures.row(kind))


if __name__ == "__main__":
    main()
