"""How well monochrome photos are told from color, and the fit of the classifier's weights.

``python -m benchmarks.monochrome`` judges on pictures made from ``train/`` that the fit never saw, and on ``eval/``;
``--fit`` fits the weights anew (torch) on the other two thirds of ``train/``. ``DAGUERRE_PICTURES`` names the
folder of both.
"""

from __future__ import annotations

import argparse
import csv
import time
import zlib
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.pipeline import monochrome
from training.pictures import require_pictures

Picture = npt.NDArray[np.float32]

MONOCHROME = ("gray", "toned", "yellowed", "stained")
SETS = {
    "bench_CBSD68": False,
    "cid22_val": False,
    "faces_hq": False,
    "bench_Set12_gray": True,
    "glass_plates": True,
}

# What toning does to black, to white and to each channel's gamma, at full strength.
TONINGS = {
    "gray": ((0, 0, 0), (0, 0, 0), (0, 0, 0)),
    "sepia": ((0.16, 0.09, 0.03), (0.05, 0.14, 0.32), (-0.15, 0.05, 0.3)),
    "selenium": ((0.12, 0.06, 0.12), (0.02, 0.05, 0.06), (0, 0, 0)),
    "cyanotype": ((0.02, 0.1, 0.3), (0.15, 0.05, 0), (0.6, 0.1, -0.2)),
    "split tone": ((0.02, 0.05, 0.15), (0, 0.06, 0.2), (0, 0, 0)),
    "yellowed": ((0.2, 0.16, 0.1), (0.05, 0.1, 0.35), (0, 0, 0)),
    "faded": ((0.25, 0.08, 0.12), (0.02, 0.15, 0.1), (0, 0, 0)),
}


def read(path: Path) -> Picture | None:
    """RGB 0..1, or ``None`` for what OpenCV cannot read."""
    image = cv2.imread(str(path))
    return None if image is None else image[..., ::-1].astype(np.float32) / np.float32(255)


def made(image: Picture, color: bool, random: np.random.Generator) -> tuple[str, Picture]:
    """A kind of picture made from ``image``, and its name."""
    if color and random.random() < 0.45:
        return _colored(image, random)
    level = image @ np.array([0.299, 0.587, 0.114], np.float32)
    low, high, gamma = (np.array(values) for values in TONINGS[str(random.choice(list(TONINGS)))])
    strength = random.uniform(0.3, 1)
    picture = strength * low + (1 - strength * (high + low)) * level[..., None] ** (1 + strength * gamma)
    kind = "toned"
    if random.random() < 0.4:
        amount = random.uniform(0.1, 0.6) * _cloud(level.shape, 2, random)
        picture, kind = picture * (1 - amount[..., None] * np.array([0.05, 0.12, 0.35])), "yellowed"
    if random.random() < 0.5:
        picture, kind = _stained(picture, random), "stained"
    return kind, picture.astype(np.float32)


def _colored(image: Picture, random: np.random.Generator) -> tuple[str, Picture]:
    kind = str(random.choice(["color", "muted", "faded", "subject"], p=[0.3, 0.3, 0.2, 0.2]))
    level = (image @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    if kind == "muted":
        image = level + (image - level) * random.uniform(0.25, 0.6)
    elif kind == "faded":
        low, high = random.random(3) * 0.3, 1 - random.random(3) * 0.25
        image = low + (high - low) * (level + (image - level) * random.uniform(0.3, 0.7))
    elif kind == "subject":
        height, width = level.shape[:2]
        y, x = np.mgrid[:height, :width]
        cy, cx, ry, rx = random.uniform((0.3, 0.3, 0.12, 0.12), (0.7, 0.7, 0.3, 0.3))
        inside = np.clip(4 * (1 - np.hypot((y / height - cy) / ry, (x / width - cx) / rx)), 0, 1)[..., None]
        image = level + (image - level) * np.maximum(inside, 0.08)
    return kind, image.astype(np.float32)


def _stained(picture: Picture, random: np.random.Generator) -> Picture:
    height, width = picture.shape[:2]
    side = max(height, width)
    ink = random.random(3)
    ink = ink / ink.max() if random.random() < 0.4 else np.array([1, 0.75, 0.4]) * random.uniform(0.7, 1)
    cover = np.zeros((height, width), np.float32)
    match str(random.choice(["spill", "spill", "foxing", "pen", "border", "stamp"])):
        case "spill":
            y, x = np.mgrid[:height, :width]
            for _ in range(random.integers(1, 4)):
                radius = side * random.uniform(0.05, 0.25)
                distance = np.hypot(y - random.random() * height, x - random.random() * width) / radius
                edge = distance + 0.3 * _cloud(cover.shape, 8, random)
                cover = np.maximum(cover, np.clip((1.2 - edge) * random.uniform(1.5, 8), 0, 1))
        case "foxing":
            for _ in range(random.integers(5, 60)):
                center = (int(random.integers(width)), int(random.integers(height)))
                cv2.circle(cover, center, max(1, int(side * random.uniform(0.003, 0.015))), 1, -1)
            cover = cv2.GaussianBlur(cover, (0, 0), max(0.5, side * 0.003))
        case "pen":
            ink = random.permutation([1, random.uniform(0.1, 0.3), random.uniform(0, 0.3)])
            for _ in range(random.integers(1, 5)):
                line = np.cumsum(random.normal(size=(30, 2)), axis=0) * side * 0.02 + random.random(2) * side
                cv2.polylines(cover, [line.astype(np.int32)], False, 1, max(1, int(side * 0.008)), cv2.LINE_AA)
        case "border":
            rim = int(side * random.uniform(0.03, 0.12)) + 1
            cover[:] = 1
            cover[rim:-rim, rim:-rim] = 0
        case "stamp":
            ink = random.permutation([1, random.uniform(0.2, 0.6), random.uniform(0.1, 0.5)])
            top, left = random.uniform(0, 0.7, 2) * (height, width)
            tall, wide = random.uniform(0.08, 0.28, 2) * (height, width)
            cover[int(top) : int(top + tall) + 1, int(left) : int(left + wide) + 1] = 1
    amount = random.uniform(0.4, 1) * cover[..., None]
    return np.asarray(picture * (1 - amount) + picture * ink * amount, np.float32)


def _cloud(shape: tuple[int, ...], cells: int, random: np.random.Generator) -> Picture:
    coarse = random.random((cells + 2, cells + 2)).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def scanned(picture: Picture, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """A file of some size, with some noise and mostly as a JPEG."""
    side = int(random.choice([32, 48, 64, 128, 256, 480, 480, 480]))
    factor = side / max(picture.shape[:2])
    if factor < 1:
        size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if random.random() < 0.3:
        picture = picture + random.normal(0, random.uniform(0, 0.1), (*picture.shape[:2], 1))
        picture = picture + random.normal(0, random.uniform(0, 0.02), picture.shape)
    pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    if random.random() < 0.7:
        encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(35, 96))])[1]
        pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1]
    return np.ascontiguousarray(pixels)


