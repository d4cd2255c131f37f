"""Old photos with wounds whose place is known: a clean picture is aged, then scratched, cracked, folded and soiled.

What belongs to a photo and is no damage is drawn as well: writing, borders of the print, the scanner's bed.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from training.aging import Look, recode, tone, unit_noise
from training.damage import wounds

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Bank = Mapping[str, Bytes]

_LOOK = Look(0.62, 0.36, 0.2, 0.45, black=(0, 0.2), white=(0.7, 1), gamma=(0.7, 1.5))

VISIBLE = 0.055
"""A change of less than this, of 0..1, is not seen on even ground."""
_HIDDEN = 0.4
"""How much of the picture's own local contrast a change must exceed to be seen."""

KINDS = {
    "scratches": 0.16, "hairlines": 0.13, "cracks": 0.22, "corner": 0.07, "folds": 0.11, "craquelure": 0.05,
    "chips": 0.09, "worn": 0.06, "torn": 0.03, "dust": 0.1, "hairs": 0.08, "stains": 0.05, "film": 0.08, "shapes": 0.07,
    "lines": 0.2, "blots": 0.06,
}  # fmt: skip
"""How often each kind of wound is drawn."""
_RELIEF = ("cracks", "corner", "folds", "craquelure", "chips", "torn", "scratches")
"""Kinds whose edges catch the light."""


def age(picture: Bytes, rng: np.random.Generator) -> Floats:
    """The picture as an old print: toned, faded or soft. ``[H, W, 3]`` uint8 to float32 0..1."""
    image = tone(picture.astype(np.float32) / 255, rng, _LOOK)
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.8))
    return np.ascontiguousarray(image, np.float32)


def grain(image: Floats, rng: np.random.Generator) -> tuple[Floats, float]:
    """Film grain or sensor noise, at times none; and its standard deviation."""
    if rng.random() < 0.4:
        return image, 0.0
    height, width, _ = image.shape
    sigma = float(min(rng.exponential(0.022), 0.15))
    noise = unit_noise((height, width, 1 if rng.random() < 0.7 else 3), rng, clumped=0.5, widest=1.4)
    return np.clip(image + np.float32(sigma) * noise, 0, 1), sigma


def letters(photo: Floats, rng: np.random.Generator) -> Floats:
    """Writing, stamps and ruled lines that belong to the picture."""
    height, width, _ = photo.shape
    image = np.round(photo * 255).clip(0, 255).astype(np.uint8)
    color = (rng.choice([rng.uniform(0, 80), rng.uniform(180, 255)]) * rng.uniform(0.6, 1, 3)).tolist()
    fonts = (
        cv2.FONT_HERSHEY_SIMPLEX,
        cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
        cv2.FONT_HERSHEY_COMPLEX,
        cv2.FONT_HERSHEY_TRIPLEX,
    )
    for _ in range(rng.integers(1, 4)):
        text = "".join(rng.choice(list("abcdefghiklmnoprstuvABCDEFGHM 0123456789.,"), rng.integers(4, 18)))
        spot = (int(rng.integers(0, width)) - 40, int(rng.integers(10, height)))
        font, size = int(rng.choice(fonts)), rng.uniform(0.4, 1.8)
        cv2.putText(image, text, spot, font, size, color, int(rng.integers(1, 4)), cv2.LINE_AA)
    return image.astype(np.float32) / 255


def borders(image: Floats, rng: np.random.Generator) -> Floats:
    """A margin of the print, then at times the bed of the scanner around it."""
    height, width, _ = image.shape
    image = image.copy()
    sides = rng.random(4) < 0.6
    for even in rng.permutation(2)[: rng.integers(1, 3)]:
        tone = np.float32(rng.choice([rng.uniform(0.82, 1), rng.uniform(0, 0.12)]) * rng.uniform(0.9, 1, 3))
        inset = int(rng.integers(3, 28)) if even else int(rng.integers(1, 12))
        parts = (
            (slice(0, inset), slice(None)),
            (slice(height - inset, None), slice(None)),
            (slice(None), slice(0, inset)),
            (slice(None), slice(width - inset, None)),
        )
        for part, there in zip(parts, sides, strict=True):
            if there:
                image[part] = tone
    return image


