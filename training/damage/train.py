"""Train the damage detector: ``python -m training.damage.train --minutes 60``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from training import RUNS, arguments
from training.damage import wounds
from training.damage.network import CONTEXT, Detector
from training.damage.synthesis import damaged
from training.loop import Plan, train
from training.pictures import Pack, load

SHARES = {
    "cid22_train": 4.0, "clic": 4.0, "div2k_val36": 4.0, "bsds500": 1.5, "camera": 2.0, "flickr8k_sub": 1.5,
    "faces_web_nomask": 3.0, "faces_utk": 0.5, "faces_lfw_gray": 0.7, "faces_aaf": 0.8, "weather": 0.7,
    "food_feedme": 0.7,
}  # fmt: skip
"""How often a picture of a set is drawn; 1 where the set is not named."""

HARD = RUNS / "damage" / "hard.npy"
"""How much each picture was taken for damaged, as ``training.damage.mine`` found; missing before the first mining."""
_HARDER = 3.0
"""By how much the chance of a picture grows where it is as hard as the worst tenth."""
_MOSAIC = 0.12
"""How often four pictures at half the size stand in for one: small and sharp, as the people of a group are."""
_SHARPEN = 0.25
"""How often a crop is sharpened: most pictures had to be enlarged, and photos of today are crisp."""

SHAPES = ((2, 256, 8), (3, 384, 4))
"""Levels, pixels of a side of the finest, and crops a batch."""
_WIDE = 0.4
"""How often the second shape is drawn."""

Levels = list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]
"""Of each level, coarsest first: image [N,3,S,S], truth and trust [N,1,S,S]."""


class Wounds(torch.utils.data.IterableDataset[Levels]):
    """Batches of crops at every level of their pyramid."""

    def __init__(self, pack: Pack, bank: Mapping[str, npt.NDArray[np.uint8]], seed: int) -> None:
        self.pack = pack
        self.bank = bank
        self.seed = seed

    def __iter__(self) -> Iterator[Levels]:
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        shares = np.array([SHARES.get(str(name), 1.0) for name in self.pack.sets])
        shares[np.minimum(self.pack.heights, self.pack.widths) < 190] = 0
        if HARD.exists():
            scores = np.load(HARD)
            shares *= 1 + _HARDER * np.minimum(scores / np.quantile(scores, 0.9), 1.5)
        steps = np.cumsum(shares / shares.sum())
        while True:
            count, size, batch = SHAPES[int(rng.random() < _WIDE)]
            rows = [damaged(self._crop(rng, steps, size, count), self.bank, rng) for _ in range(batch)]
            image, truth, unsure = (torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True))
            yield pyramid(image.permute(0, 3, 1, 2), truth[:, None], unsure[:, None], count)

    def _crop(
        self, rng: np.random.Generator, steps: npt.NDArray[np.float64], size: int, count: int
    ) -> npt.NDArray[np.uint8]:
        if rng.random() < _MOSAIC and size > 200:
            rows = [np.hstack([self._crop(rng, steps, size // 2, 2) for _ in range(2)]) for _ in range(2)]
            return np.vstack(rows)
        picture = self.pack[min(int(np.searchsorted(steps, rng.random())), len(self.pack) - 1)]
        wanted = rng.uniform(0.55, 1.3) if count == 2 else rng.uniform(0.9, 2.2)
        scale = max(size / min(picture.shape[:2]), wanted)
        side = min(round(size / scale), *picture.shape[:2])
        y, x = (int(rng.integers(0, n - side + 1)) for n in picture.shape[:2])
        part = np.rot90(picture[y : y + side, x : x + side], rng.integers(4) if rng.random() < 0.3 else 0)
        if rng.random() < 0.5:
            part = part[:, ::-1]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        crop = cv2.resize(np.ascontiguousarray(part), (size, size), interpolation=how)
        if rng.random() < _SHARPEN:
            soft = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.7, 2))
            amount = rng.uniform(0.4, 1.8)
            crop = cv2.addWeighted(crop, 1 + amount, soft, -amount, 0)
        return np.asarray(crop, np.uint8)


def pyramid(image: torch.Tensor, truth: torch.Tensor, unsure: torch.Tensor, count: int) -> Levels:
    """``count`` levels, each half the size of the next."""
    levels: Levels = []
    for level in reversed(range(count)):
        factor = 2**level
        small, where, doubt = (
            F.avg_pool2d(part.float(), factor) if level else part.float() for part in (image, truth, unsure)
        )
        hit = (where > 0.2).float()
        levels.append((small, hit, ((doubt <= 0.3) | (hit > 0)).float()))
    return levels


def walk(network: torch.nn.Module, levels: Levels) -> list[torch.Tensor]:
    """The logits of each level, from the widest view to the finest."""
    logits: list[torch.Tensor] = []
    for image, _, _ in levels:
        if not logits:
            n, _, height, width = image.shape
            coarse = image.new_zeros(n, 1, height, width)
            context = image.new_zeros(n, CONTEXT, height // 8, width // 8)
        else:
            part = torch.sigmoid(logits[-1].float())
            coarse = F.interpolate(part, scale_factor=2.0, mode="bilinear", align_corners=False)
            context = F.interpolate(context.float(), scale_factor=2.0, mode="nearest")
        logit, context = network(image.contiguous(memory_format=torch.channels_last), coarse, context)
        logits.append(logit)
    return logits


def objective(network: torch.nn.Module, levels: Levels) -> tuple[torch.Tensor, dict[str, float]]:
    """Cross entropy and soft Dice; the finest level counts most."""
    device = next(network.parameters()).device
    levels = [(image.to(device), truth.to(device), trust.to(device)) for image, truth, trust in levels]
    logits = walk(network, levels)
    total = torch.zeros((), device=device)
    figures = {}
    for k, (logit, (_, truth, trust)) in enumerate(zip(logits, levels, strict=True)):
        logit = logit.float()
        weight = trust * (1 + truth)
        entropy = (F.binary_cross_entropy_with_logits(logit, truth, reduction="none") * weight).mean()
        chance = torch.sigmoid(logit) * trust
        both = (chance * truth).sum()
        dice = 1 - (2 * both + 50) / (chance.sum() + truth.sum() + 50)
        last = k == len(logits) - 1
        total = total + (entropy + 0.15 * dice) * (1.0 if last else 0.35)
        if last:
            found = chance.detach() > 0.5
            hit = float((found & (truth > 0.5)).sum())
            figures = {
                "entropy": float(entropy.detach()),
                "precision": hit / max(1.0, float(found.sum())),
                "recall": hit / max(1.0, float(truth.sum())),
            }
    return total, figures


def main() -> None:
    options = arguments.parser(__doc__, "damage", minutes=60, rate=1.5e-3)
    options.add_argument("--workers", type=int, default=1)
    choice = options.parse_args()
    arguments.begin(choice)
    network = Detector()
    arguments.take_up(network, choice)
    loader = torch.utils.data.DataLoader(
        Wounds(load(), wounds.bank(RUNS / "wounds"), choice.seed),
        batch_size=None,
        num_workers=choice.workers,
        prefetch_factor=6,
    )
    plan = Plan(choice.minutes, choice.rate, seed=choice.seed, ema=0.999, checkpoint_s=150, report_s=30)
    train(network, iter(loader), objective, plan, choice.run)


if __name__ == "__main__":
    main()