def pictures(count: int, held_out: bool, seed: int) -> list[tuple[str, npt.NDArray[np.uint8]]]:
    """``count`` made pictures, of the third of ``train/`` that is held out or of the rest."""
    with (require_pictures() / "train" / "manifest.tsv").open() as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["kind"] in ("colour", "gray")]
    rows = [row for row in rows if (zlib.crc32(row["file"].encode()) % 3 == 0) == held_out]
    random = np.random.default_rng(seed)
    found = []
    while len(found) < count:
        row = rows[random.integers(len(rows))]
        image = read(require_pictures() / "train" / row["file"])
        if image is not None:
            kind, picture = made(image, row["kind"] == "colour", random)
            found.append((kind, scanned(picture, random)))
    return found


def fit(count: int) -> None:
    """Fit the weights and write them beside the module."""
    import torch

    torch.manual_seed(0)
    made_ones = pictures(count, False, 1)
    inputs = np.array([monochrome.features(monochrome.small_lab(pixels)) for _, pixels in made_ones])
    target = torch.tensor([float(kind in MONOCHROME) for kind, _ in made_ones])
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    data = torch.tensor((inputs - mean) / scale, dtype=torch.float32)
    network = torch.nn.Sequential(torch.nn.Linear(data.shape[1], 10), torch.nn.Tanh(), torch.nn.Linear(10, 1))
    weight = torch.where(target > 0, 0.5 / target.mean(), 0.5 / (1 - target.mean()))
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01, weight_decay=0.1)
    for _ in range(1500):
        optimizer.zero_grad()
        noisy = data + 0.1 * torch.randn_like(data)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(noisy)[:, 0], target, weight)
        loss.backward()
        optimizer.step()
    first, second = network[0], network[2]
    hidden = first.weight.detach().double().numpy()
    np.savez(
        monochrome.WEIGHTS,
        hidden=(hidden / scale).T.astype(np.float32),
        hidden_bias=(first.bias.detach().numpy() - (hidden / scale) @ mean).astype(np.float32),
        output=second.weight.detach().numpy()[0],
        output_bias=second.bias.detach().numpy(),
    )


def report(count: int) -> None:
    """Print the share that is told right."""
    right, total, started = Counter[str](), Counter[str](), time.perf_counter()
    for kind, pixels in pictures(count, True, 2):
        total[kind] += 1
        right[kind] += monochrome.is_monochrome(pixels) == (kind in MONOCHROME)
    print("| pictures | of | told right |\n|---|---|---|")
    for kind in sorted(total):
        print(f"| made: {kind} | {total[kind]} | {right[kind] / total[kind]:.1%} |")
    print(f"| made: all | {count} | {right.total() / count:.1%} |")
    for name, expected in SETS.items():
        images = [read(path) for path in sorted((require_pictures() / "eval" / name).iterdir())]
        told = [monochrome.is_monochrome(image) == expected for image in images if image is not None]
        print(f"| {name} | {len(told)} | {np.mean(told):.1%} |")
    print(f"\n{time.perf_counter() - started:.0f} s")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", type=int, metavar="PICTURES", help="fit the weights on so many pictures first")
    parser.add_argument("--pictures", type=int, default=1000)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    if arguments.fit:
        fit(arguments.fit)
    report(arguments.pictures)


if __name__ == "__main__":
    main()
