"""Old-looking photographs with damage whose place is known, at the size of a scan.

A clean photo is given the tones, softness, grain, border and compression of a real old one, and damage is drawn on it
(:mod:`training.damage.wear`). Real labelled photographs join as they are.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training import RUNS, album
from training.damage import wear, wounds
from training.damage.synthesis import KINDS, Bank, grain, letters, visible, wound
from training.damage.wear import Floats, Random, log_uniform

Bytes = npt.NDArray[np.uint8]

TONES = Path(__file__).parents[2] / "runs" / "tones.npz"
_WOUNDED = 0.45
"""How often what is drawn comes from the kept covers (:mod:`training.damage.wounds`), and not from `wear`."""


@dataclass(frozen=True, slots=True)
class Scene:
    """``image`` [H, W, 3] uint8 RGB, ``truth`` [H, W] 1 where damaged, ``trust`` [H, W] 0 where nobody can tell."""

    image: Bytes
    truth: Bytes
    trust: Bytes


@dataclass(frozen=True, slots=True)
class Tones:
    """Of real old photographs: the color of every gray level [K, 256, 3], and the share of pixels below it [K, 256]."""

    colors: Floats
    shares: Floats

    @classmethod
    def load(cls, entries: list[album.Entry]) -> Tones:
        """Measured once on ``entries`` that are old, and kept."""
        if not TONES.exists():
            measured = [_tones(entry.open()) for entry in entries if entry.old]
            np.savez(TONES, colors=np.stack([a for a, _ in measured]), shares=np.stack([b for _, b in measured]))
        stored = np.load(TONES)
        return cls(stored["colors"], stored["shares"])


def _tones(picture: Bytes) -> tuple[Floats, Floats]:
    picture = cv2.GaussianBlur(picture[::2, ::2], (0, 0), 1).reshape(-1, 3)
    gray = (picture @ np.array([0.299, 0.587, 0.114])).round().astype(int)
    counts = np.bincount(gray, minlength=256)
    sums = np.stack([np.bincount(gray, picture[:, c], 256) for c in range(3)], 1)
    here = counts > 20
    colors = np.stack(
        [np.interp(np.arange(256), np.flatnonzero(here), sums[here, c] / counts[here]) for c in range(3)], 1
    )
    return colors.astype(np.float32) / 255, (np.cumsum(counts) / counts.sum()).astype(np.float32)


def age(picture: Bytes, rng: Random, tones: Tones) -> Floats:
    """``picture`` [H, W, 3] uint8 with the tones and the softness of an old photo; float32 0..1."""
    dice = rng.random()
    if dice < 0.72:
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        row = int(rng.integers(len(tones.colors)))
        own = np.cumsum(np.bincount(gray.ravel(), minlength=256)) / gray.size
        matched = np.interp(own, tones.shares[row], np.arange(256))
        blend = rng.uniform(0, 1)
        curve = np.clip(blend * matched + (1 - blend) * np.arange(256), 0, 255)
        table = tones.colors[row][np.rint(curve).astype(int)]
        if dice < 0.3:
            table = table.mean(1, keepdims=True).repeat(3, 1)
        image = np.asarray(table, np.float32)[gray]
    else:
        image = picture.astype(np.float32) / 255
        if dice < 0.92:
            image = image ** rng.uniform(0.7, 1.4, 3).astype(np.float32)
            low, high = rng.uniform(0, 0.2, 3), rng.uniform(0.75, 1, 3)
            image = (low + image * (high - low)).astype(np.float32)
    look = rng.random()
    if look < 0.4:
        image = cv2.GaussianBlur(image, (0, 0), log_uniform(rng, 0.4, 2.2))
    elif look < 0.55:
        soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.7, 2))
        image = image + (image - soft) * np.float32(rng.uniform(0.4, 2))
    if rng.random() < 0.15:
        height, width = image.shape[:2]
        rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
        fall = 1 - rng.uniform(0.1, 0.6) * np.clip(rows**2 + columns**2 - rng.uniform(0, 0.8), 0, 1)
        image = image * fall[..., None] if rng.random() < 0.6 else 1 - (1 - image) * fall[..., None]
    return np.clip(image, 0, 1).astype(np.float32)


def mount(image: Floats, rng: Random, colored: float = 0.0) -> Floats:
    """``image`` with the margin of its print, a mount or the scanner's bed around it, corners at times rounded.

    ``colored`` is how often a mount is of colored card.
    """
    height, width = image.shape[:2]
    image = image.copy()
    for _ in range(rng.integers(1, 3)):
        light = rng.random() < 0.7
        tone = np.float32(
            (rng.uniform(0.75, 1) if light else rng.uniform(0, 0.15))
            * np.array([1, rng.uniform(0.93, 1), rng.uniform(0.8, 1)])
        )
        if rng.random() < colored:
            hue = rng.uniform(0, 360) if rng.random() < 0.3 else rng.normal(35, 25) % 360
            tone = cv2.cvtColor(np.float32([[[hue, rng.uniform(0.1, 0.95), rng.uniform(0.3, 1)]]]), cv2.COLOR_HSV2RGB)[
                0, 0
            ]
        most = 0.07 if rng.random() > 2 * colored else 0.2
        top, left, bottom, right = (
            int(rng.uniform(0, most) * min(height, width)) if rng.random() < 0.75 else 0 for _ in range(4)
        )
        inside = np.zeros((height, width), np.uint8)
        radius = int(rng.choice([0, 0, rng.integers(3, 40)]))
        inside[top + radius : height - bottom - radius, left + radius : width - right - radius] = 255
        if radius:
            inside = cv2.dilate(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2))
        if rng.random() < 0.5:
            turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 0.7), 1)
            inside = cv2.warpAffine(
                inside, turn, (width, height), borderValue=255 if top + left + bottom + right == 0 else 0
            )
        alpha = cv2.GaussianBlur(inside, (0, 0), rng.uniform(0.4, 1.2)).astype(np.float32)[..., None] / 255
        image = image * alpha + tone * (1 - alpha)
    return image


def store(image: Floats, rng: Random) -> Bytes:
    """As a file holds it: scanned a little soft, sharpened, noisy, compressed."""
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.9))
    if rng.random() < 0.15:
        soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.7, 1.6))
        image = image + (image - soft) * np.float32(rng.uniform(0.3, 1.5))
    if rng.random() < 0.25:
        image, _ = grain(np.clip(image, 0, 1), rng)
    stored = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.7:
        quality = int(rng.integers(35, 98))
        stored = cv2.imdecode(cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return np.asarray(stored, np.uint8)


def damage(image: Floats, rng: Random, sigma: float) -> tuple[Floats, Bytes, Bytes]:
    """``image`` with several kinds of damage drawn on it, where they can be seen, and where they lie but can't."""
    before, cover = image, np.zeros(image.shape[:2], np.float32)
    if rng.random() < _WOUNDED:
        for kind in rng.choice(list(KINDS), rng.integers(1, 4)):
            image, covered = _wound(image, str(kind), rng)
            np.maximum(cover, covered, out=cover)
        return image, *visible(before, image, cover, sigma)
    kinds, odds = list(wear.KINDS), np.array(list(wear.KINDS.values()))
    count = min(6, 1 + rng.poisson(1.5))
    for index in rng.choice(len(kinds), count, replace=False, p=odds / odds.sum()):
        image, covered = wear.draw(rng, image, kinds[index])
        np.maximum(cover, covered, out=cover)
    truth, unsure = visible(before, image, cover, sigma)
    return image, truth, unsure


