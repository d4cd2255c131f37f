"""Train the damage detector by zooming in: ``python -m training.damage.zoom --minutes 600``.

The whole photo is seen at no more than 320 pixels, then windows of it at twice that scale, then windows of those at
four times, each with what the wider view found, remembered and knows of the scene, as the product walks its pyramid.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from training import album, exported, pictures
from training.damage import scenes
from training.damage.labelled import Labelled
from training.damage.scene import CONTEXT, Both, fresh
from training.loop import Plan, train

RUNS = Path(__file__).parents[2] / "runs"
WINDOW = 256
"""Pixels of a side of a window at every level but the first."""
WHOLE = 320
"""Pixels of a side of the widest view."""
_GRID = 32
_OWN = 0.65
"""How often the finest level sees its own scene; else that of the level above, as on photos too large for the
encoder.
"""


@dataclass(slots=True)
class Zoom:
    """One photo: ``whole`` [3, 320, 320] and windows at twice and four times its scale.

    ``places`` are (index of the window above, top, left) in the pixels of their own level. Truth and trust belong to
    each view, as [1, S, S] uint8.
    """

    whole: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    middle: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    middle_places: torch.Tensor
    fine: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    fine_places: torch.Tensor


def _half(part: np.ndarray) -> np.ndarray:
    return cv2.resize(part, (part.shape[1] // 2, part.shape[0] // 2), interpolation=cv2.INTER_AREA)


def zooms(
    scene: scenes.Scene, rng: np.random.Generator, times: int, middles: int = 1, fines: int = 2
) -> Iterator[Zoom]:
    """``times`` choices of windows of one photo, whose sides are at most 1280."""
    height, width = scene.image.shape[:2]
    full = 4 * WHOLE
    pad = ((0, full - height), (0, full - width))
    image = np.pad(scene.image, (*pad, (0, 0)), mode="reflect" if min(height, width) > full // 2 else "symmetric")
    truth = np.pad(scene.truth.astype(np.float32), pad)
    doubt = np.pad((scene.trust == 0).astype(np.float32), pad, constant_values=1)
    weight = np.pad(np.maximum(scene.trust, 1).astype(np.float32), pad)
    levels = [(image, truth, doubt, weight)]
    for _ in range(2):
        levels.insert(0, tuple(_half(part) for part in levels[0]))  # type: ignore[arg-type]

    def view(level: int, top: int, left: int, side: int) -> tuple[torch.Tensor, ...]:
        picture, where, unsure, counts = (part[top : top + side, left : left + side] for part in levels[level])
        hit = where > (0.2 if level < 2 else 0.5)
        trust = (unsure <= 0.3) | hit
        trust = (trust & (unsure < 0.999)) * np.rint(counts)
        return (
            torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))),
            torch.from_numpy(hit[None].astype(np.uint8)),
            torch.from_numpy(trust[None].astype(np.uint8)),
        )

    def pick(level: int, low: tuple[int, int], high: tuple[int, int]) -> tuple[int, int]:
        best, most = (low[0], low[1]), -1.0
        wanted = rng.random() < 0.5
        for _ in range(4 if wanted else 1):
            place = tuple(
                int(rng.integers(a // _GRID, max(a, b) // _GRID + 1)) * _GRID for a, b in zip(low, high, strict=True)
            )
            part = levels[level][1][place[0] : place[0] + WINDOW, place[1] : place[1] + WINDOW]
            score = float(part.mean()) + 1e-6 * rng.random()
            if score > most:
                best, most = (place[0], place[1]), score
        return best

    for _ in range(times):
        whole = view(0, 0, 0, WHOLE)
        middle, middle_places, fine, fine_places = [], [], [], []
        for index in range(middles):
            top, left = pick(1, (0, 0), (max(0, height // 2 - WINDOW), max(0, width // 2 - WINDOW)))
            middle.append(view(1, top, left, WINDOW))
            middle_places.append((0, top, left))
            for _ in range(fines):
                low = (2 * top, 2 * left)
                high = (
                    min(low[0] + WINDOW, max(low[0], height - WINDOW)),
                    min(low[1] + WINDOW, max(low[1], width - WINDOW)),
                )
                y, x = pick(2, low, high)
                fine.append(view(2, y, x, WINDOW))
                fine_places.append((index, y - low[0], x - low[1]))
        stack = lambda views: tuple(torch.stack(parts) for parts in zip(*views, strict=True))  # noqa: E731
        yield Zoom(stack([whole]), stack(middle), torch.tensor(middle_places), stack(fine), torch.tensor(fine_places))


class Photos(torch.utils.data.IterableDataset[list[Zoom]]):
    """Batches of zooms into drawn and real photos."""

    def __init__(self, seed: int, batch: int, real: float, side: int = 4 * WHOLE) -> None:
        self.seed, self.batch, self.real_share, self.side = seed, batch, real, side
        entries = album.ready()
        self.modern = [entry for entry in entries if not entry.old]
        self.real = Labelled("train")
        self.old = [
            entry for entry in entries if entry.old and entry.damaged == "no" and not self.real.knows(entry.name)
        ]
        self.tones = scenes.Tones.load(entries)
        self.pack = pictures.load()
        short = np.minimum(self.pack.heights, self.pack.widths)
        faces = np.isin(self.pack.sets, pictures.FACES)
        shares = np.where(short < 190, 0, np.where(faces, 0.35, 1.0))
        self.steps = np.cumsum(shares / shares.sum())

    def scene(self, rng: np.random.Generator) -> scenes.Scene:
        """A photo, its damage and what counts."""
        dice = rng.random()
        if dice < self.real_share and len(self.real):
            return self.real.scene(rng, self.side)
        long = int(scenes.log_uniform(rng, 480, self.side))
        if dice < self.real_share + 0.1 and self.old:
            entry = self.old[rng.integers(len(self.old))]
            picture = scenes.sized(scenes.turned(entry.open(), rng), long, rng)
            return scenes.drawn(picture, rng, self.tones, keep_look=True, doubtful=_suspicious(picture))
        if rng.random() < 0.22:
            picture = self.pack[min(int(np.searchsorted(self.steps, rng.random())), len(self.pack) - 1)]
            picture = scenes.sized(scenes.turned(picture, rng), int(scenes.log_uniform(rng, 360, 760)), rng)
            return scenes.drawn(picture, rng, self.tones)
        entry = self.modern[rng.integers(len(self.modern))]
        return scenes.drawn(scenes.sized(scenes.turned(entry.open(), rng), long, rng), rng, self.tones)

    def __iter__(self) -> Iterator[list[Zoom]]:
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0, int.from_bytes(os.urandom(4))))
        pool: list[Iterator[Zoom]] = []
        while True:
            rows = []
            while len(rows) < self.batch:
                if len(pool) < 4 * self.batch:
                    pool.append(zooms(self.scene(rng), rng, 3))
                index = int(rng.integers(len(pool)))
                try:
                    rows.append(next(pool[index]))
                except StopIteration:
                    pool.pop(index)
            yield rows


def _suspicious(picture: np.ndarray) -> np.ndarray:
    """Where an old photo has small bright or dark things on even ground: it may be worn there, and nobody has
    looked.
    """
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    middle = cv2.medianBlur(gray, 9)
    rough = cv2.blur(cv2.absdiff(gray, middle).astype(np.float32), (25, 25))
    odd = cv2.absdiff(gray, middle) > 9 + 2.5 * rough
    return cv2.dilate(odd.astype(np.uint8), np.ones((3, 3), np.uint8))


def _inputs(views: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    image, truth, trust = views
    image = (image.float() / 255).contiguous(memory_format=torch.channels_last)
    return image, truth.float(), trust.float()


def _from_above(wider: torch.Tensor, places: torch.Tensor, cell: int, side: int) -> torch.Tensor:
    """The parts of a wider level's map [N, C, h, w] that lie under windows: ``places`` (row, top, left) in finer
    pixels.
    """
    parts = []
    size = side // (2 * cell)
    for row, top, left in places.tolist():
        y, x = top // (2 * cell), left // (2 * cell)
        parts.append(wider[row : row + 1, :, y : y + size, x : x + size])
    stacked = torch.cat(parts)
    if cell == 1:
        return F.interpolate(stacked, scale_factor=2.0, mode="bilinear", align_corners=False)
    return F.interpolate(stacked, scale_factor=2.0, mode="nearest")


def walk(network: Both, zooms_: list[Zoom], own: bool) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Logit, truth and trust of the three levels."""
    joined = lambda name: tuple(torch.cat(parts) for parts in zip(*(getattr(z, name) for z in zooms_), strict=True))  # noqa: E731
    answers = []
    image, truth, trust = _inputs(joined("whole"))
    n, _, height, width = image.shape
    scene = network.scene(image)
    logit, told = network.detector(
        image, image.new_zeros(n, 1, height, width), image.new_zeros(n, CONTEXT, height // 8, width // 8), scene
    )
    answers.append((logit, truth, trust))
    for name in ("middle", "fine"):
        rows = []
        for index, zoom in enumerate(zooms_):
            places = getattr(zoom, f"{name}_places").clone()
            places[:, 0] += index * (1 if name == "middle" else len(zoom.middle_places))
            rows.append(places)
        places = torch.cat(rows)
        image, truth, trust = _inputs(joined(name))
        coarse = _from_above(torch.sigmoid(logit.float()), places, 1, WINDOW)
        context = _from_above(told.float(), places, 8, WINDOW)
        scene = network.scene(image) if name == "middle" or own else _from_above(scene, places, 8, WINDOW)
        logit, told = network.detector(image, coarse, context, scene)
        answers.append((logit, truth, trust))
    return answers


def objective(network: torch.nn.Module, batch: list[Zoom]) -> tuple[torch.Tensor, dict[str, float]]:
    """Cross entropy, where damage counts twice, and soft Dice at every level; the finest counts most."""
    assert isinstance(network, Both)
    answers = walk(network, batch, bool(torch.rand(()) < _OWN))
    total = torch.zeros(())
    figures: dict[str, float] = {}
    for weight, (logit, truth, trust) in zip((0.3, 0.6, 1.0), answers, strict=True):
        logit = logit.float()
        entropy = (F.binary_cross_entropy_with_logits(logit, truth, reduction="none") * trust * (1 + truth)).mean()
        chance = torch.sigmoid(logit) * trust
        dice = 1 - (2 * (chance * truth).sum() + 50) / (chance.sum() + (truth * trust).sum() + 50)
        total = total + weight * (entropy + 0.1 * dice)
        if weight == 1.0:
            found = chance.detach() > 0.5
            hit = float((found & (truth > 0.5)).sum())
            figures = {
                "entropy": float(entropy.detach()),
                "precision": hit / max(1.0, float(found.sum())),
                "recall": hit / max(1.0, float((truth * trust).sum())),
            }
    return total, figures


def _aside(_: int) -> None:
    """The worker that draws goes where there is room."""
    cores = os.environ.get("DAGUERRE_DRAW_CORES")
    if cores:
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=3, help="photos a step")
    parser.add_argument("--real", type=float, default=0.3, help="share of real labelled photos")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shipped", action="store_true", help="start the detector from the weights that ship")
    parser.add_argument("--start", type=Path, help="a checkpoint whose averaged weights to start from")
    parser.add_argument("--out", type=Path, default=RUNS / "damage_scene")
    choice = parser.parse_args()
    torch.set_num_threads(choice.threads)
    network = fresh()
    if choice.shipped:
        exported.shipped(network.detector, "damage.onnx", prefix="detector.")
    if choice.start:
        network.load_state_dict(torch.load(choice.start, map_location="cpu")["average"])
    loader = torch.utils.data.DataLoader(
        Photos(choice.seed, choice.batch, choice.real),
        batch_size=None,
        num_workers=1,
        prefetch_factor=8,
        worker_init_fn=_aside,
    )
    plan = Plan(choice.minutes, choice.rate, seed=choice.seed, ema=0.999, checkpoint_s=300, report_s=60)
    train(network, iter(loader), objective, plan, choice.out)


if __name__ == "__main__":
    main()
