"""Masks of damage on real photographs, from coordinates that somebody found by looking at them enlarged.

The coordinates lie in ``training/damage/real/*.json``: numbers only, the pictures are elsewhere. Each photo has
``kind``
(``damaged``, ``sparse`` for a few specks, ``clean``), ``size`` [width, height] in pixels, and any of these fields,
all of them
lists, points being [x, y] in pixels:

=========  =============================================================================================================
``w, k``   bright and dark strokes [width, points], drawn roughly and pulled onto the brightest or darkest way near by
``line``   strokes taken as drawn
``dust``   [polarity, contrast, window, least area, largest area, polygon or null]: the specks of that kind in the
polygon
``spot``   [polarity, x, y, radius]: the speck there
``level``  ["<", ">", "s" or "r", value, polygon]: darker, brighter, more saturated than the value, or redder than
around
``area``   polygons taken whole
``not_``   polygons in which ``dust``, ``level`` and ``doubts`` take nothing
``doubt``  polygons, ``doubtl`` strokes and ``doubts`` specks that count as neither damaged nor sound
``frame``  the polygons of the picture proper: what lies outside counts as neither
``keep``   polygons, and ``keepl`` strokes, of what must never be taken for damage
=========  =============================================================================================================
"""

from __future__ import annotations

import heapq
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from training import album
from training.pictures import require_pictures

FOLDER = Path(__file__).parent / "real"
CACHE = Path(__file__).parents[2] / "runs" / "real"
LONGEST = 2000
"""Longer photos were labelled at this size, in pixels."""

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Label = dict[str, Any]
Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Truth:
    """``image`` [H, W, 3] uint8 RGB; ``damage`` [H, W] 0 sound, 128 unknown, 255 damaged; ``protect`` [H, W] bool."""

    name: str
    kind: str
    image: Bytes
    damage: Bytes
    protect: Mask


def labels() -> dict[str, Label]:
    """Every labelled photo by its name."""
    found: dict[str, Label] = {}
    for file in sorted(FOLDER.glob("*.json")):
        found.update(json.loads(file.read_text("utf-8")))
    return found


