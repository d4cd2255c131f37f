"""Color pictures of every collection as pairs, for the semantic colorizer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from daguerre.pipeline.monochrome import residual_chroma
from training import album, pictures
from training.colorize import samples
from training.damage import wear
from training.damage.synthesis import grain
from training.damage.wear import Floats, Random

Bytes = npt.NDArray[np.uint8]
SHARE_ALBUM = 0.5
_RECOLORED = 0.35
"""How often one thing is given another color, and a hint tells of it."""
_KINDS = (wear.specks, wear.scratches, wear.cracks, wear.creases, wear.chips, wear.hairs, wear.worn_edges, wear.stains)


@dataclass(slots=True)
class Batch:
    """``lightness`` [N, 1, S, S], ``hints`` [N, 3, S, S], true ``chroma`` [N, 2, S/4, S/4] in ab."""

    lightness: torch.Tensor
    hints: torch.Tensor
    chroma: torch.Tensor


def aged(light: Floats, rng: Random) -> Floats:
    """Lightness 0..1 [H, W] as old photographs have it: other tone curves, soft, grainy, damaged, halftone."""
    image = light
    if rng.random() < 0.6:
        image = image ** np.float32(np.exp(rng.uniform(-0.45, 0.45)))
    if rng.random() < 0.4:
        low, high = rng.uniform(0, 0.25), rng.uniform(0.7, 1)
        image = np.float32(low) + np.float32(high - low) * image
    if rng.random() < 0.15:  # orthochromatic contrast and uneven exposure
        height, width = image.shape
        image = image * (
            1 + np.float32(rng.uniform(0.05, 0.25)) * wear.noise(rng, height, width, 0.7 * max(height, width), 1)
        )
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.0))
    if rng.random() < 0.2:
        color = np.clip(image, 0, 1)[..., None].repeat(3, 2).astype(np.float32)
        for index in rng.choice(len(_KINDS), rng.integers(1, 3), replace=False):
            color, _ = wear.draw(rng, color, _KINDS[index])
        image = color.mean(2)
    if rng.random() < 0.05:
        height, width = image.shape
        rows, columns = np.mgrid[0:height, 0:width]
        period, turn = rng.uniform(2.5, 6), rng.uniform(0, np.pi)
        u, v = columns * np.cos(turn) + rows * np.sin(turn), -columns * np.sin(turn) + rows * np.cos(turn)
        screen = 0.25 * (np.cos(2 * np.pi * u / period) + np.cos(2 * np.pi * v / period))
        image = np.clip(image + rng.uniform(0.2, 0.6) * screen * 4 * image * (1 - image), 0, 1)
    image = np.clip(image, 0, 1).astype(np.float32)
    if rng.random() < 0.5:
        image = grain(image[..., None].repeat(3, 2), rng)[0].mean(2)
    return np.clip(image, 0, 1).astype(np.float32)


def recolored(small: Floats, rng: Random) -> Floats | None:
    """Give one thing in ``small`` [h, w, 2], the chroma at a quarter of the size, another color, in place.

    The hints [3, 4h, 4w] that tell of it; ``None`` where no thing was found. A hint is to color what it lies on,
    however unlikely its color, and nothing beside.
    """
    height, width = small.shape[:2]
    even = cv2.bilateralFilter(np.dstack([small, small[..., :1]]), 5, 12, 3)
    seed = (int(rng.integers(width)), int(rng.integers(height)))
    mask = np.zeros((height + 2, width + 2), np.uint8)
    near = (float(rng.uniform(4, 9)),) * 3
    cv2.floodFill(even, mask, seed, (0, 0, 0), near, near, 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY)
    thing = cv2.morphologyEx(mask[1:-1, 1:-1], cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    if not 0.01 < thing.mean() < 0.5:
        return None
    angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(8, 45)
    color = np.float32([size * np.cos(angle), size * np.sin(angle)])
    soft = cv2.GaussianBlur(thing.astype(np.float32), (0, 0), 0.7)[..., None]
    there = small - small[thing > 0].mean(0) + color
    small += (there - small) * soft
    inner = np.argwhere(cv2.erode(thing, np.ones((3, 3), np.uint8)) > 0)
    if not len(inner):
        return None
    known = np.zeros((3, 4 * height, 4 * width), np.float32)
    for y, x in inner[rng.integers(len(inner), size=int(rng.integers(1, 3)))]:
        half = int(rng.integers(1, 5))
        place = np.s_[max(0, 4 * y + 2 - half) : 4 * y + 3 + half, max(0, 4 * x + 2 - half) : 4 * x + 3 + half]
        known[(slice(2), *place)] = small[y, x][:, None, None] / 100
        known[(2, *place)] = 1
    return known


def told(chroma: Floats, rng: Random) -> Floats:
    """Hints [3, H, W]: spots of true chroma, mostly none, at times one alone in the middle of a thing."""
    known = np.zeros((3, *chroma.shape[:2]), np.float32)
    if rng.random() < 0.6:
        return known
    for _ in range(int(rng.geometric(0.35))):
        half = int(rng.integers(1, 5))
        y, x = (int(rng.integers(half, n - half)) for n in chroma.shape[:2])
        place = (slice(y - half, y + half + 1), slice(x - half, x + half + 1))
        known[:2, place[0], place[1]] = (np.median(chroma[place].reshape(-1, 2), axis=0) / 100)[:, None, None]
        known[2, place[0], place[1]] = 1
    return known


class Zoo(torch.utils.data.IterableDataset[Batch]):
    """Batches without end."""

    def __init__(self, seed: int, size: int, sides: tuple[int, ...] = (192, 256)) -> None:
        self.seed, self.size, self.sides = seed, size, sides
        entries = [entry for entry in album.ready() if not entry.old]
        self.album = [entry for entry in entries if samples_hash(entry.source) % 12]
        self.pack = pictures.load()
        self.rows = samples.indices(self.pack, held_out=False)
        faces = np.isin(self.pack.sets[self.rows], pictures.FACES)
        shares = np.where(faces, 0.35, 1.0)
        self.steps = np.cumsum(shares / shares.sum())

    def picture(self, rng: Random) -> Bytes:
        """A color picture, RGB."""
        while True:
            if rng.random() < SHARE_ALBUM:
                picture = self.album[rng.integers(len(self.album))].open()
                small = cv2.resize(picture, (96, 96), interpolation=cv2.INTER_AREA)
                if float(np.quantile(residual_chroma(small), 0.9)) < 3:
                    continue  # black and white, or toned
                return picture
            return np.ascontiguousarray(self.pack[int(self.rows[int(np.searchsorted(self.steps, rng.random()))])])

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        rng = np.random.default_rng((self.seed, int.from_bytes(os.urandom(4))))
        while True:
            side = int(rng.choice(self.sides))
            count = max(2, round(self.size * (self.sides[0] / side) ** 2))
            rows = [self.sample(side, rng) for _ in range(count)]
            yield Batch(*(torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True)))

    def sample(self, side: int, rng: Random) -> tuple[Floats, Floats, Floats]:
        picture = samples.crop(self.picture(rng), side, rng)
        true = samples.lab(picture)
        chroma = true[..., 1:]
        if rng.random() < 0.25:
            chroma = chroma * np.float32(rng.uniform(0.8, 1.2))
        small = cv2.resize(np.ascontiguousarray(chroma), (side // 4, side // 4), interpolation=cv2.INTER_AREA)
        light = true[..., 0] / np.float32(100)
        if rng.random() < 0.65:
            light = aged(light, rng)
        known = recolored(small, rng) if rng.random() < _RECOLORED else None
        if known is None:
            known = told(chroma, rng)
        return light[None], known, np.ascontiguousarray(small.transpose(2, 0, 1))


def samples_hash(text: str) -> int:
    """The same for the same text, in every process."""
    import zlib

    return zlib.crc32(text.encode())
