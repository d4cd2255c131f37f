"""Negatives drawn from photographs and developed: ``python -m benchmarks.negatives``. Prints Markdown.

The photos are those of four sets of ``$DAGUERRE_PICTURES``. Each is exposed onto drawn film: characteristic curves with
a toe and a shoulder and a gamma of its own for every layer, crosstalk of the dyes, an orange mask (a gray base for
black-and-white film), grain, over- and underexposure; then scanned with a gain, a gamma and 8 or 16 bits, with the
film's rebate, sprocket holes and a holder around it, or cropped.

Color: CIEDE2000 to the photo, the mean over pixels and photos, beside plain inversion (255 - x) and inversion with
every channel stretched between its 0.5th and 99.5th percentiles. Black and white: the error of lightness (CIE L*), as
it is and after the best monotone fit. ``--recognition`` asks ``auto`` about such negatives and about every photo of
``eval/`` and ``train/``, as they are, faded, toned and in orange light.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from skimage.color import deltaE_ciede2000, rgb2lab

from benchmarks.fading import WAYS, faded
from daguerre import Restorer, negatives
from daguerre.imaging.color import transfer
from daguerre.imaging.depth import convert
from daguerre.imaging.photo import Pixels
from daguerre.models.adapters import FACE_DETECTION
from daguerre.models.roles import FaceDetector
from daguerre.pipeline import faces
from daguerre.progress import Track
from training.pictures import require_pictures

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Kind = Literal["color", "bw"]

SETS = ("eval/cid22_val", "eval/faces_hq", "eval/bench_CBSD68", "train/clic")
_SIDE = 512
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class Film:
    """What one film and its exposure do: densities, the slopes of three layers, dyes that stop each other's light."""

    base: tuple[float, float, float]
    gamma: tuple[float, float, float]
    toe: float
    shoulder: float
    bend: float
    crosstalk: float
    exposure: tuple[float, float, float]
    grain: float


@dataclass(frozen=True)
class Scanner:
    """How film is scanned: the gain of the light in each channel, the exponent of its codes (0 is sRGB) and bits."""

    gain: tuple[float, float, float]
    gamma: float
    bits: Literal[8, 16]
    rebate: Literal["none", "rebate", "holes", "holder"]


def draw_film(kind: Kind, random: np.random.Generator) -> Film:
    """A film of ``kind``, exposed by ``random``."""
    light = float(random.uniform(-0.25, 0.45))
    if kind == "bw":
        base, gamma = float(random.uniform(0.05, 0.35)), float(random.uniform(0.5, 0.8))
        tint = random.uniform(-0.015, 0.015, 3)
        return Film(
            tuple(base + tint), (gamma,) * 3, float(random.uniform(-2.6, -2.1)), float(random.uniform(0.5, 1.1)),
            float(random.uniform(0.15, 0.3)), 0.0, (light,) * 3, float(random.uniform(0.004, 0.02)),
        )  # fmt: skip
    red = float(random.uniform(0.15, 0.3))
    base = (red, red + float(random.uniform(0.28, 0.45)), red + float(random.uniform(0.55, 0.9)))
    gamma = float(random.uniform(0.52, 0.66))
    slopes = (gamma, gamma * float(random.uniform(0.98, 1.16)), gamma * float(random.uniform(1.02, 1.24)))
    cast = random.normal(0, 0.03, 3)
    return Film(
        base, slopes, float(random.uniform(-2.6, -2.1)), float(random.uniform(0.5, 1.1)),
        float(random.uniform(0.15, 0.3)), float(random.uniform(0.02, 0.12)), tuple(light + cast),
        float(random.uniform(0.003, 0.015)),
    )  # fmt: skip


def draw_scanner(kind: Kind, random: np.random.Generator) -> Scanner:
    """A way of scanning film of ``kind``."""
    even = float(random.uniform(0.75, 1.15))
    # Some programs take a part of the mask away by longer exposures of green and blue.
    share = float(random.choice([0.0, 0.0, 0.5])) if kind == "color" else 0.0
    gain = (even, even * 10 ** (0.35 * share), even * 10 ** (0.7 * share))
    return Scanner(
        gain, float(random.choice([0.0, 0.0, 2.2, 1.8])), 8 if random.uniform() < 0.5 else 16,
        ("none", "rebate", "holes", "holder")[int(random.integers(4))],
    )  # fmt: skip


