"""Training crops: a clean picture, and the same with holes that a thin plate spline has filled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import IterableDataset

from daguerre.pipeline.inpaint.thin_plate import thin_plate_spline
from training import pictures

Crop = npt.NDArray[np.float32]


@dataclass
class Crops(IterableDataset[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]):
    """Endless batches ``(filled [N,3,S,S], mask [N,1,S,S], truth [N,3,S,S])``, float32 0..1.

    A third of the pictures is gray or toned, a quarter soft as an enlargement, a fifth noisy around the hole (the
    truth is then the picture without noise: what a fill should aim at before it is grained again). In a few the
    mask leaves a rim of the damage uncovered, as a detector's does.
    """

    pack: pictures.Pack
    masks: npt.NDArray[np.uint8]
    size: int = 128
    batch: int = 16
    seed: int = 0
    weights: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        weight = np.ones(len(self.pack))
        weight[np.isin(self.pack.sets, pictures.FACES)] = 0.6
        weight[np.isin(self.pack.sets, pictures.SHARP)] = 5.0
        self.weights = np.cumsum(weight / weight.sum())

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, info.id if info else 0))
        cv2.setNumThreads(1)
        while True:
            made = [self.one(rng) for _ in range(self.batch)]
            filled, masks, truth = (np.stack(parts) for parts in zip(*made, strict=True))
            yield (
                torch.from_numpy(filled).permute(0, 3, 1, 2),
                torch.from_numpy(masks)[:, None],
                torch.from_numpy(truth).permute(0, 3, 1, 2),
            )

    def one(self, rng: np.random.Generator) -> tuple[Crop, Crop, Crop]:
        """One crop: filled [S,S,3], mask [S,S] and truth [S,S,3]."""
        truth = self._toned(self._cut(rng), rng)
        hole = self._hole(rng)
        seen = truth
        if rng.random() < 0.2:
            grain = rng.normal(0, 1, (self.size, self.size, 3 if rng.random() < 0.4 else 1)).astype(np.float32)
            spread = rng.uniform(0, 1.2)
            if spread > 0.4:
                grain = cv2.GaussianBlur(grain, (0, 0), spread).reshape(grain.shape)
                grain /= grain.std()
            seen = np.clip(truth + grain * np.float32(rng.uniform(1, 12) / 255), 0, 1)
        if rng.random() < 0.04:
            rim = cv2.dilate(hole, np.ones((3, 3), np.uint8)) > hole
            shade = np.float32(rng.choice([rng.uniform(0, 0.2), rng.uniform(0.7, 1)]))
            seen = seen.copy()
            seen[rim] += (shade - seen[rim]) * np.float32(rng.uniform(0.15, 0.7))
        filled = np.clip(thin_plate_spline(seen.astype(np.float32), hole > 0), 0, 1)
        return filled, hole.astype(np.float32), truth

    def _cut(self, rng: np.random.Generator) -> Crop:
        picture = self.pack[int(np.searchsorted(self.weights, rng.random()).clip(0, len(self.pack) - 1))]
        height, width = picture.shape[:2]
        scale = rng.uniform(0.55, 1.0) if rng.random() < 0.75 else rng.uniform(1.0, 2.2)
        side = min(round(self.size / scale), height, width)
        y, x = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
        part = picture[y : y + side, x : x + side]
        way = cv2.INTER_AREA if side > self.size else cv2.INTER_CUBIC
        crop = cv2.resize(part, (self.size, self.size), interpolation=way).astype(np.float32) / 255
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        return np.ascontiguousarray(crop)

    def _toned(self, crop: Crop, rng: np.random.Generator) -> Crop:
        if rng.random() < 0.35:
            gray = crop @ np.array([0.299, 0.587, 0.114], np.float32)
            tone = np.float32(rng.uniform(0, 1) if rng.random() < 0.5 else 0)
            bend = np.array([1 - 0.25 * tone, 1 + 0.05 * tone, 1 + 0.4 * tone], np.float32)
            crop = np.clip(gray, 0, 1)[..., None] ** bend
        if rng.random() < 0.4:  # faded: less contrast, lifted blacks
            low, high = rng.uniform(0, 0.25), rng.uniform(0.7, 1)
            crop = np.float32(low) + crop * np.float32(high - low)
        return crop.astype(np.float32)

    def _hole(self, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        room, more = self.masks.shape[1] - self.size, None
        while True:
            mask = self.masks[rng.integers(len(self.masks))]
            y, x = rng.integers(0, room + 1, 2)
            hole = np.rot90(mask[y : y + self.size, x : x + self.size], int(rng.integers(4)))
            if rng.random() < 0.5:
                hole = hole[::-1]
            hole = np.maximum(hole, more) if more is not None else hole
            if 0.01 < hole.mean() < 0.5:
                if rng.random() < 0.4:
                    return np.ascontiguousarray(hole)
                more = hole
