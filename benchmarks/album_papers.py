"""What photos lie on: the paper of album pages, its edge, what is written and stuck beside the photos."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
Random = np.random.Generator

_FONTS = (cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX, cv2.FONT_HERSHEY_SIMPLEX)
_LETTERS = "abcdefghiklmnoprstuvwz"


def paper(random: Random, height: int, width: int, kind: str | None) -> tuple[Floats, str]:
    """Paper ``[height, width, 3]`` RGB 0-1, and its kind: black, white, gray, colored or patterned."""
    if kind is None:
        kind = str(random.choice(["black", "white", "gray", "colored", "patterned"], p=[0.2, 0.25, 0.15, 0.22, 0.18]))
    color = _color(random, kind)
    sheet = np.empty((height, width, 3), np.float32)
    sheet[:] = color
    if kind == "patterned":
        _pattern(random, sheet, color)
    texture = str(random.choice(["none", "fibers", "grain", "weave", "clouds"]))
    strength = random.uniform(0.004, 0.035)
    if texture == "fibers":
        sheet += fibers(random, height, width, strength)[..., None]
    elif texture == "grain":
        sheet += strength * random.standard_normal((height, width, 1), np.float32)
    elif texture == "weave":
        y, x = np.mgrid[:height, :width]
        period = max(height, width) * random.uniform(0.003, 0.012)
        weave = np.sin(2 * math.pi * x / period) * np.sin(2 * math.pi * y / period)
        sheet += (strength * weave).astype(np.float32)[..., None]
    elif texture == "clouds":
        sheet += (2 * strength * (smooth(random, height, width, int(random.integers(5, 30))) - 0.5))[..., None]
    return np.clip(sheet, 0, 1), kind


def _color(random: Random, kind: str) -> Floats:
    match kind:
        case "black":
            return random.uniform(0.01, 0.16) * random.uniform(0.85, 1.0, 3)
        case "white":
            return random.uniform(0.88, 1.0) * np.array([1.0, random.uniform(0.96, 1), random.uniform(0.86, 1)])
        case "gray":
            return random.uniform(0.2, 0.8) * random.uniform(0.95, 1.0, 3)
        case _:
            hsv = np.array(
                [[[random.uniform(0, 360), random.uniform(0.1, 0.75), random.uniform(0.2, 0.95)]]], np.float32
            )
            if random.random() < 0.35:  # Kraft and other browns.
                hsv[0, 0, :2] = random.uniform(20, 45), random.uniform(0.2, 0.55)
            return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0])


def _pattern(random: Random, sheet: Floats, color: Floats) -> None:
    """Stripes, checks, dots, leaves or wood in a second color."""
    height, width = sheet.shape[:2]
    side = max(height, width)
    other = _color(random, str(random.choice(["black", "white", "gray", "colored"])))
    other = color + (other - color) * random.uniform(0.1, 1.0)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    turn = random.choice([0.0, math.pi / 2, random.uniform(0, math.pi)])
    along = x * math.cos(turn) + y * math.sin(turn)
    across = -x * math.sin(turn) + y * math.cos(turn)
    period = side * random.uniform(0.012, 0.08)
    match str(random.choice(["stripes", "checks", "dots", "leaves", "wood", "ruled"])):
        case "stripes":
            share = (np.sin(2 * math.pi * along / period) > random.uniform(-0.6, 0.6)).astype(np.float32)
        case "checks":
            share = 0.5 * (
                (np.sin(2 * math.pi * along / period) > 0).astype(np.float32)
                + (np.sin(2 * math.pi * across / period) > 0)
            )
        case "dots":
            radius = random.uniform(0.15, 0.4)
            share = (np.hypot(along / period % 1 - 0.5, across / period % 1 - 0.5) < radius).astype(np.float32)
        case "leaves":
            share = np.zeros((height, width), np.float32)
            for _ in range(int(random.integers(20, 160))):
                middle = tuple(int(v) for v in random.uniform(0, 1, 2) * (width, height))
                axes = tuple(max(1, int(v)) for v in side * random.uniform(0.003, 0.03, 2))
                cv2.ellipse(share, middle, axes, random.uniform(0, 180), 0, 360, random.uniform(0.3, 1.0), -1)
        case "wood":
            wavy = along + 0.03 * side * smooth(random, height, width, 3)
            rings = np.interp(wavy, np.linspace(-side, 2 * side, 300), random.random(300))
            share = np.asarray(rings, np.float32)
        case _:
            share = ((along / period % 1) < random.uniform(0.04, 0.15)).astype(np.float32)
    share = cv2.GaussianBlur(share, (0, 0), max(0.3, 0.0008 * side))[..., None]
    sheet += share * (other - color).astype(np.float32)


def smooth(random: Random, height: int, width: int, knots: int) -> Floats:
    """A smooth random field 0-1."""
    field = cv2.resize(
        random.random((knots + 1, knots + 1), np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(np.clip(field, 0, 1))


def fibers(random: Random, height: int, width: int, strength: float) -> Floats:
    """Fine and coarse unevenness of paper."""
    total = np.zeros((height, width), np.float32)
    for octave in (1, 2, 4, 8):
        small = random.standard_normal((height // octave + 1, width // octave + 1), np.float32)
        total += cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR) * 0.5
    return np.asarray(strength * total)


def page_edge(random: Random, sheet: Floats, side: int) -> tuple[Floats, str]:
    """Paint the scanner's lid, or the next page, beyond the edges of the page; gives the page's box x0, y0, x1, y1."""
    height, width = sheet.shape[:2]
    box = np.array([0.0, 0.0, width, height])
    lid = _color(random, str(random.choice(["white", "black", "gray"])))
    for edge in range(4):
        if random.random() < 0.5:
            deep = side * random.uniform(0.01, 0.09)
            box[edge] += deep if edge < 2 else -deep
    turn = random.normal(0, 0.008)
    corners = np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]])
    middle = corners.mean(0)
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    # Edges at the picture's rim stay beyond it.
    reach = np.where(np.abs(corners - [[0, 0], [width, 0], [width, height], [0, height]]) < 1, 0.05 * side, 0)
    outline = (corners - middle) @ matrix.T + middle
    outline += np.sign(corners - middle) * reach
    cover = np.zeros((height, width), np.float32)
    cv2.fillConvexPoly(cover, np.rint(outline * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    shade = cv2.GaussianBlur(cover, (0, 0), side * random.uniform(0.001, 0.006))
    beyond = np.asarray(lid, np.float32) * (1 - random.uniform(0, 0.5) * shade)[..., None]
    sheet *= cover[..., None]
    sheet += beyond * (1 - cover[..., None])
    inset = side * 0.015
    return box + np.array([inset, inset, -inset, -inset]) * (np.array([1, 1, 1, 1])), "lid"


def soil(random: Random, sheet: Floats, side: int) -> None:
    """Stains, creases, glue, a gutter and faded places."""
    height, width = sheet.shape[:2]
    if random.random() < 0.25:
        for _ in range(int(random.integers(1, 8))):
            stain = np.zeros((height // 4 + 1, width // 4 + 1), np.float32)
            middle = tuple(int(v) for v in random.uniform(0, 0.25, 2) * (width, height))
            axes = tuple(max(1, int(v)) for v in side / 4 * random.uniform(0.003, 0.06, 2))
            cv2.ellipse(stain, middle, axes, random.uniform(0, 180), 0, 360, 1.0, -1)
            stain = cv2.GaussianBlur(stain, (0, 0), side * random.uniform(0.0005, 0.004))
            stain = cv2.resize(stain, (width, height))[..., None]
            sheet *= 1 - stain * random.uniform(0, 0.25) * random.uniform(0.3, 1.0, 3).astype(np.float32)
    if random.random() < 0.15:
        for _ in range(int(random.integers(1, 4))):
            ends = random.uniform(-0.1, 1.1, (2, 2)) * (width, height)
            line = np.zeros((height, width), np.float32)
            cv2.line(
                line, *[tuple(int(v) for v in end) for end in ends], 1.0, max(1, round(0.0015 * side)), cv2.LINE_AA
            )
            sheet += random.uniform(-0.12, 0.12) * cv2.GaussianBlur(line, (0, 0), 0.001 * side)[..., None]
    if random.random() < 0.1:  # Where a photo was that has gone: paper that has not faded, or glue.
        middle = random.uniform(0.1, 0.9, 2) * (width, height)
        half = side * random.uniform(0.04, 0.2, 2)
        low, high = np.maximum(middle - half, 0).astype(int), (middle + half).astype(int)
        sheet[low[1] : high[1], low[0] : high[0]] *= 1 + random.uniform(-0.04, 0.04)
    if random.random() < 0.1:
        place = random.choice([0.0, 0.5, 1.0]) * (width if width > height else height)
        along = np.arange(max(height, width))[: width if width > height else height]
        shade = 1 - random.uniform(0.1, 0.5) * np.exp(-(((along - place) / (0.02 * side)) ** 2))
        sheet *= shade[None, :, None].astype(np.float32) if width > height else shade[:, None, None].astype(np.float32)


def captions(random: Random, sheet: Floats, photos: list[Floats], side: int) -> None:
    """Handwriting, and labels, beside the photos and anywhere."""
    light = float(sheet.mean()) < 0.4
    inks = (
        ([0.92, 0.92, 0.9], [0.8, 0.75, 0.5]) if light else ([0.08, 0.08, 0.1], [0.1, 0.15, 0.45], [0.35, 0.33, 0.33])
    )
    ink = np.array(inks[int(random.integers(len(inks)))])
    for corners in photos:
        if random.random() < 0.4:
            continue
        end = int(random.integers(4))
        first, second = corners[end], corners[(end + 1) % 4]
        outward = (first + second) / 2 - corners.mean(0)
        outward /= np.linalg.norm(outward) + 1e-9
        middle = (first + second) / 2 + outward * side * random.uniform(0.008, 0.04)
        angle = math.atan2(*(second - first)[::-1]) + random.choice([0, math.pi]) * (random.random() < 0.2)
        if random.random() < 0.1:
            label(random, sheet, middle + outward * 0.015 * side, angle, side)
        else:
            written(random, sheet, middle, angle, ink, side)
    for _ in range(int(random.integers(0, 3))):
        written(random, sheet, random.uniform(0, 1, 2) * sheet.shape[1::-1], random.normal(0, 0.1), ink, side)


def written(random: Random, sheet: Floats, middle: Floats, angle: float, ink: Floats, side: int) -> None:
    """One to three words, or a scrawl."""
    size = max(0.12, side * random.uniform(0.0004, 0.0012))
    words = "".join(_LETTERS[int(i)] for i in random.integers(0, len(_LETTERS), int(random.integers(3, 12))))
    words = f"{words.capitalize()} {random.integers(1890, 1999)}" if random.random() < 0.6 else words
    thick = max(1, round(size * random.uniform(0.8, 2)))
    font = _FONTS[int(random.integers(len(_FONTS)))]
    (width, height), low = cv2.getTextSize(words, font, size, thick)
    stamp = np.zeros((height + low + 4 * thick, width + 4 * thick), np.uint8)
    cv2.putText(stamp, words, (2 * thick, height + 2 * thick), font, size, 255, thick, cv2.LINE_AA)
    share = np.asarray(stamp, np.float32) / 255 * np.float32(random.uniform(0.5, 1.0))
    _stamped(sheet, share, middle, angle, ink)


def label(random: Random, sheet: Floats, middle: Floats, angle: float, side: int) -> None:
    """A narrow strip of paper with something on it."""
    height = max(4, round(side * random.uniform(0.012, 0.03)))
    width = round(height * random.uniform(4, 9))
    ones = np.ones((height, width), np.float32)
    _stamped(sheet, ones, middle, angle, random.uniform(0.75, 1.0) * np.ones(3))
    written(random, sheet, middle, angle, np.array([0.15, 0.15, 0.2]), round(side * 0.5))


def _stamped(sheet: Floats, stamp: Floats, middle: Floats, angle: float, ink: Floats) -> None:
    rows, columns = stamp.shape
    reach = math.hypot(rows, columns) / 2 + 2
    low = np.maximum(np.floor(middle - reach), 0).astype(int)
    high = np.minimum(np.ceil(middle + reach), sheet.shape[1::-1]).astype(int)
    if (high <= low).any():
        return
    cosine, sine = math.cos(angle), math.sin(angle)
    shift = middle - low - np.array([[cosine, -sine], [sine, cosine]]) @ [columns / 2, rows / 2]
    matrix = np.array([[cosine, -sine, shift[0]], [sine, cosine, shift[1]]])
    share = cv2.warpAffine(stamp, matrix, tuple(int(v) for v in high - low), flags=cv2.INTER_LINEAR)[..., None]
    region = sheet[low[1] : high[1], low[0] : high[0]]
    region *= 1 - share
    region += share * ink.astype(np.float32)


def mounts(random: Random, sheet: Floats, corners: Floats, side: int) -> None:
    """Mounting corners, or tape."""
    color = np.array(
        [[0.05, 0.05, 0.05], [0.9, 0.88, 0.82], [0.6, 0.5, 0.25], [0.4, 0.35, 0.3]][int(random.integers(4))]
    )
    deep = random.uniform(0.05, 0.12) * min(
        np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[3] - corners[0])
    )
    overlap = side * random.uniform(0.001, 0.004)
    is_tape = random.random() < 0.15
    share = random.uniform(0.4, 0.8) if is_tape else random.uniform(0.85, 1.0)
    cover = np.zeros(sheet.shape[:2], np.float32)
    for index in range(4):
        if random.random() < 0.1:
            continue
        here = corners[index]
        one, other = (corners[(index + step) % 4] - here for step in (1, 3))
        one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
        if is_tape:
            across = (one + other) / math.sqrt(2)
            beside = np.array([-across[1], across[0]])
            ends = [here - across * deep * 0.6 - beside * deep / 3, here - across * deep * 0.6 + beside * deep / 3]
            ends += [here + across * deep * 0.6 + beside * deep / 3, here + across * deep * 0.6 - beside * deep / 3]
        else:
            start = here - overlap * (one + other)
            ends = [start, start + (deep + overlap) * one, start + (deep + overlap) * other]
        cv2.fillConvexPoly(cover, np.rint(np.array(ends) * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    sheet *= 1 - share * cover[..., None]
    sheet += (share * cover[..., None]) * color.astype(np.float32)
