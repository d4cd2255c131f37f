"""Train the damage detector: ``python -m training.damage.train --minutes 60``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from training.damage.network import CONTEXT, Detector
from training.damage.synthesis import damaged
from training.loop import Plan, train
from training.pictures import Pack, load

SIDE = 128
"""Pixels of a side of the crop that each level sees."""
BATCH = 8

Levels = list[tuple[torch.Tensor, torch.Tensor]]


class Wounds(torch.utils.data.IterableDataset[tuple[Levels, list[tuple[int, int]]]]):
    """Batches of nested crops, coarsest first: (image, truth) of each level and where each lies in the one before."""

    def __init__(self, pack: Pack, seed: int) -> None:
        self.pack = pack
        self.seed = seed

    def __iter__(self) -> Iterator[tuple[Levels, list[tuple[int, int]]]]:
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        large = np.flatnonzero(np.minimum(self.pack.heights, self.pack.widths) >= 240)
        while True:
            count = 2 if rng.random() < 0.65 else 3
            offsets = [tuple(int(v) * 16 for v in rng.integers(0, SIDE // 32 + 1, 2)) for _ in range(count - 1)]
            rows = [self._sample(rng, large, count, offsets) for _ in range(BATCH)]
            levels = [
                (
                    torch.from_numpy(np.stack([row[k][0] for row in rows])).permute(0, 3, 1, 2),
                    torch.from_numpy(np.stack([row[k][1] for row in rows]))[:, None],
                )
                for k in range(count)
            ]
            yield levels, offsets

    def _sample(self, rng, large, count, offsets):  # type: ignore[no-untyped-def]
        size = SIDE * 2 ** (count - 1)
        picture = self.pack[int(large[rng.integers(len(large))])]
        least = size / min(picture.shape[:2])
        scale = max(least, rng.uniform(0.55, 1.3) if count == 2 else rng.uniform(1.1, 2.6))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        picture = cv2.resize(picture, None, fx=scale * 1.001, fy=scale * 1.001, interpolation=how)
        y, x = (int(rng.integers(0, n - size + 1)) for n in picture.shape[:2])
        picture = np.rot90(picture[y : y + size, x : x + size], rng.integers(4) if rng.random() < 0.4 else 0)
        image, truth = damaged(np.ascontiguousarray(picture), rng)
        mask = truth.astype(np.float32) / 255
        top = left = 0
        rows = []
        for k in range(count):
            factor = 2 ** (count - 1 - k)
            if k:
                top += offsets[k - 1][0] * factor * 2
                left += offsets[k - 1][1] * factor * 2
            side = SIDE * factor
            part, where = image[top : top + side, left : left + side], mask[top : top + side, left : left + side]
            if factor > 1:
                part = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                where = cv2.resize(where, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                where = (where > 0.25).astype(np.float32)
            rows.append((np.ascontiguousarray(part), np.ascontiguousarray(where)))
        return rows


def walk(network: torch.nn.Module, levels: Levels, offsets: list[tuple[int, int]]) -> list[torch.Tensor]:
    """The logits of each level, from the widest view to the finest."""
    logits: list[torch.Tensor] = []
    coarse = context = torch.zeros(0)
    for k, (image, _) in enumerate(levels):
        if k == 0:
            n, _, height, width = image.shape
            coarse = image.new_zeros(n, 1, height, width)
            context = image.new_zeros(n, CONTEXT, height // 8, width // 8)
        else:
            y, x = (int(v) for v in offsets[k - 1])
            half = SIDE // 2
            part = torch.sigmoid(logits[-1].float())[:, :, y : y + half, x : x + half]
            coarse = F.interpolate(part, scale_factor=2.0, mode="bilinear", align_corners=False)
            held = context[:, :, y // 8 : (y + half) // 8, x // 8 : (x + half) // 8]
            context = F.interpolate(held.float(), scale_factor=2.0, mode="nearest")
        logit, context = network(image.contiguous(memory_format=torch.channels_last), coarse, context)
        logits.append(logit)
    return logits


def objective(
    network: torch.nn.Module, batch: tuple[Levels, list[tuple[int, int]]]
) -> tuple[torch.Tensor, dict[str, float]]:
    """Cross entropy and soft Dice; the finest level counts most."""
    levels, offsets = batch
    levels = [(image.float(), truth.float()) for image, truth in levels]
    logits = walk(network, levels, offsets)
    total = torch.zeros(())
    figures = {}
    for k, (logit, (_, truth)) in enumerate(zip(logits, levels, strict=True)):
        logit = logit.float()
        entropy = F.binary_cross_entropy_with_logits(logit, truth, pos_weight=torch.tensor(3.0))
        chance = torch.sigmoid(logit)
        both = (chance * truth).sum()
        dice = 1 - (2 * both + 50) / (chance.sum() + truth.sum() + 50)
        last = k == len(logits) - 1
        total = total + (entropy + 0.4 * dice) * (1.0 if last else 0.3)
        if last:
            found = chance > 0.5
            hit = float((found & (truth > 0.5)).sum())
            figures = {"f1": 2 * hit / max(1.0, float(found.sum() + truth.sum()))}
    return total, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, help="a checkpoint whose averaged weights to start from")
    parser.add_argument("--out", type=Path, default=Path("runs/damage"))
    choice = parser.parse_args()
    torch.set_num_threads(choice.threads)
    network = Detector()
    if choice.start:
        network.load_state_dict(torch.load(choice.start, map_location="cpu")["average"])
    loader = torch.utils.data.DataLoader(
        Wounds(load(), choice.seed), batch_size=None, num_workers=choice.workers, prefetch_factor=8
    )
    plan = Plan(choice.minutes, choice.rate, seed=choice.seed, ema=0.999, checkpoint_s=60, report_s=20)
    train(network, iter(loader), objective, plan, choice.out)


if __name__ == "__main__":
    main()
