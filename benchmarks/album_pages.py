"""Album pages and flatbed scans, drawn from photographs, with the corners of every photo.

All lengths are shares of the page's longer side, so that the same page can be drawn at any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks import album_papers as papers
from benchmarks.album_papers import Floats

Picture = npt.NDArray[np.uint8]
Random = np.random.Generator

_PLACINGS = 60
"""Attempts to find a place for one photo."""
_CUT_OFF = 0.005
"""Share of a photo that may lie beyond the page."""


@dataclass
class Page:
    """A drawn page: ``pixels`` ``[H, W, 3]`` uint8 RGB, and the photos from the lowest to the uppermost.

    ``corners`` are ``[4, 2]`` x, y each, clockwise from the top left of the photo as it was pasted, where the middle
    of the first pixel is at 0, 0. ``kinds`` are words for what is hard about the page.
    """

    pixels: Picture
    corners: list[npt.NDArray[np.float64]]
    kinds: list[str] = field(default_factory=list)


@dataclass
class _Print:
    """A photo as it lies on the page."""

    corners: npt.NDArray[np.float64]
    paper: Floats
    border: float
    deckle: float
    rounded: float


def draw_page(random: Random, picture: Callable[[Random], Picture], side: int, hard: str | None = None) -> Page:
    """A page of ``side`` pixels on its longer side with pictures from ``picture``.

    ``hard`` asks for ``dark`` photos on black paper or ``light`` ones on white; by default one page in six is such.
    """
    chance = random.random()
    hard = hard or ("dark" if chance < 0.09 else "light" if chance < 0.18 else None)
    short = random.uniform(0.6, 1.0)
    height, width = (side, round(side * short)) if random.random() < 0.5 else (round(side * short), side)
    kinds = [hard] if hard else []
    paper, kind = papers.paper(random, height, width, {"dark": "black", "light": "white"}.get(hard or ""))
    kinds.append(kind)
    area = np.array([0.0, 0.0, width, height])
    lid = None
    if random.random() < 0.25:
        area, lid = papers.page_edge(random, paper, side)
        kinds.append("lid")
    papers.soil(random, paper, side)
    prints, spacing = _placed(random, area, side, hard)
    kinds.append(spacing)
    tone = _toning(random)
    shadow = _shadow(random, side)
    if random.random() < 0.5:
        papers.captions(random, paper, [one.corners for one in prints], side)
    for one in prints:
        content = picture(random)
        if tone is not None and random.random() < 0.85:
            content = tone(content)
        _paste(random, paper, one, _exposed(random, content, hard), shadow, side)
    for one in prints:
        if random.random() < 0.5 and spacing != "overlap":
            continue
        if random.random() < 0.35:
            papers.mounts(random, paper, one.corners, side)
    if random.random() < 0.15:
        papers.captions(random, paper, [one.corners for one in prints], side)
    corners = [one.corners for one in prints]
    if lid is None and random.random() < 0.22:
        paper, corners = _photographed(random, paper, corners, side)
        kinds.append("slant")
    return Page(_scanned(random, paper, side), corners, kinds)


def _placed(random: Random, area: Floats, side: int, hard: str | None) -> tuple[list[_Print], str]:
    """Photos on the page, and how they lie: apart, near, touching or overlapping."""
    spacing = str(random.choice(["apart", "near", "touch", "overlap"], p=[0.45, 0.2, 0.1, 0.25]))
    count = int(random.choice([1, 2, 3, 4, 5, 6, 8, 10, 12], p=[0.12, 0.15, 0.15, 0.2, 0.1, 0.12, 0.08, 0.04, 0.04]))
    turning = random.choice(["straight", "small", "any"], p=[0.2, 0.6, 0.2])
    width, height = area[2] - area[0], area[3] - area[1]
    bordered = random.choice([0.0, 0.5, 1.0])
    stock = random.uniform(0.86, 1.0) * np.array([1.0, random.uniform(0.95, 1.0), random.uniform(0.85, 1.0)])
    deckled = random.random() < 0.25
    columns = max(1, round(math.sqrt(count * width / height)))
    rows = max(1, math.ceil(count / columns))
    cells = [(column, row) for row in range(rows) for column in range(columns)]
    alike = random.random() < 0.5
    shape = _shape(random)
    found: list[_Print] = []
    for column, row in [cells[index] for index in random.permutation(len(cells))[:count]]:
        if not alike:
            shape = _shape(random)
        border = float(random.uniform(0.02, 0.09)) if random.random() < bordered else 0.0
        for attempt in range(_PLACINGS):
            room = np.array([width / columns, height / rows])
            fill = random.uniform(0.55, 0.98) * (1.12 if spacing == "overlap" else 1.0) * (1 - attempt / _PLACINGS / 2)
            tall = random.random() < (0.75 if room[1] > room[0] else 0.25)
            size = np.array([1.0, shape] if not tall else [shape, 1.0])
            size *= fill * float((room / size).min())
            angle = {"straight": random.normal(0, 0.3), "small": random.normal(0, 5), "any": random.uniform(-180, 180)}[
                str(turning)
            ]
            cell = np.array([column, row])
            loose = random.uniform(0.0, 0.25) * room
            middle = area[:2] + (cell + 0.5) * room + random.uniform(-1, 1, 2) * loose
            if spacing == "touch" and found and turning == "straight":
                middle = _beside(random, found, size, angle, middle)
            corners = _rectangle(middle, size, angle)
            if _fits(corners, [one.corners for one in found], area, spacing, side):
                found.append(
                    _Print(
                        corners, stock * random.uniform(0.97, 1.0), border,
                        float(random.uniform(0.002, 0.008)) if deckled and border else 0.0,
                        float(random.uniform(0.01, 0.05)) if random.random() < 0.08 else 0.0,
                    )
                )  # fmt: skip
                break
    return found, spacing


def _shape(random: Random) -> float:
    """The shorter side of a print in longer ones."""
    common = random.choice([1.0, 0.8, 0.75, 0.714, 0.667, 0.62, 0.5])
    return float(np.clip(common * random.uniform(0.97, 1.03), 0.4, 1.0))


def _beside(random: Random, found: list[_Print], size: Floats, angle: float, middle: Floats) -> Floats:
    """A place at which the photo touches one that is there."""
    other = found[int(random.integers(len(found)))].corners
    low, high = other.min(0), other.max(0)
    if random.random() < 0.5:
        return np.array([high[0] + size[0] / 2, low[1] + size[1] / 2 + random.normal(0, 0.1) * size[1]])
    return np.array([low[0] + size[0] / 2 + random.normal(0, 0.1) * size[0], high[1] + size[1] / 2])


def _rectangle(middle: Floats, size: Floats, angle: float) -> npt.NDArray[np.float64]:
    """Corners of a rectangle that is turned by ``angle`` degrees, clockwise."""
    half = size / 2
    corners = np.array([[-half[0], -half[1]], [half[0], -half[1]], [half[0], half[1]], [-half[0], half[1]]])
    turn = math.radians(angle)
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return corners @ matrix.T + middle


def _fits(corners: Floats, others: list[Floats], area: Floats, spacing: str, side: int) -> bool:
    """Whether a photo may lie there."""
    size = np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[3] - corners[0])
    if min(size) < 0.07 * side:
        return False
    own = float(size[0] * size[1])
    sheet = _rectangle((area[:2] + area[2:]) / 2, area[2:] - area[:2], 0)
    if _shared(corners, sheet) < (1 - _CUT_OFF) * own:
        return False
    gap = {"apart": 0.012, "near": 0.003, "touch": -0.001, "overlap": 0.0}[spacing] * side
    for other in others:
        if spacing == "overlap":
            shared = _shared(corners, other)
            theirs = float(np.linalg.norm(other[1] - other[0]) * np.linalg.norm(other[3] - other[0]))
            if shared > 0.1 * min(own, theirs) or 0 < shared < 0.002 * min(own, theirs):
                return False
        elif _shared(_grown(corners, gap), other) > 0:
            return False
    return True


def _shared(one: Floats, other: Floats) -> float:
    return float(cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))[0])


def _grown(corners: Floats, by: float) -> npt.NDArray[np.float64]:
    """A rectangle with its sides ``by`` farther out."""
    across = (corners[1] - corners[0]) / np.linalg.norm(corners[1] - corners[0])
    down = (corners[3] - corners[0]) / np.linalg.norm(corners[3] - corners[0])
    return np.asarray(corners + by * np.array([-across - down, across - down, across + down, -across + down]))


def _toning(random: Random) -> Callable[[Picture], Picture] | None:
    """What most photos of the page have in common: gray, sepia, faded or nothing."""
    if random.random() < 0.35:
        return None
    tint = np.array([1.0, 1.0, 1.0]) if random.random() < 0.5 else np.array([1.0, 0.93, 0.8]) ** random.uniform(0.3, 1)
    low, high = random.uniform(0, 0.15), random.uniform(0.8, 1.0)
    gray = random.random() < 0.8

    def toned(picture: Picture) -> Picture:
        values = picture.astype(np.float32) / 255
        if gray:
            values = values.mean(2, keepdims=True)
        return np.asarray(255 * np.clip((low + (high - low) * values) * tint, 0, 1), np.uint8)

    return toned


def _exposed(random: Random, picture: Picture, hard: str | None) -> Picture:
    """Dark and light photos, and those with the vignettes of old studios."""
    values = picture.astype(np.float32) / 255
    if hard == "dark":
        values = values ** random.uniform(1.3, 2.6) * random.uniform(0.5, 1.0)
    elif hard == "light":
        values = 1 - (1 - values) ** random.uniform(1.3, 2.2) * random.uniform(0.5, 1.0)
    elif random.random() < 0.3:
        values = values ** random.uniform(0.6, 1.6)
    if random.random() < 0.08:
        y, x = np.mgrid[-1 : 1 : values.shape[0] * 1j, -1 : 1 : values.shape[1] * 1j]
        share = np.clip(1.5 - 1.2 * np.hypot(x, y), 0, 1)[..., None] ** 0.7
        values = values * share + random.choice([0.05, 0.92]) * (1 - share)
    return np.asarray(np.clip(255 * values, 0, 255), np.uint8)


def _shadow(random: Random, side: int) -> tuple[Floats, float, float]:
    """Offset, softness and strength of the shadows of all photos of a page."""
    direction = random.uniform(0, 2 * math.pi)
    reach = side * random.uniform(0.0005, 0.006)
    offset = reach * np.array([math.cos(direction), math.sin(direction)])
    strength = 0.0 if random.random() < 0.25 else random.uniform(0.08, 0.55)
    return offset, side * random.uniform(0.0006, 0.006), float(strength)


def _paste(
    random: Random, page: Floats, one: _Print, content: Picture, shadow: tuple[Floats, float, float], side: int
) -> None:
    """Lay the print on the page, with its shadow."""
    width, height = (max(8, round(float(np.linalg.norm(one.corners[end] - one.corners[0])))) for end in (1, 3))
    printed = _printed(random, one, content, height, width)
    pad = 2
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5 + pad
    offset, softness, strength = shadow
    margin = int(3 * softness + np.abs(offset).max() + 4)
    low = np.floor(one.corners.min(0)).astype(int) - margin
    high = np.ceil(one.corners.max(0)).astype(int) + margin + 1
    low, high = np.maximum(low, 0), np.minimum(high, page.shape[1::-1])
    if (high <= low).any():
        return
    matrix = cv2.getPerspectiveTransform(source, (one.corners - low).astype(np.float32))
    padded = cv2.copyMakeBorder(printed, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    size = tuple(int(length) for length in high - low)
    laid = cv2.warpPerspective(padded, matrix, size, flags=cv2.INTER_LINEAR)
    region = page[low[1] : high[1], low[0] : high[0]]
    alpha = laid[..., 3:]
    if strength:
        moved = cv2.warpAffine(laid[..., 3], np.array([[1, 0, offset[0]], [0, 1, offset[1]]]), size)
        region *= 1 - strength * cv2.GaussianBlur(moved, (0, 0), max(0.3, softness))[..., None]
    region *= 1 - alpha
    region += laid[..., :3]


def _printed(random: Random, one: _Print, content: Picture, height: int, width: int) -> Floats:
    """The print as premultiplied RGBA ``[height, width, 4]`` 0-1."""
    ragged = 0.0
    edge = round(one.border * min(height, width))
    inner = (max(4, width - 2 * edge), max(4, height - 2 * edge))
    # As a photo fills a print: cut to its shape.
    wanted = inner[0] / inner[1]
    rows, columns = content.shape[:2]
    if columns / rows > wanted:
        keep = max(1, round(rows * wanted))
        start = int(random.integers(0, columns - keep + 1))
        content = content[:, start : start + keep]
    else:
        keep = max(1, round(columns / wanted))
        start = int(random.integers(0, rows - keep + 1))
        content = content[start : start + keep]
    how = cv2.INTER_AREA if content.shape[1] > inner[0] else cv2.INTER_CUBIC
    image = np.clip(cv2.resize(content, inner, interpolation=how).astype(np.float32) / 255, 0, 1)
    if edge:
        whole = np.empty((height, width, 3), np.float32)
        whole[:] = one.paper
        if random.random() < 0.3:
            whole += papers.fibers(random, height, width, 0.01)[..., None]
        place = np.array([(height - inner[1]) // 2, (width - inner[0]) // 2])
        whole[place[0] : place[0] + inner[1], place[1] : place[1] + inner[0]] = image
        if random.random() < 0.15:
            line = max(1, round(0.004 * min(height, width)))
            cv2.rectangle(
                whole, (int(place[1]) - 3 * line, int(place[0]) - 3 * line),
                (int(place[1]) + inner[0] + 3 * line, int(place[0]) + inner[1] + 3 * line), (0.4, 0.38, 0.35), line,
            )  # fmt: skip
        image = whole
    image = cv2.resize(image, (width, height)) if image.shape[:2] != (height, width) else image
    alpha = np.ones((height, width), np.float32)
    ragged = one.deckle * min(height, width)
    if ragged > 0.3:
        alpha = _deckled(random, height, width, ragged)
    elif one.rounded:
        radius = max(1, round(one.rounded * min(height, width)))
        alpha = np.zeros((height, width), np.float32)
        cv2.rectangle(alpha, (radius, 0), (width - 1 - radius, height - 1), 1.0, -1)
        cv2.rectangle(alpha, (0, radius), (width - 1, height - 1 - radius), 1.0, -1)
        for x in (radius, width - 1 - radius):
            for y in (radius, height - 1 - radius):
                cv2.circle(alpha, (x, y), radius, 1.0, -1, cv2.LINE_AA)
    if random.random() < 0.15:
        image = image + papers.fibers(random, height, width, 0.02)[..., None]
    return np.dstack([np.clip(image, 0, 1) * alpha[..., None], alpha]).astype(np.float32)


def _deckled(random: Random, height: int, width: int, deep: float) -> Floats:
    """Coverage of paper whose wavy edges touch the rectangle from within."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    period = deep * random.uniform(3, 8)
    irregular = random.uniform(0.0, 0.6)

    def wave(length: int) -> Floats:
        along = np.arange(length)
        regular = 0.5 + 0.5 * np.sin(2 * math.pi * along / period + random.uniform(0, 6))
        rough = np.interp(along, np.arange(0, length + period, period), random.random(int(length / period) + 2))
        return np.asarray(deep * ((1 - irregular) * regular + irregular * rough), np.float32)

    inside = np.minimum(
        np.minimum(x + 0.5 - wave(height)[:, None], width - 0.5 - x - wave(height)[:, None]),
        np.minimum(y + 0.5 - wave(width)[None], height - 0.5 - y - wave(width)[None]),
    )
    return np.asarray(np.clip(inside + 0.5, 0, 1), np.float32)