def _wound(image: Floats, kind: str, rng: Random) -> tuple[Floats, Floats]:
    """One of the wounds that are kept as square covers, on a photo of any proportions."""
    height, width = image.shape[:2]
    side = max(height, width)
    top, left = (int(rng.choice([0, side - length])) for length in (height, width))
    around = ((top, side - height - top), (left, side - width - left))
    result, cover = wound(np.pad(image, (*around, (0, 0)), mode="symmetric"), kind, _bank(), rng)
    inside = np.s_[top : top + height, left : left + width]
    return np.ascontiguousarray(result[inside]), np.ascontiguousarray(cover[inside])


@functools.cache
def _bank() -> Bank:
    return wounds.bank(RUNS / "wounds")


def drawn(
    picture: Bytes, rng: Random, tones: Tones, *, keep_look: bool = False, doubtful: Bytes | None = None
) -> Scene:
    """A scene from a clean picture; one that is old already keeps its look. ``doubtful`` is what may be damage in
    it.
    """
    image = picture.astype(np.float32) / 255 if keep_look else age(picture, rng, tones)
    if rng.random() < 0.08:
        image = letters(image, rng)
    if not keep_look and rng.random() < 0.2:
        image = mount(image, rng)
    image, sigma = (image, 0.015) if keep_look else grain(image, rng)
    none = np.zeros(image.shape[:2], np.uint8)
    truth = unsure = none
    if rng.random() > 0.14:
        image, truth, unsure = damage(image, rng, sigma)
    trust = 1 - unsure
    if doubtful is not None:
        trust = trust & ((doubtful == 0) | (truth > 0)).astype(np.uint8)
    return Scene(
        store(image, rng) if not keep_look or rng.random() < 0.3 else np.rint(image * 255).astype(np.uint8),
        truth,
        trust,
    )


def turned(picture: Bytes, rng: Random) -> Bytes:
    """Mirrored half of the time, and now and then turned by quarters."""
    if rng.random() < 0.15:
        picture = np.rot90(picture, int(rng.integers(1, 4)))
    return picture[:, ::-1] if rng.random() < 0.5 else picture


def sized(picture: Bytes, side: int, rng: Random) -> Bytes:
    """Scaled so that its long side is at most ``side``; a part of it, at times, at its own scale."""
    height, width = picture.shape[:2]
    if rng.random() < 0.35 and max(height, width) > side:
        tall, wide = min(height, side), min(width, side)
        y, x = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
        return np.ascontiguousarray(picture[y : y + tall, x : x + wide])
    scale = side / max(height, width)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(np.ascontiguousarray(picture), None, fx=scale, fy=scale, interpolation=how))
