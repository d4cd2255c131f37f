"""Old photos with wounds whose place is known: a clean picture is aged, then scratched, cracked, folded and soiled."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from training.inpaint import masks
from training.pictures import data_root

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]

VISIBLE = 0.045
"""A wound that changes the picture by less than this, of 0..1, is not there."""


def age(picture: npt.NDArray[np.uint8], rng: np.random.Generator) -> Floats:
    """The picture as an old print: toned or faded, soft, with grain. ``[H, W, 3]`` uint8 to float32 0..1."""
    image = picture.astype(np.float32) / 255
    look = rng.random()
    if look < 0.65:
        grey = image @ np.array([0.299, 0.587, 0.114], np.float32)
        if look < 0.35:
            image = np.repeat(grey[..., None], 3, 2)
        else:
            dark = rng.uniform(0, 0.25, 3) * np.array([1.2, 0.9, 0.6])
            light = 1 - rng.uniform(0, 0.3, 3) * np.array([0.2, 0.6, 1.2])
            image = (dark + grey[..., None] * (light - dark)).astype(np.float32)
    if rng.random() < 0.4:
        black, white = rng.uniform(0, 0.2), rng.uniform(0.75, 1)
        image = (black + (white - black) * image ** rng.uniform(0.7, 1.4)).astype(np.float32)
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6))
    return image


def grain(image: Floats, rng: np.random.Generator) -> Floats:
    """Film grain or sensor noise, in place of none."""
    if rng.random() < 0.45:
        return image
    height, width, _ = image.shape
    sigma = rng.exponential(0.022)
    noise = rng.standard_normal((height, width, 1 if rng.random() < 0.7 else 3), dtype=np.float32)
    if rng.random() < 0.5:
        radius = rng.uniform(0.4, 1.2)
        noise = cv2.GaussianBlur(noise, (0, 0), radius).reshape(height, width, -1)
        noise /= max(float(noise.std()), 1e-6)
    return np.clip(image + sigma * noise, 0, 1).astype(np.float32)


def letters(photo: Floats, rng: np.random.Generator) -> Floats:
    """Writing and ruled lines that belong to the picture and are no damage."""
    height, width, _ = photo.shape
    image = np.round(photo * 255).clip(0, 255).astype(np.uint8)
    colour = (rng.uniform(0, 255) * np.array([1, rng.uniform(0.8, 1), rng.uniform(0.6, 1)])).tolist()
    for _ in range(rng.integers(1, 4)):
        text = "".join(rng.choice(list("abcdefghiklmnoprstuvABCDEFGHM 0123456789.,"), rng.integers(3, 16)))
        font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX]))
        spot = (int(rng.integers(0, width)) - 20, int(rng.integers(10, height)))
        cv2.putText(image, text, spot, font, rng.uniform(0.4, 1.6), colour, int(rng.integers(1, 4)), cv2.LINE_AA)
    if rng.random() < 0.3:
        inset = int(rng.integers(4, 30))
        cv2.rectangle(image, (inset, inset), (width - inset, height - inset), colour, int(rng.integers(1, 5)))
    return image.astype(np.float32) / 255


@functools.cache
def _films() -> list[Path]:
    return sorted((data_root() / "train/damage_masks/real_film_tiles").glob("*.png"))


@functools.cache
def _shapes() -> list[Path]:
    return sorted((data_root() / "train/damage_masks/shapes").rglob("*.png"))


def _film(rng: np.random.Generator, size: int) -> Mask:
    """Dust, dirt and hairs as they were annotated on scanned film, at a size of their own."""
    paths = _films()
    with Image.open(paths[rng.integers(len(paths))]) as image:
        tile = np.where(np.asarray(image.convert("L")) > 0, 255, 0).astype(np.uint8)
    scale = rng.uniform(0.6, 1.6)
    tile = cv2.resize(tile, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    tile = np.where(tile > 80, 255, 0).astype(np.uint8)
    while min(tile.shape) < size:
        tile = np.tile(tile, (2, 2))
    y, x = (int(rng.integers(0, n - size + 1)) for n in tile.shape)
    return tile[y : y + size, x : x + size]


def _draw(kind: str, rng: np.random.Generator, size: int) -> Mask:
    if kind == "film":
        return _film(rng, size)
    if kind == "shapes":
        return masks._shape(_shapes(), rng, size)
    if kind == "hairlines":
        mask = np.zeros((size, size), np.uint8)
        for _ in range(rng.integers(1, 5)):
            points = masks._wander(rng, size, rng.choice([0.02, 0.3]), 5, rng.uniform(0.2, 1.2) * size)
            masks._stroke(mask, points, 1.0, rng, 0.0)
        return mask
    return masks.draw(kind, rng, size)


KINDS = {
    "scratches": 0.2, "hairlines": 0.13, "cracks": 0.17, "fold": 0.1, "dust": 0.08, "hairs": 0.08,
    "blotches": 0.05, "torn": 0.04, "stain": 0.03, "film": 0.08, "shapes": 0.04,
}  # fmt: skip
"""How often each kind of wound is drawn."""


def wound(image: Floats, kind: str, rng: np.random.Generator) -> tuple[Floats, Mask]:
    """One kind of wound on ``image`` [S, S, 3]: the picture, and where it was changed (0 or 255)."""
    size = image.shape[0]
    mask = _draw(kind, rng, size)
    soft = rng.uniform(0.35, 0.8) if kind in ("hairlines", "dust", "film") else rng.uniform(0.4, 1.1)
    alpha = cv2.GaussianBlur(mask, (0, 0), soft).astype(np.float32) / 255
    if kind == "hairlines":
        alpha = np.minimum(alpha * rng.uniform(1.2, 2.2), 1)
    strength = 1 - rng.random() ** 2 * 0.65
    patches = masks._clouds(rng, size, int(rng.integers(2, 12)))
    alpha = alpha * strength * np.clip(1 - np.abs(patches) * rng.choice([0, 0.15, 0.5]), 0.15, 1)
    pick = rng.random()
    if pick < (0.35 if kind == "stain" else 0.62):  # bare paper or base: light
        tone = rng.uniform(0.72, 1) * np.array([1, rng.uniform(0.93, 1), rng.uniform(0.8, 1)])
    elif pick < 0.9:  # dirt, shadow, ink: dark
        tone = rng.uniform(0, 0.3) * np.array([1, rng.uniform(0.6, 1), rng.uniform(0.4, 1)])
    else:  # a layer of the emulsion, or a stain
        tone = rng.uniform(0, 1, 3)
    colour = tone.astype(np.float32) + 0.04 * rng.standard_normal((size, size, 1), dtype=np.float32)
    if rng.random() < 0.3:
        colour = colour + 0.08 * patches[..., None]
    result = image * (1 - alpha[..., None]) + colour * alpha[..., None]
    if kind in ("cracks", "fold", "scratches") and rng.random() < 0.5:  # light and shadow along the edge
        shift = np.float32([[1, 0, rng.uniform(-2.5, 2.5)], [0, 1, rng.uniform(-2.5, 2.5)]])
        rim = cv2.warpAffine(cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.8, 2.5)), shift, (size, size))
        result = result + (rng.uniform(-0.25, 0.15) * np.clip(rim - alpha, 0, 1))[..., None]
    result = np.clip(result, 0, 1).astype(np.float32)
    change = np.abs(result - image).max(2)
    seen = cv2.blur((change > VISIBLE).astype(np.float32), (5, 5)) > 0.1
    core = (alpha > 0.3 * strength * 0.8) & (mask > 0 if kind != "hairlines" else alpha > 0.2)
    return result, np.where(core & seen, 255, 0).astype(np.uint8)


def damaged(picture: npt.NDArray[np.uint8], rng: np.random.Generator) -> tuple[Floats, Mask]:
    """An aged and, seven times in eight, wounded ``[S, S, 3]`` picture with its damage mask (0 or 255)."""
    image = age(picture, rng)
    if rng.random() < 0.15:
        image = letters(image, rng)
    image = grain(image, rng)
    truth = np.zeros(image.shape[:2], np.uint8)
    if rng.random() > 0.125:
        names, odds = list(KINDS), np.array(list(KINDS.values()))
        for _ in range(1 + rng.poisson(2.2)):
            image, mask = wound(image, str(names[rng.choice(len(names), p=odds / odds.sum())]), rng)
            truth = np.maximum(truth, mask)
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.7))
    if rng.random() < 0.5:
        quality = int(rng.integers(55, 97))
        coded = cv2.imencode(".jpg", np.round(image * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = cv2.imdecode(coded, cv2.IMREAD_COLOR).astype(np.float32) / 255
    return image, truth