def dense(light: Floats, film: Film, kind: Kind) -> Floats:
    """Densities ``[H, W, 3]`` of the negative of scene light ``[H, W, 3]`` 0-1."""
    exposure = np.log10(np.maximum(light, 0) + np.float32(0.002)) + np.array(film.exposure, np.float32)
    if kind == "bw":
        gray = np.log10(light @ _WEIGHTS + np.float32(0.002)) + np.float32(film.exposure[0])
        exposure = gray[..., None].repeat(3, 2)

    def bent(from_here: float) -> Floats:
        return np.asarray(film.bend * np.logaddexp(0, (exposure - from_here) / film.bend), np.float32)

    dyes = np.array(film.gamma, np.float32) * (bent(film.toe) - bent(film.shoulder))
    absorbed = np.eye(3) + film.crosstalk * np.array([[0, 0.5, 0.1], [0.8, 0, 0.5], [0.3, 1, 0]])
    absorbed /= absorbed.sum(axis=1, keepdims=True)
    return np.asarray(dyes @ absorbed.T.astype(np.float32) + np.array(film.base, np.float32), np.float32)


def negative(
    picture: Picture, kind: Kind, film: Film, scanner: Scanner, random: np.random.Generator
) -> tuple[Pixels, tuple[slice, slice]]:
    """The scan ``[H, W, 3]`` of ``picture`` ``[h, w, 3]`` on ``film``, and where the picture lies in it."""
    seen = dense(transfer.srgb_to_light(picture.astype(np.float32) / 255), film, kind)
    height, width = seen.shape[:2]
    grain = random.normal(0, 1, (height, width, 3)).astype(np.float32)
    if kind == "bw":
        grain[...] = grain[..., :1]
    seen += film.grain * np.sqrt(np.maximum(seen, 0.05)) * 2 * cv2.GaussianBlur(grain, (0, 0), 0.6)
    light, place = _mounted(10**-seen, scanner, film, random)
    light = light * np.array(scanner.gain, np.float32)
    light += random.normal(0, 0.0007, light.shape).astype(np.float32)
    light = np.clip(light, 0, 1).astype(np.float32)
    codes = transfer.light_to_srgb(light) if scanner.gamma == 0 else light ** np.float32(1 / scanner.gamma)
    white = 255 if scanner.bits == 8 else 65535
    return np.rint(codes * white).astype(np.uint8 if scanner.bits == 8 else np.uint16), place


