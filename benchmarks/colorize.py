"""Clean color photos made gray and colored again: ``python -m benchmarks.colorize``. Prints Markdown.

The photos are those of ``$DAGUERRE_PICTURES``: three sets of ``eval``, and of the training
pictures those that no training saw. Gray is the true L* alone; strength is 100. ``--network FILE`` judges an ONNX file
that is called as the embedded one is; ``--count`` takes fewer photos of each set.

Columns: chroma error is the mean over pixels of the distance in CIE ab from the truth, of which leaving the photo gray
has the whole chroma; colorfulness is after Hasler and Süsstrunk (2003), as a share of the true one, the mean over
photos; lightness is the largest change of the gray level, in levels of 8 bits. Skin is what lies, in the truth, within
an ellipse where aligned portraits have their face, and has L* 25-92, chroma 8-45 and a hue of 20-85 degrees.
"""

from __future__ import annotations

import argparse
import csv
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from daguerre import Restorer
from daguerre.imaging.color import transfer
from daguerre.models.adapters import COLORIZE
from daguerre.models.roles import Colorizer
from daguerre.pipeline.colorize import colorize
from daguerre.progress import Track
from training.candidate import load_candidate
from training.pictures import require_pictures

ROOT = Path(__file__).parents[1]
SETS = ("cid22_val", "bench_CBSD68", "faces_hq", "held out")
HELD_OUT = 37
"""Each so many-th color picture of ``train``, as in training/colorize/samples.py."""

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass
class Figures:
    """What was measured on one set, a number a photo."""

    off: list[float] = field(default_factory=list)
    gray: list[float] = field(default_factory=list)
    vivid: list[float] = field(default_factory=list)
    level: list[float] = field(default_factory=list)
    skin: list[float] = field(default_factory=list)
    skin_gray: list[float] = field(default_factory=list)

    def gain(self) -> float:
        """By which share the chroma error is below that of leaving the photos gray."""
        return 1 - float(np.mean(self.off) / np.mean(self.gray))


def files(name: str) -> list[Path]:
    """The photos of a set; none where it is not there."""
    if name != "held out":
        return sorted(path for path in (require_pictures() / "eval" / name).rglob("*") if path.is_file())
    train = require_pictures() / "train"
    if not (train / "manifest.tsv").is_file():
        return []
    with (train / "manifest.tsv").open() as file:
        rows = [row["file"] for row in csv.DictReader(file, delimiter="\t") if row["kind"] == "colour"]
    return [train / row for row in rows[::HELD_OUT]]


