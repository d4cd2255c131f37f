"""Color pictures to learn from and to judge by, their parts, and the palette of their chroma."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from training import pictures

Floats = npt.NDArray[np.float32]
Random = np.random.Generator

HELD_OUT = 37
"""Each so many-th color picture is for judging."""


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
