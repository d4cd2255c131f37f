"""Color pictures as pairs: the lightness of an old photo, and the chroma that it had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from training import pictures
from training.aging import spill
from training.ahead import make_ahead
from training.damage import wounds

Floats = npt.NDArray[np.float32]
Random = np.random.Generator
Batch = dict[str, torch.Tensor]

HELD_OUT = 37
"""Each so many-th color picture is for judging."""
_KINDS = ("scratches", "cracks", "dust", "film", "shapes", "folds", "hairs", "stains")


def indices(pack: pictures.Pack, *, held_out: bool) -> npt.NDArray[np.int64]:
    """The color pictures to learn from, or those to judge by."""
    color = np.flatnonzero(pack.kinds == "colour")
    judged = np.arange(len(color)) % HELD_OUT == 0
    return color[judged if held_out else ~judged]


def lab(picture: npt.NDArray[np.uint8]) -> Floats:
    """``[H, W, 3]`` RGB to CIE Lab, float32."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def crop(picture: npt.NDArray[np.uint8], side: int, rng: Random) -> npt.NDArray[np.uint8]:
    """A part of the picture, mostly nearly all of it, as ``[side, side, 3]``; its proportions may change a little."""
    height, width = picture.shape[:2]
    share = np.sqrt(rng.uniform(0.25, 1.0))
    shape = np.exp(rng.uniform(-0.2, 0.2))
    h = int(min(height, max(32, share * min(height, width * 1.3) * shape)))
    w = int(min(width, max(32, share * min(width, height * 1.3) / shape)))
    y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    part = picture[y : y + h, x : x + w]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    part = np.ascontiguousarray(part)
    if rng.random() < 0.15:
        turn = cv2.getRotationMatrix2D((w / 2, h / 2), rng.uniform(-20, 20), 1.15)
        part = cv2.warpAffine(part, turn, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    how = cv2.INTER_AREA if min(h, w) > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (side, side), interpolation=how), np.uint8)


def age(lightness: Floats, bank: dict[str, npt.NDArray[np.uint8]], rng: Random) -> Floats:
    """``[H, W]`` of 0-1 as an old print shows it: other contrast, faded, soft, grainy, wounded, shaded at the edges."""
    image = lightness
    side = image.shape[0]
    if rng.random() < 0.6:
        image = image ** np.float32(np.exp(rng.uniform(-0.4, 0.4)))
    if rng.random() < 0.35:
        black, white = rng.uniform(0, 0.2), rng.uniform(0.75, 1)
        image = np.float32(black) + np.float32(white - black) * image
    if rng.random() < 0.15:
        middle = rng.uniform(0.3, 0.7, 2)
        y, x = np.mgrid[:side, :side].astype(np.float32) / side
        image = image * (1 - np.float32(rng.uniform(0.1, 0.7)) * ((x - middle[0]) ** 2 + (y - middle[1]) ** 2))
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.15:
        image = spill(image, bank, _KINDS, rng, faintest=0.4)
    if rng.random() < 0.45:
        noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(min(rng.exponential(0.03), 0.12))
        image = image + (cv2.GaussianBlur(noise, (0, 0), 0.7) * 2 if rng.random() < 0.4 else noise)
    return np.clip(image, 0, 1).astype(np.float32)


def hints(chroma: Floats, rng: Random) -> Floats:
    """Some places' true chroma: ``[3, H, W]`` of a / 100, b / 100, known; mostly none."""
    side = chroma.shape[0]
    known = np.zeros((3, side, side), np.float32)
    if rng.random() < 0.65:
        return known
    for _ in range(int(rng.geometric(0.25))):
        half = int(rng.integers(0, 4))
        y, x = rng.integers(half, side - half, 2)
        place = (slice(y - half, y + half + 1), slice(x - half, x + half + 1))
        known[:2, place[0], place[1]] = (chroma[place].mean((0, 1)) / 100)[:, None, None]
        known[2, place[0], place[1]] = 1
    return known


def sample(pack: pictures.Pack, index: int, side: int, bank: dict[str, npt.NDArray[np.uint8]], rng: Random) -> Batch:
    """One pair."""
    picture = crop(pack[index], side, rng)
    true = lab(picture)
    chroma = true[..., 1:]
    if rng.random() < 0.25:  # paler or stronger, as films and cameras differ
        chroma = chroma * np.float32(rng.uniform(0.8, 1.2))
    small = cv2.resize(chroma, (side // 2, side // 2), interpolation=cv2.INTER_AREA)
    light = true[..., 0] / np.float32(100)
    if rng.random() < 0.65:
        light = age(light, bank, rng)
    return {
        "lightness": torch.from_numpy(np.ascontiguousarray(light[None])),
        "hints": torch.from_numpy(hints(chroma, rng)),
        "chroma": torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1))),
        "picture": torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))),
    }


def stream(size: int, side: int, seed: int, runs: Path) -> Iterator[Batch]:
    """Batches of ``size`` without end, made by a thread beside."""
    pack = pictures.load()
    bank = wounds.bank(runs / "wounds")
    chosen = indices(pack, held_out=False)
    rng = np.random.default_rng(seed)

    def batch() -> Batch:
        picked = rng.choice(chosen, size)
        parts = [sample(pack, int(index), side, bank, rng) for index in picked]
        return {name: torch.stack([part[name] for part in parts]) for name in parts[0]}

    return make_ahead(batch)


def palette(count: int, seed: int = 3) -> Floats:
    """``[count, 2]`` centers in ab by k-means over the chroma of the training pictures, rare colors counted up."""
    pack = pictures.load()
    rng = np.random.default_rng(seed)
    points = []
    for index in rng.choice(indices(pack, held_out=False), 1500, replace=False):
        small = cv2.resize(np.ascontiguousarray(pack[int(index)]), (40, 40), interpolation=cv2.INTER_AREA)
        points.append(lab(small)[..., 1:].reshape(-1, 2)[rng.choice(1600, 200)])
    chroma = np.concatenate(points)
    cells = np.round((chroma + 128) / 4).astype(int)
    density = np.zeros((65, 65))
    np.add.at(density, (cells[:, 0], cells[:, 1]), 1)
    density = cv2.GaussianBlur(density, (0, 0), 1.0)
    odds = density[cells[:, 0], cells[:, 1]] ** -0.6
    chosen = chroma[rng.choice(len(chroma), 40000, p=odds / odds.sum())].astype(np.float32)
    cv2.setRNGSeed(seed)
    until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 60, 0.05)
    _, _, centers = cv2.kmeans(chosen, count, None, until, 2, cv2.KMEANS_PP_CENTERS)
    return np.asarray(centers, np.float32)
