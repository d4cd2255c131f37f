"""Train the verdict over pieces: ``python -m training.damage.verdict --minutes 12``, then ``--export``.

Pieces that the shipped detector proposes on the labelled photographs for training, and pieces of further photographs
that were judged one by one (``real/pieces.json``). ``runs/verdict`` keeps what the detector said, so that it is
asked once; remove it when the detector changes.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

from daguerre.models.adapters import DAMAGE
from daguerre.models.adapters.damage_pieces import NUMBERS, Pieces
from daguerre.models.adapters.scene_damage import SceneDamage
from daguerre.progress import Track
from training import RUNS, album, arguments, exported
from training.candidate import load_candidate
from training.damage import scenes, truth
from training.damage.labelled import JUDGED, Labelled, repositories, source
from training.damage.scene import SCENE
from training.loop import Plan, train

ASKED = truth.FOLDER.parent / "real_pieces.json"
CACHE = RUNS / "verdict" / "said"
_MOST = 300
"""Pieces that are taken of one photo."""
_NEAR = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_DRAWN, _EVEN = 420, 300
"""Photographs of today among the examples; from ``_EVEN`` on they are large soft scans."""
_UNSURE = 0.7
"""Logits by which the detector may be off, photo by photo: it was taught on most of these photos."""

Part = Literal["train", "drawn", "judge"]
Floats = npt.NDArray[np.float32]


class Branch(nn.Module):
    """One view [N, channels, 64, 64] to features [N, 384]: mean, largest, and at the middle."""

    def __init__(self, channels: int, widths: tuple[int, ...] = (24, 48, 96, 128)) -> None:
        super().__init__()
        self.channels = channels
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        before = 4 * channels
        for index, width in enumerate(widths):
            for k in range(2):
                stride = 2 if index and not k else 1
                layers += [nn.Conv2d(before, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
                before = width
        self.body = nn.Sequential(*layers)

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        seen = self.body(view)
        return torch.cat([seen.mean((2, 3)), seen.amax((2, 3)), seen[:, :, 1:3, 1:3].mean((2, 3))], 1)


class Verdict(nn.Module):
    """``near`` [N, 5, 64, 64], ``wide`` [N, 4, 64, 64], ``scene`` [N, 192] and ``numbers`` [N, 15] of pieces (see
    :mod:`daguerre.models.adapters.damage_pieces`) to the logit ``verdict`` [N, 1] that they are damage.
    """

    def __init__(self) -> None:
        super().__init__()
        self.near, self.wide = Branch(5), Branch(4)
        self.scene = nn.Sequential(nn.Dropout(0.3), nn.Linear(3 * SCENE, 64), nn.ReLU())
        self.numbers = nn.BatchNorm1d(NUMBERS)
        self.decide = nn.Sequential(
            nn.Dropout(0.3), nn.Linear(2 * 384 + 64 + NUMBERS, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 1)
        )

    def forward(
        self, near: torch.Tensor, wide: torch.Tensor, scene: torch.Tensor, numbers: torch.Tensor
    ) -> torch.Tensor:
        known = [self.near(near), self.wide(wide), self.scene(scene), self.numbers(numbers)]
        verdict: torch.Tensor = self.decide(torch.cat(known, 1))
        return verdict


@dataclass(slots=True)
class Examples:
    """Of n pieces: what the network sees, views as 0-255; ``target`` is the share that is damaged, ``weight`` 0 where
    unknown, and ``group`` the photo's collection.
    """

    near: npt.NDArray[np.uint8]
    wide: npt.NDArray[np.uint8]
    scene: Floats
    numbers: Floats
    target: Floats
    weight: Floats
    group: npt.NDArray[np.str_]

    @classmethod
    def join(cls, parts: list[Examples]) -> Examples:
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))  # type: ignore[attr-defined]

    def only(self, chosen: npt.NDArray[Any]) -> Examples:
        return Examples(*(getattr(self, name)[chosen] for name in self.__slots__))  # type: ignore[attr-defined]


def said(detector: SceneDamage, photo: truth.Truth) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The detector's map and scene of a photo, from the cache where they are there."""
    file = CACHE / f"{photo.name.replace('/', '__')}.npz"
    if not file.exists():
        found, scene = detector.look(photo.image, Track())
        CACHE.mkdir(parents=True, exist_ok=True)
        np.savez(file, map=found, scene=scene)
    kept = np.load(file)
    return kept["map"], kept["scene"]