def place(cover: Bytes, kind: str, size: int, rng: np.random.Generator) -> Bytes:
    """A cover of the bank turned, scaled and moved onto ``[size, size]``."""
    cover = np.rot90(cover, int(rng.integers(4)))
    if rng.random() < 0.5:
        cover = cover[:, ::-1]
    if kind in wounds.FRAMED:
        side = size * int(rng.choice([1, 1, 2]))
        if side == size:
            return np.ascontiguousarray(
                cv2.resize(np.ascontiguousarray(cover), (size, size), interpolation=cv2.INTER_AREA)
            )
        cover = cv2.resize(np.ascontiguousarray(cover), (side, side), interpolation=cv2.INTER_LINEAR)
        y, x = (int(rng.choice([0, side - size])) for _ in range(2))
        return np.ascontiguousarray(cover[y : y + size, x : x + size])
    scale = float(np.exp(rng.uniform(np.log(0.6), np.log(1.8 if rng.random() < 0.85 else 4))))
    angle = rng.uniform(-15, 15) if rng.random() < 0.5 else 0.0
    side = cover.shape[0]
    # The center of the crop lies somewhere on the cover, not always in its middle.
    room = max(0.0, side * scale - size) / 2
    shift = rng.uniform(-room, room, 2) if room else rng.uniform(-0.2, 0.2, 2) * size
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), angle, scale)
    matrix[:, 2] += size / 2 - side / 2 + shift
    return np.asarray(
        cv2.warpAffine(np.ascontiguousarray(cover), matrix, (size, size), flags=cv2.INTER_LINEAR), np.uint8
    )


def _tone(kind: str, rng: np.random.Generator) -> Floats:
    """The color of what shows in a wound: paper, dirt, or a layer of the emulsion."""
    pick = rng.random()
    light = {"stains": 0.25, "shapes": 0.45, "film": 0.55, "hairs": 0.5, "dust": 0.6}.get(kind, 0.74)
    if pick < light:
        shade = rng.uniform(0.68, 1) * np.array([1, rng.uniform(0.92, 1), rng.uniform(0.78, 1)])
    elif pick < light + (1 - light) * 0.75:
        shade = rng.uniform(0, 0.3) * np.array([1, rng.uniform(0.6, 1), rng.uniform(0.4, 1)])
    else:
        shade = rng.uniform(0, 1) * rng.uniform(0.6, 1, 3)
    return shade.astype(np.float32)


def _relief(result: Floats, alpha: Floats, rng: np.random.Generator) -> Floats:
    """Light on one edge of the wound and shadow on the other."""
    size = alpha.shape[0]
    reach = rng.uniform(0.7, 2.5)
    soft = cv2.GaussianBlur(alpha, (0, 0), reach)
    way = rng.uniform(0, 2 * np.pi)
    moved = [
        cv2.warpAffine(
            soft, np.float32([[1, 0, s * reach * np.cos(way)], [0, 1, s * reach * np.sin(way)]]), (size, size)
        )
        for s in (1, -1)
    ]
    shade = rng.uniform(0.05, 0.45) * moved[0] - rng.uniform(0, 0.25) * moved[1]
    return result - (shade * (1 - alpha)).astype(np.float32)[..., None]