def _photographed(
    random: Random, page: Floats, corners: list[npt.NDArray[np.float64]], side: int
) -> tuple[Floats, list[npt.NDArray[np.float64]]]:
    """The page as a phone sees it from aside, on a table or filling the picture."""
    height, width = page.shape[:2]
    tilt = np.radians(random.uniform(-1, 1, 2) * random.uniform(3, 24))
    roll = math.radians(random.normal(0, 3))
    focal = side * random.uniform(0.9, 1.8)
    turn_x = np.array(
        [[1, 0, 0], [0, math.cos(tilt[0]), -math.sin(tilt[0])], [0, math.sin(tilt[0]), math.cos(tilt[0])]]
    )
    turn_y = np.array(
        [[math.cos(tilt[1]), 0, math.sin(tilt[1])], [0, 1, 0], [-math.sin(tilt[1]), 0, math.cos(tilt[1])]]
    )
    turn_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    turn = turn_z @ turn_y @ turn_x
    sheet = np.array(
        [[-width / 2, -height / 2], [width / 2, -height / 2], [width / 2, height / 2], [-width / 2, height / 2]]
    )
    space = np.column_stack([sheet, np.zeros(4)]) @ turn.T
    seen = focal * space[:, :2] / (space[:, 2:] + focal)
    low, high = seen.min(0), seen.max(0)
    pad = random.uniform(0.0, 0.06) * side if random.random() < 0.7 else -0.02 * side
    scale = side / float((high - low).max() + 2 * pad)
    target = (seen - low + pad) * scale
    size = tuple(max(8, int(length)) for length in (high - low + 2 * pad) * scale)
    matrix = cv2.getPerspectiveTransform(
        (sheet + np.array([width / 2, height / 2]) - 0.5).astype(np.float32), target.astype(np.float32)
    )
    moved = [cv2.perspectiveTransform(one[None].astype(np.float64), matrix)[0] for one in corners]
    inside = all((one > -0.004 * side).all() and (one < np.array(size) + 0.004 * side).all() for one in moved)
    if not inside:
        return page, corners
    table, _ = papers.paper(random, size[1], size[0], None)
    cover = np.ones((height, width), np.float32)
    cover = cv2.warpPerspective(cover, matrix, size, flags=cv2.INTER_LINEAR)[..., None]
    laid = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if random.random() < 0.7:
        soft = cv2.GaussianBlur(cover[..., 0], (0, 0), 0.01 * side)[..., None]
        table = table * (1 - random.uniform(0, 0.5) * soft)
    return np.asarray(table * (1 - cover) + laid * cover, np.float32), moved