def lab(picture: Picture) -> Floats:
    """``[H, W, 3]`` RGB to CIE Lab."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def made_gray(true: Floats) -> Picture:
    """``[H, W, 1]``: the L* of a Lab picture and nothing else."""
    neutral = np.zeros_like(true)
    neutral[..., 0] = true[..., 0]
    gray = cv2.cvtColor(neutral, cv2.COLOR_LAB2RGB)[..., 1:2]
    return np.asarray(np.rint(np.clip(gray, 0, 1) * 255), np.uint8)


def levels(picture: Picture) -> Floats:
    """The gray of the same luminance, 0-255, of ``[H, W, 1|3]``."""
    codes = picture.astype(np.float64) / 255
    light = transfer.decode_srgb(codes)
    luminance = light[..., 0] if light.shape[2] == 1 else light @ np.array([0.212639, 0.7151687, 0.0721923])
    return np.asarray(transfer.encode_srgb(luminance) * 255, np.float32)


def colorfulness(picture: Picture) -> float:
    """Hasler and Süsstrunk, *Measuring colourfulness in natural images* (2003)."""
    red, green, blue = picture.astype(np.float64).transpose(2, 0, 1)
    rg, yb = red - green, (red + green) / 2 - blue
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def skin(true: Floats) -> npt.NDArray[np.bool_]:
    """Where an aligned portrait, as those of CelebA-HQ, has skin."""
    height, width = true.shape[:2]
    y, x = np.mgrid[:height, :width]
    inside = ((x / width - 0.5) / 0.2) ** 2 + ((y / height - 0.6) / 0.27) ** 2 < 1
    strength, hue = np.hypot(true[..., 1], true[..., 2]), np.degrees(np.arctan2(true[..., 2], true[..., 1]))
    colored = (strength > 8) & (strength < 45) & (hue > 20) & (hue < 85)
    return np.asarray(inside & colored & (true[..., 0] > 25) & (true[..., 0] < 92))


def judge(network: Colorizer, name: str, count: int = 0) -> Figures:
    """``network`` on the set ``name``, on so many of its photos; 0 takes all."""
    paths = files(name)
    figures = Figures()
    for path in paths[:: max(1, len(paths) // count) if count else 1]:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            continue
        picture = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
        true, gray = lab(picture), made_gray(lab(picture))
        painted = colorize(gray, network, strength=100, track=Track())
        off = np.hypot(*(lab(painted) - true)[..., 1:].transpose(2, 0, 1))
        whole = np.hypot(true[..., 1], true[..., 2])
        figures.off.append(float(off.mean()))
        figures.gray.append(float(whole.mean()))
        figures.vivid.append(colorfulness(painted) / max(1.0, colorfulness(picture)))
        figures.level.append(float(np.abs(levels(painted) - levels(gray)).max()))
        if name == "faces_hq":
            where = skin(true)
            if where.any():
                figures.skin.append(float(off[where].mean()))
                figures.skin_gray.append(float(whole[where].mean()))
    return figures


def timed(network: Colorizer, megapixels: float = 12.0) -> tuple[float, float]:
    """Seconds on the clock and of all cores for a gray photo of that size, the network loaded."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    random = np.random.default_rng(0).integers(0, 256, (height // 8, height // 6, 1), np.uint8)
    photo = cv2.resize(random, (round(height * 4 / 3), height), interpolation=cv2.INTER_CUBIC)[..., None]
    colorize(photo, network, strength=100, track=Track())
    clock, cores = time.perf_counter(), time.process_time()
    colorize(photo, network, strength=100, track=Track())
    return time.perf_counter() - clock, time.process_time() - cores


def loaded(file: Path | None) -> tuple[Colorizer, str]:
    """The network of ``file`` or the best installed one, and its name."""
    if file is not None:
        return load_candidate(COLORIZE, file), file.name
    cache = Restorer().cache
    model = cache.model(COLORIZE.name)
    return cache.adapter(COLORIZE, model), model.id


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", type=Path, metavar="FILE", help="an ONNX file instead of the installed network")
    parser.add_argument("--count", type=int, default=0, help="photos per set; 0 takes all")
    parser.add_argument("--megapixels", type=float, default=12)
    wanted = parser.parse_args()
    network, title = loaded(wanted.network)
    print(f"Model: {title}\n")
    print("| set | photos | chroma error | left gray | lower by | colorfulness | lightness, levels |")
    print("|---|---|---|---|---|---|---|")
    lines = []
    for name in SETS:
        figures = judge(network, name, wanted.count)
        if not figures.off:
            print(f"| {name}: not there | | | | | | |")
            continue
        print(
            f"| {name} | {len(figures.off)} | {np.mean(figures.off):.2f} | {np.mean(figures.gray):.2f} "
            f"| {100 * figures.gain():.0f} % | {100 * np.mean(figures.vivid):.0f} % | {max(figures.level):.2f} |"
        )
        if figures.skin:
            lines.append(
                f"Skin, {len(figures.skin)} portraits: {np.mean(figures.skin):.1f} from the truth in ab on average, "
                f"worst {max(figures.skin):.1f}; {np.mean(figures.skin_gray):.1f} left gray."
            )
    clock, cores = timed(network, wanted.megapixels)
    lines.append(f"{wanted.megapixels:g} MP: {clock:.2f} s on the clock, {cores:.2f} s of all cores.")
    print("\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
