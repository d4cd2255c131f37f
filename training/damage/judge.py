"""Judge a checkpoint on the real labelled photos: ``python -m training.damage.judge --run runs/damage_scene``."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from training.damage import score
from training.damage.labelled import Labelled
from training.damage.scene import CONTEXT, Both
from training.damage.truth import Truth

RUNS = Path(__file__).parents[2] / "runs"
WHOLE = 320
SCENE_SIDE = 1024
"""The scene is seen in views of at most so many pixels; finer levels take it from there."""


def look(network: Both, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The logit of damage [H, W] of an RGB photo [H, W, 3]: the pyramid as the product walks it, in one piece a
    level.
    """
    levels = [image]
    while max(levels[0].shape[:2]) > WHOLE:
        wide = levels[0]
        wide = np.pad(wide, ((0, wide.shape[0] % 2), (0, wide.shape[1] % 2), (0, 0)), mode="edge")
        levels.insert(0, cv2.resize(wide, (wide.shape[1] // 2, wide.shape[0] // 2), interpolation=cv2.INTER_AREA))
    logit = told = scene = None
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for level in levels:
            height, width = level.shape[:2]
            tall, wide_ = -(-height // 32) * 32, -(-width // 32) * 32
            padded = np.pad(level, ((0, tall - height), (0, wide_ - width), (0, 0)), mode="symmetric")
            view = (
                torch.from_numpy(padded)
                .permute(2, 0, 1)[None]
                .float()
                .div(255)
                .contiguous(memory_format=torch.channels_last)
            )

            def finer(part: torch.Tensor, cell: int, mode: str, size: tuple[int, int] = (tall, wide_)) -> torch.Tensor:
                part = F.interpolate(part.float(), scale_factor=2.0, mode=mode)
                height, width = size[0] // cell, size[1] // cell
                part = F.pad(
                    part, (0, max(0, width - part.shape[3]), 0, max(0, height - part.shape[2])), mode="replicate"
                )
                return part[:, :, :height, :width]

            if logit is None or told is None or scene is None:
                coarse, context = view.new_zeros(1, 1, tall, wide_), view.new_zeros(1, CONTEXT, tall // 8, wide_ // 8)
            else:
                coarse, context = finer(torch.sigmoid(logit.float()), 1, "bilinear"), finer(told, 8, "nearest")
            if scene is None or max(height, width) <= SCENE_SIDE:
                scene = network.scene(view)
            else:
                scene = finer(scene, 8, "nearest")
            logit, told = network.detector(view, coarse, context, scene)
    assert logit is not None
    return np.asarray(logit.float()[0, 0, : image.shape[0], : image.shape[1]].numpy(), np.float32)


def simple(logit: npt.NDArray[np.float32], threshold: float, seed: float, least: int = 3) -> npt.NDArray[np.bool_]:
    """Pieces above ``threshold`` that hold a pixel above ``threshold + seed``."""
    low = (logit > threshold).astype(np.uint8)
    n, pieces, stats, _ = cv2.connectedComponentsWithStats(low, connectivity=8)
    keep = np.zeros(n, bool)
    keep[pieces[logit > threshold + seed]] = True
    keep &= stats[:, cv2.CC_STAT_AREA] >= least
    keep[0] = False
    return np.asarray(keep[pieces])


def rows(photos: list[Truth], logits: list[npt.NDArray[np.float32]], threshold: float, seed: float) -> list[score.Row]:
    """Counts of each photo."""
    return [
        score.Row(p.name, p.kind, score.count(simple(logit, threshold, seed), p.damage, p.protect))
        for p, logit in zip(photos, logits, strict=True)
    ]


def table(figures: dict[str, float]) -> str:
    """On one line."""
    return "  ".join(
        f"{name} {value:.3f}" if "harm" not in name and "masked" not in name else f"{name} {100 * value:.3f}%"
        for name, value in figures.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=RUNS / "damage_scene")
    parser.add_argument("--part", choices=["train", "judge"], default="judge")
    parser.add_argument("--each", action="store_true", help="print every photo")
    parser.add_argument("--sheets", type=Path, help="folder for pictures with the mask drawn in")
    parser.add_argument("--threshold", type=float)
    choice = parser.parse_args()
    torch.set_num_threads(1)
    network = Both()
    network.load_state_dict(torch.load(choice.run / "last.pt", map_location="cpu")["average"])
    network = network.eval().to(memory_format=torch.channels_last)
    photos = Labelled(choice.part).photos
    logits = [look(network, photo.image) for photo in photos]
    for threshold in (choice.threshold,) if choice.threshold is not None else (-1.5, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0):
        for seed in (0.0, 1.5):
            print(
                f"{threshold:5.1f} +{seed:3.1f}  {table(score.summary(rows(photos, logits, threshold, seed)))}",
                flush=True,
            )
    if choice.each:
        for row in rows(photos, logits, choice.threshold or 0.0, 1.5):
            c = row.counts
            print(
                f"{row.name:42} {row.kind:8} {c.damage:7d} recall {c.recall:.2f} fine {c.recall_fine:.2f} "
                f"precision {c.precision:.2f} F1 {c.f1:.2f} harm {100 * c.harm:.3f}% wrong {c.wrong}"
            )
    if choice.sheets:
        choice.sheets.mkdir(parents=True, exist_ok=True)
        for photo, logit in zip(photos, logits, strict=True):
            found = simple(logit, choice.threshold or 0.0, 1.5)
            picture = np.ascontiguousarray(photo.image[..., ::-1])
            for mask, color in ((photo.damage == 255, (0, 200, 0)), (found, (0, 0, 255))):
                edges, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
                cv2.drawContours(picture, edges, -1, color, 1)
            cv2.imwrite(str(choice.sheets / f"{photo.name.replace('/', '__')}.png"), picture)


if __name__ == "__main__":
    main()
