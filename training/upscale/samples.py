"""Poor and true pictures side by side, with the teacher's answer where it was asked."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from training import album
from training.damage.scenes import Tones
from training.damage.wear import Random
from training.upscale import pairs, pool
from training.upscale.degrade import blur, look, shrink, spoil

_NOISIEST = 5.0
"""Levels of noise in what is enlarged: the product reduces noise before it enlarges."""

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(slots=True)
class Batch:
    """``poor`` [N, 3, h, w] and ``true`` [N, 3, H, W] 0..1; ``answer`` as ``true``, and ``asked`` [N] 1 where there
    is one.
    """

    poor: torch.Tensor
    true: torch.Tensor
    answer: torch.Tensor
    asked: torch.Tensor
    factor: int


def _tensor(rows: list[Bytes]) -> torch.Tensor:
    return (
        torch.from_numpy(np.stack(rows))
        .permute(0, 3, 1, 2)
        .float()
        .div(255)
        .contiguous(memory_format=torch.channels_last)
    )


class Samples(torch.utils.data.IterableDataset[Batch]):
    """``mode`` ``face``: aligned faces at their own size, poor in all ways. ``enlarge``: scans at a half or a
    quarter.
    """

    def __init__(self, mode: str, seed: int, size: int, side: int = 256, taught: float = 0.5) -> None:
        self.mode, self.seed, self.size, self.taught = mode, seed, size, taught
        self.full = self.side = side
        self.asked = pairs.complete()
        self.truth = {kind: sorted(pool.FOLDER.glob(f"train_{kind}_*.png")) for kind in ("face", "thing")}
        self.tones = Tones.load(album.ready())

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        rng = np.random.default_rng((self.seed, int.from_bytes(os.urandom(4))))
        for number in itertools.count(1):
            if number % 300 == 0:
                self.asked = pairs.complete()
            factor = 4 if self.mode == "face" or rng.random() < 0.6 else 2
            # Half the side, so that both factors cost the network the same.
            self.side = self.full if factor == 4 else self.full // 2
            rows = [self.sample(rng, factor) for _ in range(self.size)]
            poor, true, answer, asked = zip(*rows, strict=True)
            yield Batch(
                _tensor(list(poor)),
                _tensor(list(true)),
                _tensor(list(answer)),
                torch.tensor(asked, dtype=torch.float32),
                factor,
            )

    def sample(self, rng: Random, factor: int) -> tuple[Bytes, Bytes, Bytes, float]:
        kind = "face" if rng.random() < (0.85 if self.mode == "face" else 0.3) else "thing"
        asked = self.asked[kind]
        # A few answers are not shown so often that they are learned by heart.
        if factor == 4 and rng.random() < self.taught * min(1.0, len(asked) / 300):
            return self.from_teacher(asked[rng.integers(len(asked))], rng)
        true = _read(self.truth[kind][rng.integers(len(self.truth[kind]))])
        true = self.part(true[:, ::-1] if rng.random() < 0.5 else true, rng, self.side)
        true = np.ascontiguousarray(look(true, rng, self.tones))
        poor = shrink(true, factor, rng, _NOISIEST) if self.mode == "enlarge" else self.softened(true, rng)
        return poor, true, true, 0.0

    def part(self, picture: Bytes, rng: Random, side: int) -> Bytes:
        y, x = (int(rng.integers(0, (n - side) // 4 + 1)) * 4 for n in picture.shape[:2])
        return np.ascontiguousarray(picture[y : y + side, x : x + side])

    def softened(self, true: Bytes, rng: Random) -> Bytes:
        """A face as an old photo holds it: reduced by 1 to 8, blurred, grainy, compressed, and brought back; one in
        sixteen is sharp.
        """
        if rng.random() < 0.06:
            return true
        factor = float(np.exp(rng.uniform(0, np.log(8.5))))
        side = true.shape[0]
        image = blur(true.astype(np.float32) / 255, rng, rng.uniform(0, 0.7) * factor)
        small = max(24, round(side / factor))
        reduced = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        poor = spoil(reduced, rng)
        return np.asarray(cv2.resize(poor, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)

    def from_teacher(self, file: Path, rng: Random) -> tuple[Bytes, Bytes, Bytes, float]:
        stem = str(file).removesuffix("_small.png")
        small, true, answer = _read(file), _read(Path(f"{stem}_truth.png")), _read(Path(f"{stem}_answer.png"))
        if rng.random() < 0.5:
            small, true, answer = (part[:, ::-1] for part in (small, true, answer))
        if self.mode == "face":
            small = cv2.resize(np.ascontiguousarray(small), (pool.SIDE, pool.SIDE), interpolation=cv2.INTER_CUBIC)
            y, x = (int(rng.integers(0, (pool.SIDE - self.side) // 4 + 1)) * 4 for _ in range(2))
            cut = np.s_[y : y + self.side, x : x + self.side]
            small, true, answer = (np.ascontiguousarray(part[cut]) for part in (small, true, answer))
            return small, true, answer, 1.0
        side = self.side // 4
        y, x = (int(rng.integers(0, pairs.SMALL - side + 1)) for _ in range(2))
        cut, large = np.s_[y : y + side, x : x + side], np.s_[4 * y : 4 * (y + side), 4 * x : 4 * (x + side)]
        return (
            np.ascontiguousarray(small[cut]),
            np.ascontiguousarray(true[large]),
            np.ascontiguousarray(answer[large]),
            1.0,
        )


def _read(file: Path) -> Bytes:
    return np.ascontiguousarray(cv2.imread(str(file), cv2.IMREAD_COLOR)[..., ::-1])