def examples(detector: SceneDamage, photo: truth.Truth, group: str, rng: np.random.Generator) -> Examples | None:
    """The pieces of one photo of which something is known."""
    found, scene = said(detector, photo)
    pieces = Pieces(found)
    hurt = photo.damage == 255
    around = cv2.dilate(hurt.astype(np.uint8), _NEAR) > 0
    right, wrong, kept = (
        np.bincount(pieces.piece, part.ravel()[pieces.pixels], pieces.count)
        for part in (around, (photo.damage == 0) & ~around, photo.protect)
    )
    known = right + wrong
    chosen = np.flatnonzero(known)
    if not len(chosen):
        return None
    if len(chosen) > _MOST:
        chosen = np.sort(rng.choice(chosen, _MOST, replace=False))
    weight = np.sqrt(known[chosen]) * np.where(kept[chosen] > 0, 2, 1)
    eight = lambda views: np.rint(views * 255).astype(np.uint8)  # noqa: E731
    return Examples(
        eight(pieces.near(photo.image, chosen)),
        eight(pieces.wide(SceneDamage.reduced(photo.image), chosen)),
        pieces.scene(scene, chosen),
        pieces.numbers()[chosen],
        (right[chosen] / known[chosen]).astype(np.float32),
        # Each photo counts by the root of what is known of it.
        (weight / np.sqrt(weight.sum())).astype(np.float32),
        np.full(len(chosen), group),
    )


def asked() -> Iterator[truth.Truth]:
    """Photos of which single pieces were judged; everything else in them is unknown."""
    for name, pieces in json.loads(ASKED.read_text("utf-8")).items():
        try:
            image = truth.open_photo(name)
        except OSError:
            continue
        damage = np.full(image.shape[:2], 128, np.uint8)
        for kind, value in (("sound", 0), ("damage", 255)):
            for outline in pieces.get(kind, []):
                cv2.fillPoly(damage, [np.int32(outline).reshape(-1, 2)], value)
        yield truth.Truth(name, "asked", image, damage, np.zeros(damage.shape, bool))


def drawn(count: int) -> Iterator[truth.Truth]:
    """Photographs of today: as they are, made to look old, with damage drawn on them, and that on large soft scans."""
    entries = album.ready()
    modern = [entry for entry in entries if not entry.old]
    tones = scenes.Tones.load(entries)
    for number in range(count):
        rng = np.random.default_rng((7, number))
        picture = scenes.turned(modern[rng.integers(len(modern))].open(), rng)
        kind = number % 3 if number < _EVEN else 3
        picture = scenes.sized(picture, int(scenes.log_uniform(rng, *((480, 1280) if kind < 3 else (320, 700)))), rng)
        where = np.zeros(picture.shape[:2], np.uint8)
        if kind == 1:
            picture = scenes.store(scenes.grain(scenes.age(picture, rng, tones), rng)[0], rng)
        elif kind == 2:
            scene = scenes.drawn(picture, rng, tones)
            picture, where = scene.image, np.where(scene.truth > 0, 255, np.where(scene.trust > 0, 0, 128))
        elif kind == 3:
            size = round(max(picture.shape[:2]) * rng.uniform(2, 4)) / max(picture.shape[:2])
            soft = cv2.resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_CUBIC)
            image, hurt, unsure = scenes.damage(soft.astype(np.float32) / 255, rng, 0.01)
            picture = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
            where = np.where(hurt > 0, 255, np.where(unsure > 0, 128, 0))
        yield truth.Truth(f"drawn/{number}", "drawn", picture, where.astype(np.uint8), where > 255)


def gather(part: Part) -> Examples:
    """All examples of ``part``, kept once they are made."""
    file = RUNS / "verdict" / f"{part}.npz"
    if not file.exists():
        detector = load_candidate(DAMAGE, exported.WEIGHTS / "damage.onnx", threads=1)
        assert isinstance(detector, SceneDamage)
        known, rng = repositories(), np.random.default_rng(0)
        photos = drawn(_DRAWN) if part == "drawn" else Labelled(part).photos
        if part == "train":
            photos = itertools.chain(photos, (p for p in asked() if source(p.name, known) not in JUDGED))
        parts = [examples(detector, photo, source(photo.name, known), rng) for photo in photos]
        joined = Examples.join([some for some in parts if some is not None])
        np.savez(file, **{name: getattr(joined, name) for name in Examples.__slots__})  # type: ignore[attr-defined]
    kept = np.load(file)
    return Examples(*(kept[name] for name in Examples.__slots__))  # type: ignore[attr-defined]


Batch = tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]