def _mounted(
    light: Floats, scanner: Scanner, film: Film, random: np.random.Generator
) -> tuple[Floats, tuple[slice, slice]]:
    """The film's light with what is scanned around its picture, and where the picture lies."""
    height, width = light.shape[:2]
    if scanner.rebate == "none":
        return light, (slice(0, height), slice(0, width))
    clear = (10 ** -np.array(film.base)).astype(np.float32)
    edge = max(6, round(0.07 * min(height, width)))
    around = np.empty((height + 2 * edge, width + 2 * edge, 3), np.float32)
    around[:] = clear
    # Frame numbers are exposed like light.
    written = np.zeros(around.shape[:2], np.uint8)
    for _ in range(3):
        x = int(random.integers(edge, width))
        cv2.putText(written, "24A", (x, edge - 2), cv2.FONT_HERSHEY_PLAIN, edge / 18, 255, 1)
    around[written > 0] = 0.02
    if scanner.rebate == "holes":
        step, size = max(8, round(1.1 * edge)), max(3, round(0.55 * edge))
        for x in range(step // 2, around.shape[1] - size, step):
            for y in (edge // 5, around.shape[0] - edge // 5 - size):
                around[y : y + size, x : x + size] = 1
    if scanner.rebate == "holder":
        half = max(2, edge // 2)
        for part in (np.s_[:half], np.s_[-half:], np.s_[:, :half], np.s_[:, -half:]):
            around[part] = 0.0003
    around[edge:-edge, edge:-edge] = light
    return cv2.GaussianBlur(around, (0, 0), 0.5), (slice(edge, edge + height), slice(edge, edge + width))


def plainly(scan: Pixels) -> Picture:
    """255 - x."""
    return np.asarray(255 - convert(scan, "uint8"), np.uint8)


def stretched(scan: Pixels) -> Picture:
    """The same, every channel from its 0.5th to its 99.5th percentile."""
    inverted = plainly(scan).astype(np.float32)
    low, high = np.percentile(inverted, (0.5, 99.5), axis=(0, 1))
    return np.asarray(np.clip(np.rint((inverted - low) * 255 / np.maximum(high - low, 1)), 0, 255), np.uint8)


def developed(scan: Pixels, kind: Kind) -> Picture:
    """As the step does."""
    return np.asarray(convert(negatives.develop(scan, kind, icc=None, track=Track()), "uint8"), np.uint8)


def difference(one: Picture, other: Picture) -> float:
    """Mean CIEDE2000."""
    return float(deltaE_ciede2000(rgb2lab(other), rgb2lab(one)).mean())


def lightness(picture: Picture) -> Floats:
    """CIE L* of ``[H, W, 3]``."""
    return np.asarray(rgb2lab(picture)[..., 0], np.float32)


def left_after_fit(found: Floats, true: Floats) -> float:
    """Mean error of lightness once ``found`` has gone through the rising curve that suits it best, of 64 steps."""
    edges = np.quantile(found, np.linspace(0, 1, 65)[1:-1])
    bins = np.digitize(found, edges)
    count = np.maximum(np.bincount(bins.ravel(), minlength=64), 1e-9)
    means = np.bincount(bins.ravel(), true.ravel(), minlength=64) / count
    blocks: list[list[float]] = []  # Pool adjacent violators.
    for mean, weight in zip(means, count, strict=True):
        blocks.append([mean, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            value, size, length = blocks.pop()
            before = blocks[-1]
            before[0] = (before[0] * before[1] + value * size) / (before[1] + size)
            before[1] += size
            before[2] += length
    curve = np.repeat([block[0] for block in blocks], [int(block[2]) for block in blocks])
    at = np.array([found[bins == i].mean() if (bins == i).any() else np.nan for i in range(64)])
    known = ~np.isnan(at)
    return float(np.abs(np.interp(found, at[known], curve[known]) - true).mean())


def read(path: Path) -> Picture | None:
    """RGB of at most ``_SIDE`` pixels."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None or min(picture.shape[:2]) < 48:
        return None
    scale = min(1.0, _SIDE / max(picture.shape[:2]))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[..., ::-1], np.uint8)


def photos(name: str, count: int) -> list[Picture]:
    """Color photos of a set, evenly chosen."""
    paths = sorted((require_pictures() / name).iterdir())
    found = (read(path) for path in paths[:: max(1, len(paths) // count)][:count])
    return [picture for picture in found if picture is not None and np.ptp(picture.astype(int), axis=2).mean() > 4]


def measure(count: int) -> None:
    """How near the photos developed negatives come."""
    heads = ("set", "film", "negatives", "255 - x", "stretch of each channel", "Daguerre", "worst")
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for name in SETS:
        pictures = photos(name, count)
        random = np.random.default_rng(11)
        color, gray = [], []
        for picture in pictures:
            film, scanner = draw_film("color", random), draw_scanner("color", random)
            scan, place = negative(picture, "color", film, scanner, random)
            shown = (plainly(scan), stretched(scan), developed(scan, "color"))
            color.append([difference(one[place], picture) for one in shown])
            film, scanner = draw_film("bw", random), draw_scanner("bw", random)
            scan, place = negative(picture, "bw", film, scanner, random)
            true = lightness(picture)
            made = [lightness(one[place]) for one in (plainly(scan), stretched(scan), developed(scan, "bw"))]
            gray.append(
                [float(np.abs(one - true).mean()) for one in made] + [left_after_fit(one, true) for one in made]
            )
        _line(name, "color, CIEDE2000", color)
        _line(name, "black and white, L*", [row[:3] for row in gray])
        _line(name, "black and white, L* after the fit", [row[3:] for row in gray])


def _line(name: str, film: str, rows: list[list[float]]) -> None:
    mean = np.mean(rows, axis=0)
    worst = max(row[-1] for row in rows)
    print(f"| {name} | {film} | {len(rows)} | " + " | ".join(f"{value:.2f}" for value in mean) + f" | {worst:.1f} |")


def positives(step: int) -> Iterator[tuple[str, Picture]]:
    """Every ``step``-th picture as it is, and one of its variants: faded, in orange light, toned."""
    root = require_pictures()
    paths = [path for part in ("eval", "train") for path in sorted((root / part).rglob("*")) if path.is_file()]
    for number, path in enumerate(path for path in paths if "damage_masks" not in path.parts):
        picture = read(path) if number % step == 0 else None
        if picture is None:
            continue
        yield "as they are", picture
        yield "faded", faded(picture, list(WAYS)[number % len(WAYS)])
        light = transfer.srgb_to_light(picture.astype(np.float32) / 255)
        orange = light * np.array([(1, 0.5, 0.2), (1, 0.35, 0.08), (1, 0.7, 0.4)][number % 3], np.float32)
        yield "in orange light", _shown(orange + np.float32((0, 0.003, 0.01)[number // 3 % 3]))
        gray = (light @ _WEIGHTS)[..., None] * np.float32(0.85) + np.float32(0.02)
        yield "toned", _shown(gray ** np.array([(0.9, 1.1, 1.5), (0.8, 1.15, 2.0)][number % 2], np.float32))


def _shown(light: Floats) -> Picture:
    return np.asarray(np.rint(transfer.light_to_srgb(np.clip(light, 0, 1).astype(np.float32)) * 255), np.uint8)


def recognized(scan: Pixels, detector: FaceDetector) -> negatives.Verdict:
    """As the step does."""

    def find(shown: Pixels, track: Track) -> Sequence[negatives.Seen]:
        return [negatives.Seen(face.box, face.confidence) for face in faces.find_faces(shown, detector, track)]

    return negatives.recognize(scan, icc=None, find_faces=find, track=Track())


def judge(count: int, step: int) -> None:
    """What ``auto`` says of negatives and of positives."""
    cache = Restorer().cache
    detector = cache.adapter(FACE_DETECTION, cache.model(FACE_DETECTION.name))
    print("| photos | | called a negative | of the other kind | left with a warning |\n|---|---|---|---|---|")
    random = np.random.default_rng(12)
    kinds: tuple[Kind, ...] = ("color", "bw")
    for name in SETS:
        for kind in kinds:
            said = []
            for picture in photos(name, count):
                scan, _ = negative(picture, kind, draw_film(kind, random), draw_scanner(kind, random), random)
                said.append(recognized(scan, detector))
            right, wrong = (sum(one.kind == other for one in said) for other in (kind, kinds[kind == "color"]))
            warned = sum(one.note is not None for one in said)
            print(f"| {name}, negatives, {kind} | {len(said)} | {right} | {wrong} | {warned} |", flush=True)
    counts: dict[str, list[int]] = {}
    for name, picture in positives(step):
        verdict = recognized(picture, detector)
        row = counts.setdefault(name, [0, 0, 0])
        row[0] += 1
        row[1] += verdict.kind is not None
        row[2] += verdict.note is not None
    for name, (total, called, warned) in counts.items():
        print(f"| positives, {name} | {total} | {called} | | {warned} |")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=12, help="photos per set")
    parser.add_argument("--recognition", action="store_true", help="what auto says, instead")
    parser.add_argument("--step", type=int, default=1, help="of the positives, ask about every so many")
    wanted = parser.parse_args()
    if wanted.recognition:
        judge(wanted.count, wanted.step)
    else:
        measure(wanted.count)


if __name__ == "__main__":
    main()
