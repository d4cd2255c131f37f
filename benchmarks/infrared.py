"""Drawn scans of film with true dust, and what their infrared channel tells: ``python -m benchmarks.infrared``.

The photos are modern ones of ``$DAGUERRE_PICTURES`` (``eval/cid22_val``, ``train/``), as positives and as negatives;
the dust was annotated by hand on scanned film (``train/damage_masks/real_film_tiles``). The infrared channel is drawn
as scanners see it: dyes with crosstalk, uneven light, noise, another focus, and a shift of up to four pixels. F1 is
over pixels, with two pixels of tolerance, beside thresholds on the channel as it is. Prints Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from daguerre import Restorer
from daguerre.imaging.color import transfer
from daguerre.infrared import Channel, find_dust
from daguerre.models.adapters import DAMAGE
from daguerre.pipeline import damage
from daguerre.progress import Track
from training.pictures import require_pictures

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_SIDE = 1024
_TOLERANCE = 2
FILMS: dict[str, tuple[float, float, float]] = {
    "color negative": (0.03, 0.01, 0.0),
    "slide": (0.08, 0.02, 0.0),
}
"""Infrared density for a density 1 in red, green and blue."""


def scan(
    picture: Picture, dust: Mask, film: str, random: np.random.Generator
) -> tuple[npt.NDArray[np.uint16], Channel]:
    """The photo ``[H, W, 3]`` with dust on it, at 16 bits, and its infrared channel."""
    light = transfer.light(picture.astype(np.float32) / 255)
    dense = -np.log10(light + 0.003)
    if film == "color negative":
        dense = 0.6 * (2.5 - dense) + np.array([0.2, 0.55, 0.85])
    opaque = cv2.GaussianBlur(dust.astype(np.float32), (0, 0), 0.7)
    pieces = cv2.connectedComponents(dust.astype(np.uint8))[1]
    strength = random.uniform(0.25, 1.2, pieces.max() + 1).astype(np.float32)[pieces]
    strength = opaque * cv2.dilate(strength, np.ones((5, 5), np.uint8))
    visible = 10 ** -(dense + strength[..., None])
    visible = (visible / visible.max()).astype(np.float32)
    is_linear = film == "slide"
    visible = visible if is_linear else transfer.codes(visible)
    visible += random.normal(0, 0.004, visible.shape).astype(np.float32)
    infrared = dense @ np.array(FILMS[film]) + 0.85 * strength
    y, x = np.mgrid[: dust.shape[0], : dust.shape[1]] / _SIDE
    infrared = infrared + 0.05 * random.uniform(-1, 1) * x + 0.05 * random.uniform(-1, 1) * y + 0.05
    angle, scale = random.uniform(-0.05, 0.05), 1 + random.uniform(-0.0015, 0.0015)
    matrix = cv2.getRotationMatrix2D((_SIDE / 2, _SIDE / 2), angle, scale)
    matrix[:, 2] += random.uniform(-3, 3, 2)
    shifted = cv2.warpAffine(infrared.astype(np.float32), matrix, dust.shape[::-1], borderMode=cv2.BORDER_REFLECT)
    shifted = cv2.GaussianBlur(shifted, (0, 0), random.uniform(0.5, 1.4))
    samples = 0.9 * 10**-shifted
    samples = (samples if is_linear else transfer.codes(samples.astype(np.float32))) + random.normal(
        0, 0.004, shifted.shape
    )
    rgb = np.rint(np.clip(visible, 0, 1) * 65535).astype(np.uint16)
    return rgb, Channel(np.rint(np.clip(samples, 0, 1) * 65535).astype(np.uint16), "drawn")


def f1(found: Mask, true: Mask) -> float:
    """Of pixels, where two pixels beside are right."""
    kernel = np.ones((2 * _TOLERANCE + 1,) * 2, np.uint8)
    near_true = cv2.dilate(true.astype(np.uint8), kernel) > 0
    near_found = cv2.dilate(found.astype(np.uint8), kernel) > 0
    precision = float((found & near_true).sum() / max(1, found.sum()))
    recall = float((true & near_found).sum() / max(1, true.sum()))
    return 2 * precision * recall / max(1e-9, precision + recall)


def photos(count: int) -> list[Picture]:
    """Of ``_SIDE`` pixels a side."""
    folder = require_pictures()
    paths = sorted((folder / "eval" / "cid22_val").iterdir()) + sorted((folder / "train" / "cid22_train").iterdir())
    read = (cv2.imread(str(path), cv2.IMREAD_COLOR) for path in paths[:count])
    return [
        np.asarray(cv2.resize(p, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)[..., ::-1], np.uint8)
        for p in read
        if p is not None
    ]


def dust_masks(count: int) -> list[Mask]:
    """Four tiles of annotated film each."""
    folder = require_pictures() / "train" / "damage_masks" / "real_film_tiles"
    tiles: list[Path] = sorted(folder.glob("*.png"))
    random = np.random.default_rng(11)
    found = []
    for _ in range(count):
        four = [cv2.imread(str(tiles[i]), cv2.IMREAD_GRAYSCALE) > 0 for i in random.integers(0, len(tiles), 4)]
        found.append(np.block([[four[0], four[1]], [four[2], four[3]]])[:_SIDE, :_SIDE])
    return found


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--network", action="store_true", help="the damage network alone, too")
    wanted = parser.parse_args()
    cache = Restorer().cache
    print(
        "| film | scans | threshold at the median - 10 % | the network alone | infrared | worst |"
        "\n|---|---|---|---|---|---|"
    )
    for film in FILMS:
        random = np.random.default_rng(3)
        rows = []
        for picture, dust in zip(photos(wanted.count), dust_masks(wanted.count), strict=True):
            rgb, channel = scan(picture, dust, film, random)
            simple = channel.samples < 0.9 * np.median(channel.samples)
            found = find_dust(rgb, channel)
            assert found.mask is not None, found.warning
            alone = 0.0
            if wanted.network:
                detector = cache.adapter(DAMAGE, cache.model(DAMAGE.name))
                alone = f1(damage.find(rgb, detector, sensitivity=50, track=Track()), dust)
            rows.append((f1(simple, dust), alone, f1(found.mask, dust)))
        mean = np.mean(rows, axis=0)
        network = f"{mean[1]:.3f}" if wanted.network else "not measured"
        print(
            f"| {film} | {len(rows)} | {mean[0]:.3f} | {network} | {mean[2]:.3f} | {min(row[2] for row in rows):.3f} |"
        )


if __name__ == "__main__":
    main()
