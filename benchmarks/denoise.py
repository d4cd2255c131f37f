"""Denoising beside OpenCV's non-local means: ``python -m benchmarks.denoise``. Prints Markdown.

The pictures are those of ``$DAGUERRE_PICTURES/eval``. Noise is drawn from a fixed seed and
stored in 8 bits, clipped and rounded, as a file would hold it. Nothing is told to the step: it measures the noise.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.models.adapters import DENOISE, NOISE
from daguerre.pipeline.denoise import NoiseProfile, NoiseReducer, estimate_noise
from daguerre.progress import Track
from training.candidate import load_candidate
from training.pictures import require_pictures

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "src" / "daguerre" / "models" / "weights"
STRENGTHS = (10, 15, 20, 25, 35, 50, 75, 100)

Bytes = npt.NDArray[np.uint8]


def pictures(folder: Path, count: int | None = None) -> list[Bytes]:
    """The pictures of a folder as ``[H, W, 3]`` RGB or ``[H, W, 1]`` gray."""
    found = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
    )
    step = max(1, len(found) // count) if count else 1
    return [read(path) for path in found[::step][:count]]


def read(path: Path) -> Bytes:
    """One picture."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise SystemExit(f"{path} cannot be read.")
    if image.dtype == np.uint16:
        image = image // 257
    picture = image[..., None] if image.ndim == 2 else image[..., 2::-1]
    return np.ascontiguousarray(picture, np.uint8)


def psnr(first: Bytes, second: Bytes) -> float:
    """Peak signal-to-noise ratio over all channels, in dB; 99 for equal pictures."""
    error = float(np.mean((first.astype(np.float64) - second) ** 2))
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def stored(values: npt.NDArray[np.floating]) -> Bytes:
    """As an 8-bit file holds it."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def gaussian(picture: Bytes, sigma: float, seed: int) -> Bytes:
    """Independent Gaussian noise."""
    random = np.random.default_rng(seed)
    return stored(picture + sigma * random.standard_normal(picture.shape))


def poisson(picture: Bytes, peak: float, seed: int) -> Bytes:
    """Photons: white is ``peak`` of them."""
    random = np.random.default_rng(seed)
    return stored(random.poisson(picture / 255 * peak) / peak * 255)


def grain(picture: Bytes, sigma: float, seed: int) -> Bytes:
    """Film grain: the same in all channels, 0.8 px wide, strongest in the middle tones."""
    random = np.random.default_rng(seed)
    field = cv2.GaussianBlur(random.standard_normal(picture.shape[:2]), (0, 0), 0.8)
    tone = picture.mean(2) / 255
    return stored(picture + (field / field.std() * sigma * (0.4 + 2.4 * tone * (1 - tone)))[..., None])


def jpeg(picture: Bytes, quality: int) -> Bytes:
    """JPEG with halved chroma."""
    _, code = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1])


class Step:
    """The step as the pipeline runs it."""

    def __init__(self, weights: Path) -> None:
        self.estimator = load_candidate(NOISE, weights / "noise.onnx", threads=2)
        self.reducer = NoiseReducer(load_candidate(DENOISE, weights / "denoise.onnx", threads=2), self.estimator)

    def measure(self, picture: Bytes) -> NoiseProfile:
        """What noise there is."""
        return estimate_noise(picture, self.estimator, track=Track())

    def clean(self, picture: Bytes, strength: float = 25) -> Bytes:
        """The picture without it."""
        profile = self.measure(picture)
        restored = self.reducer.reduce(picture, profile, strength=strength, track=Track())
        return np.asarray(restored, np.uint8)


def nlm(picture: Bytes, sigma: float) -> Bytes:
    """OpenCV's non-local means, told the true noise."""
    strength = 0.9 * sigma
    if picture.shape[2] == 1:
        return np.asarray(cv2.fastNlMeansDenoising(picture, None, strength), np.uint8)[..., None]
    return np.asarray(cv2.fastNlMeansDenoisingColored(picture, None, strength, strength), np.uint8)


