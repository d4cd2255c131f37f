"""Sound color photos faded and brought back: ``python -m benchmarks.fading``. Prints Markdown.

The photos are those of three sets of ``$DAGUERRE_PICTURES/eval`` and of ``train/`` those that no training saw. Each is
faded as prints and slides do (dyes with crosstalk lose shares of their density, the base stains), in ways that are not
those of the training. Figures are CIEDE2000 to the sound photo, the mean over pixels and photos, beside what people use
otherwise: gray world, Shades of Gray (Finlayson and Trezzi, 2004, p = 6) and a stretch of each channel between its 1st
and 99th percentiles. ``--network FILE`` judges an ONNX file.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from skimage.color import deltaE_ciede2000, rgb2lab

from daguerre import Restorer, fading
from daguerre.imaging.color import transfer
from daguerre.models.adapters import FACE_DETECTION, FADING
from daguerre.models.roles import FaceDetector, FadingEstimator
from daguerre.pipeline import faces
from daguerre.pipeline.monochrome import Tone, judge_tone
from daguerre.progress import Track
from training.candidate import load_candidate
from training.fading import thumbnails
from training.pictures import require_pictures

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SETS = ("cid22_val", "bench_CBSD68", "faces_hq", "held out")
_SIDE = 512
_ABSORPTION = np.array([[1.0, 0.11, 0.02], [0.24, 1.0, 0.11], [0.07, 0.26, 1.0]], np.float32)

WAYS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], float]] = {
    "in the dark, mild": ((0.8, 0.93, 0.86), (0.01, 0.02, 0.06), 0),
    "in the dark": ((0.62, 0.88, 0.74), (0.02, 0.05, 0.13), 0),
    "in the dark, for long": ((0.45, 0.8, 0.62), (0.03, 0.07, 0.2), 0),
    "in the dark, edges yellowed": ((0.7, 0.9, 0.8), (0.02, 0.04, 0.08), 0.2),
    "in light": ((0.85, 0.6, 0.75), (0.02, 0.03, 0.07), 0),
    "slide": ((0.55, 0.92, 0.7), (0, 0, 0.01), 0),
}
"""Shares that cyan, magenta and yellow keep, stain in R, G and B, and yellowing of the edges, as densities."""


def faded(picture: Picture, way: str) -> Picture:
    """``[H, W, 3]`` RGB as a print or slide that faded so shows it."""
    kept, stain, edges = WAYS[way]
    light = transfer.srgb_to_light(picture.astype(np.float32) / 255)
    amounts = -np.log10(light + np.float32(0.003)) @ np.linalg.inv(_ABSORPTION).T
    left = (amounts * np.array(kept, np.float32)) @ _ABSORPTION.T + np.array(stain, np.float32)
    y, x = (np.abs(np.linspace(-1, 1, length)) for length in picture.shape[:2])
    edge = np.maximum(y[:, None], x[None, :])[..., None] ** 4
    left = left + edges * edge * np.array([0.1, 0.35, 1.0])
    seen = transfer.light_to_srgb(np.clip(10**-left - 0.003, 0, 1).astype(np.float32))
    return np.asarray(np.rint(seen * 255), np.uint8)


def gray_world(picture: Picture, power: float = 1.0) -> Picture:
    """Every channel's mean of ``power`` made the same, in linear light."""
    light = transfer.srgb_to_light(picture.astype(np.float32) / 255)
    mean = (light**power).mean((0, 1)) ** (1 / power)
    return _shown(light * (mean.mean() / np.maximum(mean, 1e-4)))


def stretched(picture: Picture) -> Picture:
    """Every channel from its 1st to its 99th percentile."""
    low, high = np.percentile(picture, (1, 99), axis=(0, 1))
    return np.asarray(np.clip(np.rint((picture - low) * 255 / np.maximum(high - low, 1)), 0, 255), np.uint8)


def _shown(light: Floats) -> Picture:
    return np.asarray(np.rint(transfer.light_to_srgb(np.clip(light, 0, 1).astype(np.float32)) * 255), np.uint8)


def difference(one: Picture, other: Picture) -> float:
    """Mean CIEDE2000."""
    return float(deltaE_ciede2000(rgb2lab(other), rgb2lab(one)).mean())


def files(name: str) -> list[Path]:
    """The photos of a set."""
    if name != "held out":
        return sorted(path for path in (require_pictures() / "eval" / name).rglob("*") if path.is_file())
    return [path for name, path in thumbnails.files() if thumbnails.is_held_out(name) and "train" in path.parts]


def read(path: Path) -> Picture | None:
    """RGB of at most ``_SIDE`` pixels."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        return None
    scale = min(1.0, _SIDE / max(picture.shape[:2]))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[..., ::-1], np.uint8)


def revived(picture: Picture, estimator: FadingEstimator, detector: FaceDetector | None) -> Picture:
    """As the step does."""
    if judge_tone(picture, None) is Tone.MONOCHROME:
        return np.asarray(fading.restore_tones(picture, strength=100, tone="keep", icc=None, track=Track()))

    def find_boxes(track: Track) -> list[Sequence[float]]:
        return [] if detector is None else [face.box for face in faces.find_faces(picture, detector, track)]

    outcome = fading.restore_dyes(picture, estimator, strength=100, icc=None, find_faces=find_boxes, track=Track())
    return np.asarray(outcome.pixels)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", type=Path, metavar="FILE")
    parser.add_argument("--count", type=int, default=20, help="photos per set")
    parser.add_argument("--no-faces", action="store_true", help="leave out the anchor of skin")
    wanted = parser.parse_args()
    cache = Restorer().cache
    estimator = (
        load_candidate(FADING, wanted.network) if wanted.network else cache.adapter(FADING, cache.model(FADING.name))
    )
    detector = None if wanted.no_faces else cache.adapter(FACE_DETECTION, cache.model(FACE_DETECTION.name))
    methods: dict[str, Callable[[Picture], Picture]] = {
        "gray world": gray_world,
        "Shades of Gray": lambda picture: gray_world(picture, 6),
        "stretch": stretched,
        "Daguerre": lambda picture: revived(picture, estimator, detector),
    }
    heads = ("set", "faded", "photos", "as faded", *methods, "share left")
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for name in SETS:
        paths = files(name)
        paths = paths[:: max(1, len(paths) // wanted.count)][: wanted.count]
        pictures = [
            picture
            for path in paths
            if (picture := read(path)) is not None and judge_tone(picture, None) is not Tone.MONOCHROME
        ]
        everything = []
        for way in WAYS:
            figures = []
            for picture in pictures:
                seen = faded(picture, way)
                figures.append([difference(seen, picture), *(difference(f(seen), picture) for f in methods.values())])
            everything += figures
            _line(name, way, figures)
        _line(name, "**all**", everything)
        sound = [[0.0, *(difference(f(picture), picture) for f in methods.values())] for picture in pictures]
        _line(name, "not faded", sound)


def _line(name: str, way: str, figures: list[list[float]]) -> None:
    mean = np.mean(figures, axis=0)
    share = f"{mean[-1] / mean[0]:.2f}" if mean[0] else f"worst {max(row[-1] for row in figures):.1f}"
    print(f"| {name} | {way} | {len(figures)} | " + " | ".join(f"{value:.2f}" for value in mean) + f" | {share} |")


if __name__ == "__main__":
    main()