def wound(image: Floats, kind: str, bank: Bank, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """One wound on ``image`` [S, S, 3]: the picture, and how much of each pixel it covers, 0..1."""
    size = image.shape[0]
    covers = bank[kind]
    cover = place(np.asarray(covers[rng.integers(len(covers))]), kind, size, rng)
    alpha = cover.astype(np.float32) / 255
    if rng.random() < 0.6:
        alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.35, 1.0))
    if kind in wounds.EVEN and rng.random() < 0.75:
        return _even(image, alpha, rng)
    strength = np.float32(1 - rng.random() ** 2 * 0.7)
    alpha = np.minimum(alpha * strength * np.float32(rng.uniform(1, 1.5) if kind == "hairlines" else 1), 1)
    if rng.random() < 0.35:
        patches = wounds.clouds(rng, size, int(rng.integers(3, 16)), 2)
        alpha = alpha * np.clip(1 + patches * np.float32(rng.uniform(0.1, 0.5)), 0.2, 1)
    if rng.random() < 0.14:  # only lighter or darker, the picture still there
        sign = 1 if rng.random() < 0.7 else -1
        result = image + alpha[..., None] * np.float32(sign * rng.uniform(0.12, 0.5))
    else:
        color = _tone(kind, rng) + np.float32(rng.uniform(0, 0.06)) * rng.standard_normal(
            (size, size, 1), dtype=np.float32
        )
        if rng.random() < 0.3:
            color = color + np.float32(0.07) * wounds.clouds(rng, size, 12, 3)[..., None]
        result = image + (color - image) * alpha[..., None]
    if kind in _RELIEF and rng.random() < 0.5:
        result = _relief(result, alpha, rng)
    if kind in ("folds", "corner") and rng.random() < 0.3:  # the print is bent beside the fold
        band = cv2.blur(alpha, (25, 25)) * np.float32(rng.uniform(-0.25, 0.25))
        result = result + band[..., None]
    return np.clip(result, 0, 1).astype(np.float32), alpha


def _even(image: Floats, alpha: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """``alpha`` in one flat tone."""
    alpha = alpha * np.float32(1 - rng.random() ** 2 * 0.5)
    shade = rng.choice([rng.uniform(0.7, 1), rng.uniform(0, 0.25), rng.uniform(0, 1)], p=[0.6, 0.28, 0.12])
    tone = np.float32(shade * (np.ones(3) if rng.random() < 0.6 else rng.uniform(0.75, 1, 3)))
    return np.clip(image + (tone - image) * alpha[..., None], 0, 1).astype(np.float32), alpha


def damaged(picture: Bytes, bank: Bank, rng: np.random.Generator) -> tuple[Floats, Bytes, Bytes]:
    """An aged and mostly wounded ``[S, S, 3]`` picture, its damage mask and what can't be told, both 0 or 1.

    One in six has no wound, one in fourteen is the clean picture itself.
    """
    size = picture.shape[0]
    none = np.zeros((size, size), np.uint8)
    if rng.random() < 0.07:
        return picture.astype(np.float32) / 255, none, none
    image = age(picture, rng)
    if rng.random() < 0.12:
        image = letters(image, rng)
    if rng.random() < 0.15:
        image = borders(image, rng)
    before, sigma = grain(image, rng)
    image = before
    cover = np.zeros((size, size), np.float32)
    if rng.random() > 0.16:
        names, odds = list(KINDS), np.array(list(KINDS.values()))
        for _ in range(1 + min(6, rng.poisson(1.8))):
            image, alpha = wound(image, str(rng.choice(names, p=odds / odds.sum())), bank, rng)
            cover = np.maximum(cover, alpha)
    truth, unsure = visible(before, image, cover, sigma)
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.8))
    if rng.random() < 0.2:
        image, _ = grain(image, rng)
    if rng.random() < 0.45:
        image = recode(image, int(rng.integers(50, 97)))
    return image, truth, unsure


def visible(before: Floats, after: Floats, cover: Floats, sigma: float) -> tuple[Bytes, Bytes]:
    """Where the wounds can be seen, and where they lie but are too faint to be told from the picture."""
    change = np.abs(after - before).max(2)
    gray = before.mean(2)
    even = cv2.blur(gray, (9, 9))
    contrast = np.sqrt(np.maximum(cv2.blur(gray * gray, (9, 9)) - even * even, 0))
    seen = change > VISIBLE + _HIDDEN * contrast + 0.5 * sigma
    # A pixel inside a wound that happens to be as bright as the picture belongs to the wound.
    near = cv2.blur(seen.astype(np.float32), (5, 5)) > 0.25
    truth = (cover > 0.22) & (seen | near)
    touched = (cover > 0.04) | (change > VISIBLE)
    return truth.astype(np.uint8), (touched & ~truth).astype(np.uint8)
