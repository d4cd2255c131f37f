"""How well a mask of damage agrees with labelled truth, with 2 px of tolerance both ways."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import cv2
import numpy as np
import numpy.typing as npt

_TOLERANCE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_WIDE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
"""Damage that holds such a disc is wide (lost corners, holes, stains); the rest is fine (scratches, cracks, specks)."""

Mask = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Counts:
    """Pixels of one photo, or of several added up.

    ``hit`` is damage with a masked pixel within reach, ``fine`` the damage that is thin, ``right`` what is masked at
    damage,
    ``wrong`` what is masked on sound ground, ``protected`` what must not be touched and ``harmed`` what of it is
    masked.
    """

    damage: int = 0
    hit: int = 0
    fine: int = 0
    hit_fine: int = 0
    right: int = 0
    wrong: int = 0
    sound: int = 0
    protected: int = 0
    harmed: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Counts)))

    @property
    def recall(self) -> float:
        return _share(self.hit, self.damage)

    @property
    def recall_fine(self) -> float:
        return _share(self.hit_fine, self.fine)

    @property
    def precision(self) -> float:
        return _share(self.right, self.right + self.wrong)

    @property
    def f1(self) -> float:
        recall, precision = self.recall, self.precision
        if math.isnan(recall):
            return math.nan
        return (
            0.0 if math.isnan(precision) or recall + precision == 0 else 2 * recall * precision / (recall + precision)
        )

    @property
    def harm(self) -> float:
        """Share of the protected pixels that are masked."""
        return _share(self.harmed, self.protected)

    @property
    def masked(self) -> float:
        """Share of the sound pixels that are masked."""
        return _share(self.wrong, self.sound)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def count(found: Mask, damage: npt.NDArray[np.uint8], protect: Mask) -> Counts:
    """Of ``found`` against ``damage`` (0 sound, 128 unknown, 255 damaged) and ``protect``, all ``[H, W]``."""
    hurt, sound = damage == 255, damage == 0
    near = cv2.dilate(found.astype(np.uint8), _TOLERANCE) > 0
    fine = hurt & (cv2.morphologyEx(hurt.astype(np.uint8), cv2.MORPH_OPEN, _WIDE) == 0)
    around = cv2.dilate(hurt.astype(np.uint8), _TOLERANCE) > 0
    numbers = (
        hurt,
        hurt & near,
        fine,
        fine & near,
        found & around,
        found & sound & ~around,
        sound,
        protect,
        found & protect,
    )
    return Counts(*(int(np.count_nonzero(part)) for part in numbers))


@dataclass(slots=True)
class Row:
    """One photo's counts."""

    name: str
    kind: str
    counts: Counts


def summary(rows: list[Row]) -> dict[str, float]:
    """The figures that the detector is judged by, over photos."""
    hurt = [row.counts for row in rows if row.kind == "damaged"]
    calm = [row.counts for row in rows if row.kind == "clean"]
    total = sum(hurt, Counts())
    harms = [row.counts.harm for row in rows if row.counts.protected]
    return {
        "F1": float(np.mean([c.f1 for c in hurt])) if hurt else math.nan,
        "fine found": total.recall_fine,
        "recall": total.recall,
        "precision": total.precision,
        "harm": float(np.mean(harms)) if harms else math.nan,
        "worst harm": max(harms, default=math.nan),
        "clean untouched": float(np.mean([c.wrong == 0 for c in calm])) if calm else math.nan,
        "clean masked": float(np.mean([c.masked for c in calm])) if calm else math.nan,
    }
