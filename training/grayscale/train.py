"""Train the judge of monochrome on drawn samples: ``python -m training.grayscale.train``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from training.grayscale.draw import FOLDER
from training.grayscale.network import Judge
from training.loop import Plan, train

RUN = Path(__file__).parents[2] / "runs" / "grayscale_judge"

Batch = tuple[torch.Tensor, torch.Tensor]


def stored(part: str) -> Batch:
    """All samples of ``train`` or ``judge``."""
    files = [np.load(file) for file in sorted(FOLDER.glob(f"{part}[0-9]*.npz")) if ".part" not in file.name]
    inputs = torch.from_numpy(np.concatenate([file["inputs"] for file in files]))
    return inputs, torch.from_numpy(np.concatenate([file["answers"] for file in files]))


def batches(inputs: torch.Tensor, answers: torch.Tensor, size: int, seed: int) -> Iterator[Batch]:
    """Mirrored, turned, a little cropped and shifted in tone."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        rows = torch.randint(len(inputs), (size,), generator=generator)
        picked = inputs[rows].float()
        if torch.rand((), generator=generator) < 0.5:
            picked = picked.flip(3)
        if torch.rand((), generator=generator) < 0.3:
            picked = picked.transpose(2, 3)
        if torch.rand((), generator=generator) < 0.4:
            side = int(torch.randint(84, 128, (), generator=generator))
            y, x = (int(torch.randint(0, 129 - side, (), generator=generator)) for _ in range(2))
            picked = F.interpolate(
                picked[:, :, y : y + side, x : x + side], (128, 128), mode="bilinear", align_corners=False
            )
        # The same picture under another turn of hue.
        angle = torch.rand(size, generator=generator) * 0.6 - 0.3
        cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
        parts = [picked[:, :1]]
        for first in (1, 3):
            a, b = picked[:, first], picked[:, first + 1]
            parts.append(torch.stack([a * cos - b * sin, a * sin + b * cos], 1))
        yield torch.cat(parts, 1).contiguous(memory_format=torch.channels_last), answers[rows]


def loss(network: nn.Module, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
    """Cross entropy; a color photo that is called monochrome would lose its colors, so it counts double."""
    planes, answers = batch
    logit = network(planes).float()[:, 0]
    value = (F.binary_cross_entropy_with_logits(logit, answers, reduction="none") * (2 - answers)).mean()
    return value, {"right": float(((logit > 0) == (answers > 0.5)).float().mean())}


def judge(network: nn.Module) -> dict[str, float]:
    """On pictures of sources that were not trained on, at the thresholds of no doubt."""
    inputs, answers = stored("judge")
    network.eval()
    with torch.no_grad():
        logit = torch.cat([network(part.float())[:, 0] for part in inputs.split(100)])
    color, monochrome = logit[answers < 0.5], logit[answers > 0.5]
    return {
        "color as monochrome": float((color > 0).float().mean()),
        "monochrome as color": float((monochrome < 0).float().mean()),
        "99 % of color below": float(color.quantile(0.99)),
        "2 % of monochrome below": float(monochrome.quantile(0.02)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--out", type=Path, default=RUN)
    choice = parser.parse_args()
    torch.set_num_threads(1)
    inputs, answers = stored("train")
    print(f"{len(inputs)} samples")
    train(
        Judge(),
        batches(inputs, answers, 32, 0),
        loss,
        Plan(choice.minutes, choice.rate, checkpoint_s=120, report_s=60, decay=1e-3),
        choice.out,
        judge=judge,
    )


if __name__ == "__main__":
    main()