def row(*cells: object) -> None:
    """One line of a table."""
    print(
        "| " + " | ".join(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |", flush=True
    )


def mean(values: Sequence[float]) -> float:
    """The average."""
    return float(np.mean(values))


def independent(step: Step, name: str, originals: list[Bytes], sweep: int) -> None:
    """Gaussian noise of three strengths, and how far the default is from the best strength."""
    for sigma in (15, 25, 50):
        noisy = [gaussian(picture, sigma, 1000 * sigma + index) for index, picture in enumerate(originals)]
        ours = [psnr(step.clean(spoilt), picture) for spoilt, picture in zip(noisy, originals, strict=True)]
        few = range(0, len(originals), max(1, len(originals) // sweep))
        theirs = [psnr(nlm(noisy[index], sigma), originals[index]) for index in few]
        at = {value: mean([psnr(step.clean(noisy[i], value), originals[i]) for i in few]) for value in STRENGTHS}
        told = mean([step.measure(noisy[index]).sigma_255 for index in few])
        before = mean([psnr(spoilt, picture) for spoilt, picture in zip(noisy, originals, strict=True)])
        best = max(at, key=lambda value: at[value])
        row(f"{name}, sigma {sigma}", before, mean(theirs), mean(ours), f"{at[best] - at[25]:.2f} (at {best})", told)


def other(step: Step, name: str, originals: list[Bytes], spoil: Callable[[Bytes, int], Bytes], guess: float) -> None:
    """Another kind of noise."""
    noisy = [spoil(picture, index) for index, picture in enumerate(originals)]
    before = mean([psnr(spoilt, picture) for spoilt, picture in zip(noisy, originals, strict=True)])
    theirs = mean([psnr(nlm(spoilt, guess), picture) for spoilt, picture in zip(noisy, originals, strict=True)])
    ours = mean([psnr(step.clean(spoilt), picture) for spoilt, picture in zip(noisy, originals, strict=True)])
    row(name, before, theirs, ours, "", mean([step.measure(spoilt).sigma_255 for spoilt in noisy]))


def clean(step: Step, name: str, originals: list[Bytes]) -> None:
    """Clean pictures: how much is done to them."""
    figures = [psnr(step.clean(picture), picture) for picture in originals]
    sigmas = np.array([step.measure(picture).sigma_255 for picture in originals])
    untouched = sum(figure == 99.0 for figure in figures) / len(figures)
    row(
        name,
        len(figures),
        f"{untouched:.0%}",
        mean([min(f, 60.0) for f in figures]),
        min(figures),
        float(np.median(sigmas)),
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--count", type=int, default=None, help="at most so many pictures of each set")
    parser.add_argument("--sweep", type=int, default=8, help="pictures on which all strengths and OpenCV are tried")
    options = parser.parse_args()
    data = require_pictures() / "eval"
    cv2.setNumThreads(2)
    step = Step(options.weights)
    row("noise", "noisy, dB", "non-local means, dB", "Daguerre, dB", "best strength is better by", "sigma measured")
    row(*["---"] * 6)
    color = pictures(data / "bench_CBSD68", options.count)
    independent(step, "CBSD68", color, options.sweep)
    independent(step, "Set12 gray", pictures(data / "bench_Set12_gray", options.count), options.sweep)
    few = pictures(data / "bench_CBSD68", min(20, options.count or 20))
    other(step, "film grain 0.8 px, sigma 20", few, lambda picture, seed: grain(picture, 20, seed), 15)
    other(step, "Poisson, peak 60", few, lambda picture, seed: poisson(picture, 60, seed), 20)
    other(step, "JPEG quality 30", few, lambda picture, seed: jpeg(picture, 30), 5)
    pairs = sorted((data / "noise_real_pairs").iterdir())
    truths = [read(path) for path in pairs if "_gt" in path.stem]
    reals = [read(path) for path in pairs if "_noise" in path.stem]
    if len(truths) == len(reals) > 0:
        other(step, "real camera noise, pairs", truths, lambda picture, index: reals[index], 8)
    print()
    row("clean pictures", "n", "untouched", "mean PSNR (equal counts 60), dB", "worst, dB", "median sigma measured")
    row(*["---"] * 6)
    for folder in ("bench_CBSD68", "cid22_val", "faces_hq"):
        originals = pictures(data / folder, options.count)
        clean(step, folder, originals)
        for quality in (95, 85):
            clean(step, f"{folder}, JPEG {quality}", [jpeg(picture, quality) for picture in originals])
    large = np.tile(gaussian(color[0], 20, 0), (8, 8, 1))[:2400, :3000]
    started = time.perf_counter()
    profile = step.measure(large)
    measured = time.perf_counter()
    step.reducer.reduce(large, profile, strength=25, track=Track())
    done = time.perf_counter()
    patch = large[:600, :600]
    nlm(patch, 20)
    compared = time.perf_counter()
    megapixels = large.shape[0] * large.shape[1] / 1e6
    print(
        f"\nMeasuring {1000 * (measured - started):.0f} ms, denoising {(done - measured) / megapixels:.3f} s per MP; ",
        end="",
    )
    print(f"non-local means in color {(compared - done) / 0.36:.2f} s per MP.")


if __name__ == "__main__":
    main()
