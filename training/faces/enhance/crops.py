"""Aligned faces, and what lenses, films, scanners and JPEG do to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from training import pictures
from training.aging import Look, recode, tone, unit_noise
from training.ahead import make_ahead
from training.faces import labels

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Random = np.random.Generator

SIDE = 192
HELD_OUT = 29
# Eyes, nose and corners of the mouth of the FFHQ alignment, of 512 pixels a side.
TEMPLATE = np.array(
    [[192.98, 239.95], [318.90, 240.19], [256.63, 314.02], [201.26, 371.41], [313.09, 371.15]], np.float32
)
_SHARP = ("faces_aaf", "faces_web_nomask", "cid22_train", "clic", "div2k_val36", "faces_utk", "flickr8k_sub", "bsds500")
_LOOK = Look(0.55, 0.25, 0.15, 0.35, black=(0, 0.25), white=(0.65, 1), gamma=(0.7, 1.4))
_SURE = 0.85
_DETAIL = 0.075
"""Of :func:`detail`, below which a face is too soft to learn from."""


def faces(runs: Path) -> list[Bytes]:
    """Every large and crisp face, upright, at its own size: ``[H, W, 3]`` RGB with what surrounds them."""
    file = runs / "faces" / "aligned.npz"
    if not file.exists():
        pack = pictures.load()
        rows, owners = labels.load()
        crops: list[Bytes] = []
        for row, owner in zip(rows, owners, strict=True):
            if row[14] < _SURE or pack.sets[owner] not in _SHARP:
                continue
            found = row[4:14].reshape(5, 2)
            turn, _ = cv2.estimateAffinePartial2D(found, TEMPLATE, method=cv2.LMEDS)
            if turn is None:
                continue
            size = int(min(512.0, 512 / float(np.hypot(turn[0, 0], turn[0, 1]))))
            picture = np.ascontiguousarray(pack[int(owner)])
            matrix = turn * (size / 512)
            matrix[:, 2] += size // 10
            whole = (size + 2 * (size // 10),) * 2
            crop = cv2.warpAffine(picture, matrix, whole, flags=cv2.INTER_CUBIC)
            there = cv2.warpAffine(np.full(picture.shape[:2], 255, np.uint8), matrix, whole) > 254
            crop = _filled(crop, there)
            if min(crop.shape[:2]) >= SIDE and detail(crop) > _DETAIL:
                crops.append(np.ascontiguousarray(crop, np.uint8))
        np.savez(file, **{str(k): crop for k, crop in enumerate(crops)})
    with np.load(file) as stored:
        return [stored[str(k)] for k in range(len(stored.files))]


def _filled(crop: Bytes, there: npt.NDArray[np.bool_]) -> Bytes:
    """The largest part around the middle that the picture covers, nearly all of it."""
    rows, columns = there.mean(1) > 0.55, there.mean(0) > 0.55
    if not rows.any() or not columns.any():
        return crop[:0]
    y, x = np.flatnonzero(rows)[[0, -1]], np.flatnonzero(columns)[[0, -1]]
    top, bottom, left, right = y[0], y[1] + 1, x[0], x[1] + 1
    while bottom - top > 2 and right - left > 2:
        inner = there[top:bottom, left:right]
        edges = [inner[0].mean(), inner[-1].mean(), inner[:, 0].mean(), inner[:, -1].mean()]
        worst = int(np.argmin(edges))
        if edges[worst] > 0.995:
            break
        top, bottom = top + (worst == 0), bottom - (worst == 1)
        left, right = left + (worst == 2), right - (worst == 3)
    return crop[top:bottom, left:right]


def detail(crop: Bytes) -> float:
    """How much of the contrast is too fine for half of the size, in the middle of a face; 0.05 is soft, 0.2 crisp."""
    height, width = crop.shape[:2]
    gray = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gray = gray[height // 5 : -height // 5, width // 5 : -width // 5]
    small = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    back = cv2.resize(small, (gray.shape[1], gray.shape[0]), interpolation=cv2.INTER_CUBIC)
    return float(np.sqrt(np.mean((gray - back) ** 2)) / max(1.0, float(gray.std())))


def view(face: Bytes, rng: Random, side: int = SIDE) -> Bytes:
    """A part of a face, mirrored or scaled down at times: ``[side, side, 3]``."""
    if rng.random() < 0.5:
        face = face[:, ::-1]
    size = min(face.shape[:2])
    if size > side * 1.15 and rng.random() < 0.4:
        length = int(rng.integers(side, size + 1))
        y, x = (int(rng.integers(0, whole - length + 1)) for whole in face.shape[:2])
        part = np.ascontiguousarray(face[y : y + length, x : x + length])
        return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    y, x = (int(rng.integers(0, whole - side + 1)) for whole in face.shape[:2])
    return np.ascontiguousarray(face[y : y + side, x : x + side])


def _noise(image: Floats, rng: Random, most: float) -> Floats:
    sigma = float(min(rng.exponential(most / 2.5), most))
    channels = 1 if rng.random() < 0.6 or np.ptp(image, axis=2).max() < 1e-3 else 3
    noise = unit_noise((image.shape[0], image.shape[1], channels), rng, clumped=0.4, widest=1.0)
    if rng.random() < 0.3:
        noise = noise * np.sqrt(np.clip(image.mean(2, keepdims=True), 0.03, 1)) * np.float32(1.4)
    return np.clip(image + np.float32(sigma) * noise, 0, 1).astype(np.float32)


def _kernel(rng: Random, reach: float) -> Floats:
    half = int(np.ceil(3 * reach)) + 1
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    kind = rng.random()
    if kind < 0.2:  # out of focus
        kernel = np.clip(1.7 * reach + 0.5 - np.hypot(x, y), 0, 1)
    else:
        turn, squeeze = rng.uniform(0, np.pi), 1.0 if kind < 0.7 else rng.uniform(0.3, 1)
        u, v = x * np.cos(turn) + y * np.sin(turn), (-x * np.sin(turn) + y * np.cos(turn)) / squeeze
        power = 1.0 if kind < 0.85 else rng.uniform(0.6, 1.6)
        kernel = np.exp(-0.5 * ((u * u + v * v) / reach**2) ** power)
    return np.asarray(kernel / kernel.sum(), np.float32)


def degrade(clean: Floats, rng: Random) -> Floats:
    """``[S, S, 3]`` of 0-1 as an old print, its scan or a small copy shows it; one in sixteen as it is."""
    pick = rng.random()
    if pick < 0.06:
        return clean
    side = clean.shape[0]
    image = clean
    shrink = float(np.exp(rng.uniform(0, np.log(8)))) if rng.random() < 0.8 else 1.0
    if rng.random() < 0.75:
        image = cv2.filter2D(
            image,
            -1,
            _kernel(rng, float(np.exp(rng.uniform(np.log(0.4), np.log(3.5))))),
            borderType=cv2.BORDER_REFLECT_101,
        )
    if shrink > 1.15:
        small = max(16, round(side / shrink))
        how = [cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4][int(rng.integers(4))]
        if how != cv2.INTER_AREA:
            image = cv2.GaussianBlur(image, (0, 0), 0.4 * shrink)
        image = cv2.resize(image, (small, small), interpolation=how)
        if rng.random() < 0.65:
            image = _noise(image, rng, 0.1)
        if rng.random() < 0.55:
            image = recode(image, int(rng.integers(35, 96)))
        back = [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4][int(rng.integers(4))]
        image = np.clip(cv2.resize(image, (side, side), interpolation=back), 0, 1)
    if rng.random() < 0.4:
        image = _noise(image, rng, 0.08)
    if rng.random() < 0.35:
        image = recode(image, int(rng.integers(45, 96)))
    return np.ascontiguousarray(image, np.float32)


def pair(face: Bytes, rng: Random, side: int = SIDE) -> tuple[Floats, Floats]:
    """What came and what is wanted, ``[side, side, 3]`` of 0-1."""
    clean = np.clip(tone(view(face, rng, side).astype(np.float32) / 255, rng, _LOOK), 0, 1).astype(np.float32)
    return degrade(clean, rng), clean


def stream(size: int, seed: int, runs: Path) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of ``size`` pairs without end, made by a thread beside; larger faces come more often."""
    every = [face for k, face in enumerate(faces(runs)) if k % HELD_OUT]
    odds = np.array([min(face.shape[0], 400) ** 1.5 for face in every])

    rng = np.random.default_rng(seed)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        chosen = rng.choice(len(every), size, p=odds / odds.sum())
        pairs = [pair(every[int(k)], rng) for k in chosen]
        came, wanted = (torch.from_numpy(np.stack(part).transpose(0, 3, 1, 2)) for part in zip(*pairs, strict=True))
        return came.contiguous(), wanted.contiguous()

    return make_ahead(batch, depth=6)
