"""Real photographs with labelled damage, split by where they come from: some sources are for judging only."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from training import album
from training.damage import truth
from training.damage.scenes import Scene, damage, store, turned
from training.damage.synthesis import age as faded
from training.damage.wear import Random, log_uniform

JUDGED = frozenset(
    {
        "321vno/americans-in-egypt",
        "Fraukindermann/Mapping-Thonet",
        "Senoia-Area-Historical-Society/sahs-website",
        "CollectionBuilder/cb-examples",
        "helenjanei/family-history",
        "Julie21999/iu-the-gary-project",
        "old_postcards",
        "glass_plates",
    }
)
"""Sources on which nothing is trained."""
PROTECTED = 2
"""How much more a wrong pixel counts where somebody said that it must never be touched."""
_WEIGHTS = {"damaged": 2.0, "sparse": 1.3, "clean": 1.0}


def source(name: str, repositories: dict[str, str]) -> str:
    """The collection of a photo: its repository, or its folder."""
    return repositories.get(name, name.split("/")[0])


def repositories() -> dict[str, str]:
    """The repository of every photo of the album."""
    return {row["file"].rsplit(".", 1)[0]: row["repository"] for row in album.index()}


class Labelled:
    """The labelled photos for training or for judging."""

    def __init__(self, part: Literal["train", "judge"]) -> None:
        known = repositories()
        every = truth.labels()
        self.labelled = set(every)
        names = [name for name in every if (source(name, known) in JUDGED) == (part == "judge")]
        self.photos = list(truth.load(names))
        weights = np.array([_WEIGHTS[photo.kind] for photo in self.photos])
        self.steps = np.cumsum(weights / weights.sum()) if len(weights) else weights

    def __len__(self) -> int:
        return len(self.photos)

    def knows(self, name: str) -> bool:
        """Whether a photo is labelled, for whichever part."""
        return name in self.labelled

    def scene(self, rng: Random, side: int) -> Scene:
        """A labelled photo at a size, turn, tone and compression of its own, at times with more damage drawn on it."""
        photo = self.photos[min(int(np.searchsorted(self.steps, rng.random())), len(self.photos) - 1)]
        weight = np.where(photo.protect, PROTECTED, 1).astype(np.uint8)
        stack = np.dstack([photo.image, photo.damage, weight])
        height, width = stack.shape[:2]
        scale = log_uniform(rng, 0.55, 1.5) if rng.random() < 0.6 else 1.0
        if max(height, width) * scale > side:
            if rng.random() < 0.5:
                scale = side / max(height, width)
            else:
                tall, wide = (min(n, int(side / scale)) for n in (height, width))
                y, x = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
                stack = stack[y : y + tall, x : x + wide]
        stack = np.ascontiguousarray(turned(stack, rng))
        image, where, weight = stack[..., :3], stack[..., 3], stack[..., 4]
        if scale != 1:
            size = (max(64, round(image.shape[1] * scale)), max(64, round(image.shape[0] * scale)))
            how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            image = cv2.resize(np.ascontiguousarray(image), size, interpolation=how)
            part = (where == 255).astype(np.float32), (where == 128).astype(np.float32)
            hit, unknown = (
                cv2.resize(p, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR) for p in part
            )
            where = np.where(hit > 0.4, 255, np.where(unknown + hit > 0.3, 128, 0)).astype(np.uint8)
            weight = cv2.resize(np.ascontiguousarray(weight), size, interpolation=cv2.INTER_NEAREST)
        truth_, trust = (where == 255).astype(np.uint8), np.where(where == 128, 0, weight).astype(np.uint8)
        dice = rng.random()
        if dice < 0.25:
            image = np.rint(faded(np.ascontiguousarray(image), rng) * 255).clip(0, 255).astype(np.uint8)
        elif dice < 0.5:
            curve = np.clip(
                (np.arange(256)[:, None] / 255) ** rng.uniform(0.75, 1.35, 3) * rng.uniform(0.85, 1.12) * 255, 0, 255
            )
            image = np.dstack([np.rint(curve[:, c]).astype(np.uint8)[image[..., c]] for c in range(3)])
        if rng.random() < 0.2:
            drawn, more, unsure = damage(image.astype(np.float32) / 255, rng, 0.015)
            image = np.rint(drawn * 255).clip(0, 255).astype(np.uint8)
            truth_, trust = (
                truth_ | more,
                np.where((unsure > 0) & (more == 0) & (truth_ == 0), 0, np.maximum(trust, more)).astype(np.uint8),
            )
        if rng.random() < 0.3:
            image = store(image.astype(np.float32) / 255, rng)
        return Scene(np.ascontiguousarray(image), truth_, trust)
