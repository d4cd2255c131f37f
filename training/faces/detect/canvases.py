"""Canvases with faces of every size, tilt and state, and what must not be taken for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from training import pictures
from training.aging import recode, spill
from training.ahead import make_ahead
from training.damage import wounds
from training.faces import labels

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Random = np.random.Generator

SIDE = 256
SMALLEST, LARGEST = 10.0, 230.0
SURE, DOUBTFUL = 0.72, 0.35
"""Scores of the teacher from which a face is one, and below which it is none; between them nothing is learned."""
ANIMALS = ("cats_dogs", "food_feedme", "hymenoptera")
"""Sets in which the teacher takes the faces of animals for ours, unless it is very sure."""
HELD_OUT = 23
_FACELESS = 0.4
_KINDS = ("scratches", "cracks", "dust", "film", "shapes", "folds", "hairs", "stains", "lines")


class Canvases:
    """Draws canvases from the pack's pictures; ``held_out`` for judging."""

    def __init__(self, seed: int, runs: Path, *, held_out: bool = False) -> None:
        self.rng = np.random.default_rng(seed)
        self.pack = pictures.load()
        self.bank = wounds.bank(runs / "wounds")
        faces, owners = labels.load()
        self.faces = {
            int(owner): rows
            for owner in np.unique(owners)
            if len(rows := _apart(_trusted(faces[owners == owner], str(self.pack.sets[owner]))))
        }
        mine = (np.arange(len(self.pack)) % HELD_OUT == 0) == held_out
        sure = {owner for owner, rows in self.faces.items() if (rows[:, 14] >= SURE).any() and mine[owner]}
        self.peopled = np.array(sorted(sure))
        self.plain = np.array([i for i in range(len(self.pack)) if mine[i] and i not in self.faces])
        self.plain_odds = np.full(len(self.plain), 1 / len(self.plain))
        hard = runs / "faces" / "hard.npz"
        if hard.exists() and not held_out:
            with np.load(hard) as found:
                scores = dict(zip(found["pictures"].tolist(), found["scores"].tolist(), strict=True))
            odds = np.array([0.3 + 3 * scores.get(int(index), 0.0) ** 2 for index in self.plain])
            self.plain_odds = odds / odds.sum()
        # Pictures of natural scenes count more than heads cut out of theirs.
        scene = ~np.isin(self.pack.sets[self.peopled], pictures.FACES)
        self.odds = np.where(scene, 2.0, 1.0) / np.where(scene, 2.0, 1.0).sum()

    def draw(self) -> tuple[Bytes, Floats]:
        """A canvas ``[SIDE, SIDE]`` and its faces as rows of 15: box, landmarks, 1 for a face or 0 for doubt."""
        rng = self.rng
        if rng.random() < _FACELESS:
            image, faces = self._view(int(rng.choice(self.plain, p=self.plain_odds)), None)
        else:
            image, faces = self._view(int(rng.choice(self.peopled, p=self.odds)), self._size())
        if rng.random() < 0.5:
            for _ in range(int(rng.integers(1, 6))):
                image, faces = self._paste(image, faces)
        return self._age(image), faces

    def _size(self) -> float:
        if self.rng.random() < 0.15:  # parts of a face are none
            return float(self.rng.uniform(260, 900))
        return float(np.exp(self.rng.uniform(np.log(11), np.log(200))))

    def _view(self, index: int, size: float | None) -> tuple[Bytes, Floats]:
        """A picture turned and scaled so that one of its faces has ``size`` pixels."""
        rng = self.rng
        gray = cv2.cvtColor(np.ascontiguousarray(self.pack[index]), cv2.COLOR_RGB2GRAY)
        height, width = gray.shape
        rows = self.faces.get(index, np.zeros((0, 15), np.float32))
        angle = float(np.clip(rng.normal(0, 14), -50, 50)) if rng.random() < 0.75 else float(rng.uniform(-50, 50))
        if size is None:
            scale = float(np.exp(rng.uniform(np.log(0.3), np.log(2.5))))
            center, target = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0.2, 0.8, 2) * SIDE
        else:
            sure = rows[rows[:, 14] >= SURE]
            face = sure[rng.integers(len(sure))]
            scale = min(size / max(face[2], face[3]), 4.0)
            center, target = face[:2] + face[2:4] / 2, rng.uniform(0.08, 0.92, 2) * SIDE
        flip = rng.random() < 0.5
        turn, rows = _turned(rows, center, target, scale, angle, flip, width)
        if scale < 0.7:
            gray = cv2.GaussianBlur(gray, (0, 0), 0.45 / scale)
        if flip:
            gray = gray[:, ::-1]
        image = cv2.warpAffine(np.ascontiguousarray(gray), turn, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        outside = cv2.warpAffine(np.full_like(gray, 255), turn, (SIDE, SIDE)) < 255
        if outside.any():
            image[outside] = self._ground()[outside]
        return np.asarray(image, np.uint8), _seen(rows)

    def _ground(self) -> Bytes:
        """What lies around a picture: another one without faces, or an even tone."""
        rng = self.rng
        if rng.random() < 0.2:
            return np.full((SIDE, SIDE), int(rng.uniform(0, 255)), np.uint8)
        gray = cv2.cvtColor(
            np.ascontiguousarray(self.pack[int(rng.choice(self.plain, p=self.plain_odds))]), cv2.COLOR_RGB2GRAY
        )
        side = int(min(gray.shape) * rng.uniform(0.4, 1))
        y, x = (int(rng.integers(0, length - side + 1)) for length in gray.shape)
        part = np.ascontiguousarray(gray[y : y + side, x : x + side])
        return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)

    def _paste(self, image: Bytes, faces: Floats) -> tuple[Bytes, Floats]:
        """A head onto the canvas, with soft edges or as a picture in it, where it covers no other face."""
        rng = self.rng
        index = int(rng.choice(self.peopled))
        size = float(np.exp(rng.uniform(np.log(11), np.log(90))))
        view, found = self._view(index, size)
        if not len(found):
            return image, faces
        row = found[int(np.argmax(found[:, 14]))]
        x, y, w, h = row[:4]
        grow = float(rng.uniform(0.25, 1.0))
        left, top = max(0, int(x - grow * w)), max(0, int(y - grow * h))
        right, bottom = min(SIDE, int(x + w + grow * w) + 1), min(SIDE, int(y + h + grow * h) + 1)
        if right - left < 8 or bottom - top < 8:
            return image, faces
        if len(faces) and (_overlap(faces[:, :4], np.array([left, top, right - left, bottom - top])) > 0).any():
            return image, faces
        mask = np.zeros((SIDE, SIDE), np.float32)
        if rng.random() < 0.6:
            middle = ((left + right) // 2, (top + bottom) // 2)
            cv2.ellipse(mask, middle, ((right - left) // 2, (bottom - top) // 2), 0, 0, 360, 1, -1)
            mask = cv2.GaussianBlur(mask, (0, 0), max(0.8, 0.06 * (right - left)))
        else:
            mask[top:bottom, left:right] = 1
        mixed = image + mask * (view.astype(np.float32) - image)
        centers = found[:, :2] + found[:, 2:4] / 2
        inside = (centers[:, 0] > left) & (centers[:, 0] < right) & (centers[:, 1] > top) & (centers[:, 1] < bottom)
        added = found[inside].copy()
        whole = (
            (added[:, 0] >= left - 0.15 * added[:, 2])
            & (added[:, 1] >= top - 0.15 * added[:, 3])
            & (added[:, 0] + added[:, 2] <= right + 0.15 * added[:, 2])
            & (added[:, 1] + added[:, 3] <= bottom + 0.15 * added[:, 3])
        )
        added[~whole, 14] = 0
        return np.asarray(mixed, np.uint8), np.concatenate([faces, added])

    def _age(self, canvas: Bytes) -> Bytes:
        rng = self.rng
        image = canvas.astype(np.float32) / 255
        if rng.random() < 0.12:
            image = 1 - image if rng.random() < 0.15 else image[:, ::1]
        if rng.random() < 0.6:
            image = image ** np.float32(np.exp(rng.uniform(-0.6, 0.6)))
        if rng.random() < 0.5:
            black, white = rng.uniform(0, 0.4), rng.uniform(0.6, 1)
            image = np.float32(black) + np.float32(white - black) * image
        if rng.random() < 0.4:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.8))
        if rng.random() < 0.3:
            image = spill(image, self.bank, _KINDS, rng, faintest=0.3)
        if rng.random() < 0.5:
            noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(min(rng.exponential(0.04), 0.2))
            image = image + (cv2.GaussianBlur(noise, (0, 0), 0.8) * 2 if rng.random() < 0.4 else noise)
        if rng.random() < 0.3:
            image = recode(image, int(rng.integers(25, 95)))
        return np.asarray(np.rint(np.clip(image, 0, 1) * 255), np.uint8)


def _trusted(rows: Floats, kind: str) -> Floats:
    """The teacher's faces as far as it can be believed among pictures of that ``kind``."""
    rows = rows.copy()
    if kind in ANIMALS:
        rows = rows[rows[:, 14] >= 0.86]
        rows[rows[:, 14] < 0.9, 14] = 0.5
    if kind == "imagenet_sample":
        rows[rows[:, 14] < 0.85, 14] *= 0.8
    return rows[rows[:, 14] >= DOUBTFUL]


def _apart(rows: Floats) -> Floats:
    """Without the doubtful faces that are a part of a sure one: an eye is no face."""
    sure = rows[rows[:, 14] >= SURE]
    kept = np.ones(len(rows), bool)
    for k, row in enumerate(rows):
        if row[14] >= SURE or not len(sure):
            continue
        middle = row[:2] + row[2:4] / 2
        inside = ((middle > sure[:, :2]) & (middle < sure[:, :2] + sure[:, 2:4])).all(1)
        kept[k] = not (inside & (row[2:4].prod() < 0.4 * sure[:, 2:4].prod(1))).any()
    return rows[kept]


def _turned(
    rows: Floats,
    center: npt.NDArray[np.float64],
    target: npt.NDArray[np.float64],
    scale: float,
    angle: float,
    flip: bool,
    width: int,
) -> tuple[npt.NDArray[np.float64], Floats]:
    """The matrix that brings ``center`` to ``target``, and the faces as it moves them."""
    rows = rows.copy()
    points = np.concatenate([rows[:, None, :2] + rows[:, None, 2:4] / 2, rows[:, 4:14].reshape(-1, 5, 2)], 1)
    if flip:
        points[..., 0] = width - points[..., 0]
        points[:, 1:] = points[:, [2, 1, 3, 5, 4]]
        center = np.array([width - center[0], center[1]])
    turn = cv2.getRotationMatrix2D((float(center[0]), float(center[1])), angle, scale)
    turn[:, 2] += target - center
    points = points @ turn[:, :2].T + turn[:, 2]
    size = rows[:, 2:4] * scale
    rows[:, :2], rows[:, 2:4] = points[:, 0] - size / 2, size
    rows[:, 4:14] = points[:, 1:].reshape(-1, 10)
    return turn, np.asarray(rows, np.float32)


def _seen(rows: Floats) -> Floats:
    """The faces that lie on the canvas; those that are cut off, of an odd size or unsure as doubtful."""
    shown = np.minimum(rows[:, :2] + rows[:, 2:4], SIDE) - np.maximum(rows[:, :2], 0)
    share = np.clip(shown, 0, None).prod(1) / np.maximum(rows[:, 2:4].prod(1), 1e-3)
    longest = rows[:, 2:4].max(1)
    # A part of a large face is doubtful while most of it shows.
    kept = share > np.where(longest > LARGEST, 0.3, 0.15)
    rows, share, longest = rows[kept].copy(), share[kept], longest[kept]
    sure = (rows[:, 14] >= SURE) & (share > 0.6) & (longest >= SMALLEST) & (longest <= LARGEST)
    rows[:, 14] = sure
    return rows


def _overlap(boxes: Floats, box: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:4], box[:2] + box[2:4])
    return np.asarray(np.clip(high - low, 0, None).prod(1), np.float64)


def stream(size: int, seed: int, runs: Path) -> Iterator[tuple[torch.Tensor, list[torch.Tensor]]]:
    """Batches of ``size`` canvases without end, made by a thread beside."""
    canvases = Canvases(seed, runs)

    def batch() -> tuple[torch.Tensor, list[torch.Tensor]]:
        drawn = [canvases.draw() for _ in range(size)]
        images = torch.from_numpy(np.stack([image for image, _ in drawn])[:, None]).float() / 255
        return images, [torch.from_numpy(rows.astype(np.float32)) for _, rows in drawn]

    return make_ahead(batch, depth=6)