def _scanned(random: Random, page: Floats, side: int) -> Picture:
    """What light, sensor and file make of the page."""
    height, width = page.shape[:2]
    if random.random() < 0.6:
        strength = random.uniform(0.02, 0.22)
        light = papers.smooth(random, height, width, int(random.integers(2, 4)))
        page = page * (1 - strength * light)[..., None]
    page = np.clip(page, 0, 1) ** random.uniform(0.85, 1.2)
    if random.random() < 0.4:
        page = page * random.uniform(0.9, 1.0, 3)
    if random.random() < 0.3:
        page = random.uniform(0, 0.06) + page * random.uniform(0.88, 0.94)
    page = cv2.GaussianBlur(page.astype(np.float32), (0, 0), random.uniform(0.25, 0.25 + 0.0006 * side))
    if random.random() < 0.8:
        sigma = random.uniform(0.002, 0.022)
        noise = random.standard_normal(page.shape, np.float32)
        if random.random() < 0.4:
            noise = cv2.GaussianBlur(noise, (0, 0), 0.7) * 2
        page = page + sigma * noise
    result = np.asarray(np.clip(np.rint(255 * page), 0, 255), np.uint8)
    if random.random() < 0.6:
        quality = int(random.integers(55, 96))
        result = cv2.imdecode(cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return np.ascontiguousarray(result)