def batch(of: Examples, index: npt.NDArray[np.int64], rng: np.random.Generator | None) -> Batch:
    """Inputs, target and weight; turned, mirrored and toned where there is ``rng``."""
    views = []
    quarter, mirror = (int(rng.integers(4)), rng.random() < 0.5) if rng else (0, False)
    for view in (of.near[index], of.wide[index]):
        turned = np.rot90(view, quarter, (2, 3))
        turned = turned[..., ::-1] if mirror else turned
        views.append(torch.from_numpy(np.ascontiguousarray(turned)).float() / 255)
    numbers, scene = torch.from_numpy(of.numbers[index]), torch.from_numpy(of.scene[index])
    if rng:
        n = len(index)
        gamma, tone = torch.exp(torch.randn(n, 1, 1, 1) * 0.25), 1 + torch.randn(n, 3, 1, 1) * 0.06
        level = torch.randn(n, 1, 1, 1) * 0.05
        off = torch.randn(n, 1) * _UNSURE
        numbers[:, 1:3] += off
        for view in views:
            view[:, :3] = (view[:, :3].clamp(1e-3) ** gamma * tone + level).clamp(0, 1)
            sure = torch.sigmoid(torch.logit(view[:, 3:4].clamp(0.008, 0.992)) + off[:, :, None, None])
            view[:, 3:4] = torch.where(view[:, 3:4] > 0, sure, view[:, 3:4])
    inputs = [view.contiguous(memory_format=torch.channels_last) for view in views]
    return [*inputs, scene, numbers], torch.from_numpy(of.target[index]), torch.from_numpy(of.weight[index])


def objective(network: nn.Module, came: Batch) -> tuple[torch.Tensor, dict[str, float]]:
    """Cross entropy against slightly softened truth."""
    inputs, target, weight = came
    logit = network(*inputs)[:, 0].float()
    entropy = F.binary_cross_entropy_with_logits(logit, target * 0.96 + 0.02, reduction="none")
    return (entropy * weight).mean(), {}


def area_under_curve(score: Floats, target: Floats, weight: Floats) -> float:
    """Chance that a damaged piece scores above a sound one, by weight."""
    order = np.argsort(score)
    damaged, sound = target[order] * weight[order], (1 - target[order]) * weight[order]
    return float((damaged * (np.cumsum(sound) - sound / 2)).sum() / (damaged.sum() * sound.sum()))


def verdicts(network: nn.Module, of: Examples) -> Floats:
    """The logit of every example."""
    rows = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(of.target), 256):
            inputs, _, _ = batch(of, np.arange(start, min(start + 256, len(of.target))), None)
            rows.append(network(*inputs)[:, 0].float().numpy())
    return np.concatenate(rows)


def endless(of: Examples, size: int, seed: int) -> Iterator[Batch]:
    """Shuffled batches without end."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(of.target))
        for start in range(0, len(order) - size + 1, size):
            yield batch(of, order[start : start + size], rng)


def export(network: nn.Module, path: Path) -> None:
    """Write ``network`` as ONNX."""
    example = {
        "near": torch.rand(3, 5, 64, 64),
        "wide": torch.rand(3, 4, 64, 64),
        "scene": torch.rand(3, 3 * SCENE),
        "numbers": torch.rand(3, NUMBERS),
    }
    exported.write(network.eval(), example, ["verdict"], path, tolerance=3e-2, half=True, free=False)


def main() -> None:
    parser = arguments.parser(__doc__, "verdict", minutes=12, rate=1e-3, batch=128)
    parser.add_argument("--fold", type=int, help="one of five folds of collections to leave out and judge by")
    parser.add_argument("--export", action="store_true", help="write what was trained instead")
    choice = parser.parse_args()
    arguments.begin(choice)
    network = Verdict()
    if choice.export:
        export(exported.averaged(network, choice.run), exported.WEIGHTS / "damage_verdict.onnx")
        return
    arguments.take_up(network, choice)
    every = Examples.join([gather("train"), gather("drawn")])
    every.weight /= every.weight.mean()
    judging: dict[str, Examples] = {"judge": gather("judge")}
    if choice.fold is not None:
        groups = np.random.default_rng(1).permutation(np.unique(every.group))
        out = np.isin(every.group, groups[choice.fold :: 5])
        judging["fold"], every = every.only(out), every.only(~out)

    def judge(averaged: nn.Module) -> dict[str, float]:
        return {
            f"{name} {what}": area_under_curve(score, of.target, of.weight)
            for name, of in judging.items()
            for what, score in (("map", of.numbers[:, 1]), ("verdict", verdicts(averaged, of)))
        }

    plan = Plan(
        choice.minutes,
        rate=choice.rate,
        warmup=50,
        ema=0.995,
        checkpoint_s=120,
        report_s=60,
        seed=choice.seed,
        muon=False,
    )
    train(network, endless(every, choice.batch, choice.seed), objective, plan, choice.run, judge=judge)


if __name__ == "__main__":
    main()