def open_photo(name: str) -> Bytes:
    """The photo as it was labelled. Raises FileNotFoundError."""
    folder, stem = name.split("/")
    root = Path(os.environ.get(album.VARIABLE, ".")) if folder == "old" else require_pictures() / "eval"
    file = next((root / folder).glob(f"{stem}.*"), None)
    if file is None:
        raise FileNotFoundError(f"{name} is not in {root}")
    with Image.open(file) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    if max(image.size) > LONGEST:
        scale = LONGEST / max(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    return np.asarray(image)


def load(names: Sequence[str] | None = None) -> Iterator[Truth]:
    """The labelled photos that are there, drawn once and kept in ``runs/real``."""
    for name, label in labels().items():
        if names is not None and name not in names:
            continue
        stem = CACHE / name.replace("/", "__")
        version = str(abs(hash_of(label)))
        stamp = stem.with_suffix(".version")
        if not stamp.exists() or stamp.read_text() != version:
            try:
                image = open_photo(name)
            except FileNotFoundError:
                continue
            damage, protect = draw(image, label)
            CACHE.mkdir(parents=True, exist_ok=True)
            for suffix, picture in (
                (".image.png", image[..., ::-1]),
                (".damage.png", damage),
                (".protect.png", protect.astype(np.uint8) * 255),
            ):
                cv2.imwrite(f"{stem}{suffix}", picture)
            stamp.write_text(version)
        image = cv2.imread(f"{stem}.image.png", cv2.IMREAD_COLOR)
        damage = cv2.imread(f"{stem}.damage.png", cv2.IMREAD_GRAYSCALE)
        protect = cv2.imread(f"{stem}.protect.png", cv2.IMREAD_GRAYSCALE) > 0
        yield Truth(name, label["kind"], np.ascontiguousarray(image[..., ::-1]), damage, protect)


def hash_of(label: Label) -> int:
    """The same for the same coordinates, in every process."""
    import zlib

    return zlib.crc32(json.dumps(label, sort_keys=True).encode())


def draw(image: Bytes, label: Label) -> tuple[Bytes, Mask]:
    """``damage`` and ``protect`` of a photo [H, W, 3]."""
    return _Drawing(image, label).masks()


class _Drawing:
    def __init__(self, image: Bytes, label: Label) -> None:
        self.label = label
        self.gray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
        self.saturation = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2HSV)[..., 1]
        red = cv2.subtract(np.ascontiguousarray(image[..., 0]), np.ascontiguousarray(image[..., 1]))
        self.red = red.astype(np.int16) - cv2.medianBlur(red, 31)
        self.shape = self.gray.shape

    def masks(self) -> tuple[Bytes, Mask]:
        label, none = self.label, np.zeros(self.shape, bool)
        barred = self.polygons("not_")
        damage = none | self.lanes("line") | self.polygons("area")
        for polarity in "wk":
            for width, points in label.get(polarity, []):
                damage |= self.stroke(polarity, int(width), points)
        for polarity, x, y, radius in label.get("spot", []):
            damage |= self.spot(polarity, int(x), int(y), int(radius))
        for rule in label.get("dust", []):
            damage |= self.specks(*rule) & ~barred
        for how, value, points in label.get("level", []):
            damage |= self.polygon(points) & self.beyond(how, value) & ~barred
        unknown = self.polygons("doubt") | self.lanes("doubtl")
        for rule in label.get("doubts", []):
            unknown |= _grown(self.specks(*rule) & ~barred, 3)
        if "frame" in label:
            frame = label["frame"]
            inside = none.copy()
            for points in frame if isinstance(frame[0][0], list) else [frame]:
                inside |= self.polygon(points)
            unknown |= ~inside
            if label.get("clip", True):
                damage &= inside
        result = np.zeros(self.shape, np.uint8)
        result[unknown | _grown(damage, 5, round_=True)] = 128
        result[damage] = 255
        return result, (self.polygons("keep") | self.lanes("keepl")) & (result == 0)

    def polygon(self, points: Sequence[Point]) -> Mask:
        mask = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(mask, [np.int32(points)], 1)
        return mask > 0

    def polygons(self, field: str) -> Mask:
        mask = np.zeros(self.shape, bool)
        for points in self.label.get(field, []):
            mask |= self.polygon(points)
        return mask

    def lane(self, points: Sequence[Point], width: float) -> Mask:
        mask = np.zeros(self.shape, np.uint8)
        cv2.polylines(mask, [np.int32(points)], False, 1, max(1, int(width)))
        return mask > 0

    def lanes(self, field: str) -> Mask:
        mask = np.zeros(self.shape, bool)
        for width, points in self.label.get(field, []):
            mask |= self.lane(points, width)
        return mask

    def beyond(self, how: str, value: float) -> Mask:
        match how:
            case ">":
                return self.gray > value
            case "<":
                return self.gray < value
            case "s":
                return self.saturation > value
            case _:
                return self.red > value

    def contrast(self, polarity: str, window: int) -> npt.NDArray[np.int16]:
        """How much brighter (``w``) or darker (``k``) each pixel is than the median of its surroundings."""
        smooth = cv2.GaussianBlur(self.gray, (0, 0), 0.6).astype(np.int16)
        difference = smooth - cv2.medianBlur(self.gray, min(window | 1, 41)).astype(np.int16)
        return difference if polarity == "w" else -difference

    def thin(self, polarity: str, width: int) -> npt.NDArray[np.int16]:
        """How far each pixel stands out as part of something at most about twice ``width`` across."""
        smooth = cv2.GaussianBlur(self.gray, (0, 0), 0.6)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 3, 2 * width + 3))
        hat = cv2.morphologyEx(smooth, cv2.MORPH_TOPHAT if polarity == "w" else cv2.MORPH_BLACKHAT, disc).astype(
            np.int16
        )
        return np.minimum(hat, np.maximum(self.contrast(polarity, 2 * width + 9), hat // 2))

    def stroke(self, polarity: str, width: int, points: Sequence[Point]) -> Mask:
        """The ridge near a roughly drawn line, at most ``width`` pixels across."""
        height, across = self.shape
        ridge = self.thin(polarity, width)
        cost = (1 / (1 + np.exp((ridge.astype(np.float32) - 8) / 5)) + 0.03).astype(np.float32)
        corners = [
            self._pulled(ridge, min(max(int(x), 0), across - 1), min(max(int(y), 0), height - 1)) for x, y in points
        ]
        mask = np.zeros(self.shape, np.uint8)
        for start, end in itertools.pairwise(corners):
            if start != end:
                for x, y in _cheapest(cost, self.lane([start, end], max(9, width + 4)), start, end):
                    mask[y, x] = 1
        on = mask > 0
        typical = float(np.median(ridge[on])) if on.any() else 0.0
        near = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width | 1, width | 1))) > 0
        return np.asarray(on | (near & (ridge > max(5.0, 0.4 * typical))), bool)

    @staticmethod
    def _pulled(ridge: npt.NDArray[np.int16], x: int, y: int) -> Point:
        left, top = max(0, x - 2), max(0, y - 2)
        part = ridge[top : y + 3, left : x + 3].astype(np.float32)
        rows, columns = np.mgrid[top : top + part.shape[0], left : left + part.shape[1]]
        best = int((part - 1.5 * np.hypot(columns - x, rows - y)).argmax())
        return int(columns.flat[best]), int(rows.flat[best])

    def specks(
        self, polarity: str, least: float, window: int, smallest: int, largest: int, points: Sequence[Point] | None
    ) -> Mask:
        found = self.contrast(polarity, window) > least
        if points is not None:
            found &= self.polygon(points)
        _, pieces, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=8)
        area = stats[:, cv2.CC_STAT_AREA]
        good = (area >= smallest) & (area <= largest)
        good[0] = False
        return np.asarray(good[pieces], bool)

    def spot(self, polarity: str, x: int, y: int, radius: int) -> Mask:
        mask = np.zeros(self.shape, np.uint8)
        cv2.circle(mask, (x, y), radius, 1, -1)
        inside = mask > 0
        contrast = self.contrast(polarity, 4 * radius + 5)
        return np.asarray(inside & (contrast > max(4.0, 0.45 * float(np.percentile(contrast[inside], 95)))), bool)


def _grown(mask: Mask, size: int, *, round_: bool = False) -> Mask:
    shape = cv2.MORPH_ELLIPSE if round_ else cv2.MORPH_RECT
    return np.asarray(cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(shape, (size, size))) > 0, bool)


def _cheapest(cost: npt.NDArray[np.float32], inside: Mask, start: Point, end: Point) -> list[Point]:
    """The cheapest 8-connected way from ``start`` to ``end`` (Dijkstra)."""
    height, width = cost.shape
    best: dict[Point, float] = {start: 0.0}
    heap = [(0.0, start)]
    came: dict[Point, Point] = {}
    while heap:
        spent, here = heapq.heappop(heap)
        if here == end:
            break
        if spent > best[here]:
            continue
        for dx, dy in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)):
            x, y = here[0] + dx, here[1] + dy
            if 0 <= x < width and 0 <= y < height and inside[y, x]:
                total = spent + float(cost[y, x]) * (1.414 if dx and dy else 1.0)
                if total < best.get((x, y), np.inf):
                    best[x, y], came[x, y] = total, here
                    heapq.heappush(heap, (total, (x, y)))
    way = [end]
    while way[-1] != start and way[-1] in came:
        way.append(came[way[-1]])
    return way
