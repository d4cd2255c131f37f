"""Train the face detector: ``python -m training.faces.detect.train --minutes 30``."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from training import RUNS, arguments, loop
from training.faces.detect import canvases
from training.faces.detect.network import SPANS, STRIDES, Detector

_REACH = 0.22
"""Cells nearer to a face's center than this share of its size are asked for it."""
_DOUBT = 0.6
_NEAR = 0.65
_GAMMA = 2.0


def targets(faces: torch.Tensor, stride: int, cells: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For one canvas: the face of each cell ``[n, n]`` (-1: none), whether cells count, and their middles."""
    middle = (torch.arange(cells) + 0.5) * stride
    x, y = torch.meshgrid(middle, middle, indexing="xy")
    owner = torch.full((cells, cells), -1)
    counts = torch.ones(cells, cells)
    low, high = SPANS[stride]
    order = torch.argsort(-faces[:, 2:4].amax(1)) if len(faces) else []
    for k in order:
        left, top, width, height = faces[k, :4]
        off = torch.maximum(((x - left - width / 2) / width).abs(), ((y - top - height / 2) / height).abs())
        longest = float(torch.maximum(width, height))
        mine = low <= longest < high
        if faces[k, 14] < 0.5 or not mine:
            # Parts of a face that is much too large are none; what is nearly of this stride's size is let be.
            if _NEAR * low <= longest < high / _NEAR:
                counts[off < _DOUBT] = 0
            continue
        ring = (off < 0.5) & (owner < 0)
        counts[ring] = 0
        near = off < _REACH
        near[off == off.min()] = True
        owner[near] = int(k)
        counts[near] = 1
    return owner, counts, torch.stack([x, y])


def objective(
    network: nn.Module, batch: tuple[torch.Tensor, list[torch.Tensor]]
) -> tuple[torch.Tensor, dict[str, float]]:
    """Focal loss of being a face, and for the cells of one the errors of its box and landmarks, in face sizes."""
    images, every = batch
    maps = network(images.contiguous(memory_format=torch.channels_last))
    logits, truths, weights, boxes, points, known = [], [], [], [], [], []
    for level, stride in zip(maps, STRIDES, strict=True):
        level = level.float()
        for out, faces in zip(level, every, strict=True):
            owner, counts, middles = targets(faces, stride, level.shape[-1])
            truth = (owner >= 0).float()
            logits.append(out[0].flatten())
            truths.append(truth.flatten())
            weights.append(torch.maximum(counts, truth).flatten())
            if not (owner >= 0).any():
                continue
            rows = faces[owner[owner >= 0]]
            said = out[1:, owner >= 0]
            at = middles[:, owner >= 0]
            boxes.append(_box(said[:4], at, stride))
            points.append((said[4:].view(5, 2, -1) * stride + at).permute(2, 0, 1))
            known.append(rows)
    logit, truth, weight = torch.cat(logits), torch.cat(truths), torch.cat(weights)
    chance = torch.sigmoid(logit)
    miss = truth * (1 - chance) + (1 - truth) * chance
    entropy = F.binary_cross_entropy_with_logits(logit, truth, reduction="none")
    count = max(1.0, float(truth.sum()))
    focal = (weight * miss.detach() ** _GAMMA * entropy * (0.5 + truth)).sum() / count
    box = point = logit.sum() * 0
    if known:
        rows = torch.cat(known)
        size = rows[:, 2:4].amax(1)
        box = (1 - _giou(torch.cat(boxes), rows[:, :4])).mean()
        apart = (torch.cat(points) - rows[:, 4:14].view(-1, 5, 2)).norm(dim=2) / size[:, None]
        point = F.smooth_l1_loss(apart, torch.zeros_like(apart), beta=0.05)
    found = (chance > 0.5) & (weight > 0)
    hit = float((found & (truth > 0.5)).sum())
    return 2 * focal + box + 4 * point, {
        "focal": float(focal.detach()),
        "box": float(box.detach()),
        "point": float(point.detach()),
        "precision": hit / max(1.0, float(found.sum())),
        "recall": hit / count,
    }


def _box(said: torch.Tensor, at: torch.Tensor, stride: int) -> torch.Tensor:
    size = said[2:].clamp(-3, 4).exp() * stride
    return torch.cat([said[:2] * stride + at - size / 2, size]).T


def _giou(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Generalised intersection over union of boxes x, y, width, height (Rezatofighi et al., 2019)."""
    low, high = (
        torch.maximum(one[:, :2], other[:, :2]),
        torch.minimum(one[:, :2] + one[:, 2:], other[:, :2] + other[:, 2:]),
    )
    both = (high - low).clamp(min=0).prod(1)
    either = one[:, 2:].prod(1) + other[:, 2:].prod(1) - both
    hull = torch.maximum(one[:, :2] + one[:, 2:], other[:, :2] + other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])
    around = hull.prod(1)
    return both / either - (around - either) / around


class Judge:
    """Precision and recall of cells on held-out canvases."""

    def __init__(self, count: int = 96) -> None:
        drawer = canvases.Canvases(99, RUNS, held_out=True)
        drawn = [drawer.draw() for _ in range(count)]
        self.batches = [
            (
                torch.stack([torch.from_numpy(image)[None].float() / 255 for image, _ in drawn[k : k + 16]]),
                [torch.from_numpy(rows) for _, rows in drawn[k : k + 16]],
            )
            for k in range(0, count, 16)
        ]

    def __call__(self, network: nn.Module) -> dict[str, float]:
        with torch.no_grad():
            figures = [objective(network, batch)[1] for batch in self.batches]
        return {name: sum(one[name] for one in figures) / len(figures) for name in figures[0]}


def main() -> None:
    wanted = arguments.parser(__doc__, "detect", minutes=30, rate=2e-3, batch=24).parse_args()
    arguments.begin(wanted)
    network = Detector()
    arguments.take_up(network, wanted)
    plan = loop.Plan(
        wanted.minutes, rate=wanted.rate, decay=0.01, warmup=100, ema=0.998, checkpoint_s=150, seed=wanted.seed
    )
    loop.train(network, canvases.stream(wanted.batch, wanted.seed, RUNS), objective, plan, wanted.run, judge=Judge())


if __name__ == "__main__":
    main()
