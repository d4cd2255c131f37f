"""Enlarging, beside interpolation: ``python -m benchmarks.upscale [quality|speed|sheet]``. Prints Markdown.

Sharp pictures of ``$DAGUERRE_PICTURES/eval`` are reduced with blur, noise and JPEG, and enlarged again. The perceptual
distance needs torch, and so does Real-ESRGAN x4plus, with which the speed is compared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.clean import psnr
from benchmarks.faces import perceptual, pictures
from daguerre import Photo, Restorer, Settings
from daguerre.config import Config

ROOT = Path(__file__).parents[1]
SETS = ("cid22_val", "bench_CBSD68")
SIDE = 384
ONLY = Settings(scratch_removal=False, denoise=False, face_enhancement=False)
WAYS = {"the step alone": ONLY, "with noise reduction": ONLY.updated(denoise=True)}

Bytes = npt.NDArray[np.uint8]


def reduced(true: Bytes, factor: int, rng: np.random.Generator) -> Bytes:
    """A small scan of ``true``: blurred, noise of 3 levels, JPEG of quality 80."""
    soft = cv2.GaussianBlur(true, (0, 0), 0.35 * factor)
    small = cv2.resize(soft, (true.shape[1] // factor, true.shape[0] // factor), interpolation=cv2.INTER_AREA)
    noisy = np.clip(np.rint(small + rng.normal(0, 3, small.shape)), 0, 255).astype(np.uint8)
    return np.asarray(
        cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 80])[1], cv2.IMREAD_COLOR), np.uint8
    )


def cases(count: int) -> Iterator[Bytes]:
    """The middle of the pictures."""
    for name in SETS:
        for _, picture in pictures(name)[:count]:
            height, width = (min(SIDE, length // 4 * 4) for length in picture.shape[:2])
            top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
            yield np.ascontiguousarray(picture[top : top + height, left : left + width])


def quality(restorer: Restorer, count: int) -> None:
    """Perceptual distance and PSNR against bicubic interpolation, and how far the result contradicts the scan."""
    eye = perceptual()
    print(
        "| enlarging | factor | perceptual distance over bicubic's | PSNR against bicubic | reduced again, off by |\n"
        "|---|---|---|---|---|"
    )
    for factor in (2, 4):
        rng = np.random.default_rng(factor)
        figures: dict[str, list[tuple[float, float, float]]] = {way: [] for way in WAYS}
        for true in cases(count):
            small = reduced(true, factor, rng)
            plain = cv2.resize(small, (true.shape[1], true.shape[0]), interpolation=cv2.INTER_CUBIC)
            for way, settings in WAYS.items():
                made = restorer.restore(Photo(small, "png"), settings, upscale=factor).photo.pixels
                seen = float("nan")
                if eye is not None:
                    far, near = (eye(each.astype(np.float32) / 255, true.astype(np.float32) / 255)
                                 for each in (plain, made))  # fmt: skip
                    seen = near / far
                again = cv2.resize(
                    made.astype(np.float32), (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA
                )
                off = float(np.abs(again - small).mean())
                figures[way].append((seen, psnr(made, true, 255) - psnr(plain, true, 255), off))
        for way, rows in figures.items():
            seen, gain, off = np.mean(rows, 0)
            print(f"| {way} | {factor} | {seen:.3f} | {gain:+.2f} dB | {off:.2f} levels |")


def speed(restorer: Restorer) -> None:
    """3 megapixels to 12, and what Real-ESRGAN x4plus takes for the same, measured on a part of it."""
    rng = np.random.default_rng(0)
    photo = Photo(rng.integers(0, 255, (1500, 2000, 3), np.uint8), "png")
    restorer.restore(Photo(photo.pixels[:512, :512], "png"), ONLY, upscale=2)
    ours = _seconds(lambda: restorer.restore(photo, ONLY, upscale=2))
    print(f"3 MP to 12 MP: {ours:.1f} s")
    try:
        import torch

        from training import teacher
    except ImportError:
        return
    network = teacher.load()
    part = torch.rand(1, 3, 128, 128)
    with torch.no_grad():
        network(part)
        theirs = _seconds(lambda: network(part)) * 3e6 / 128**2
    print(f"x4plus over the same 3 MP, in float32 by torch: {theirs:.0f} s")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sheet(restorer: Restorer, out: Path, count: int) -> None:
    """Old photos, a part of each: interpolated, and enlarged four times."""
    for name in ("old_scratched", "old_faded", "historic_photos"):
        for path, picture in pictures(name)[:count]:
            top, left = (max(0, length // 2 - 64) for length in picture.shape[:2])
            small = np.ascontiguousarray(picture[top : top + 128, left : left + 160])
            made = restorer.restore(Photo(small, "png"), ONLY.updated(denoise=True), upscale=4).photo.pixels
            plain = cv2.resize(small, (made.shape[1], made.shape[0]), interpolation=cv2.INTER_CUBIC)
            out.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(out / f"{name}_{path.stem}.png"), np.hstack([plain, made])[..., ::-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["quality", "speed", "sheet"], default="quality")
    parser.add_argument("--count", type=int, default=12, help="pictures of each set")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "sheets" / "upscale")
    choice = parser.parse_args()
    restorer = Restorer(config=Config())
    match choice.what:
        case "quality":
            quality(restorer, choice.count)
        case "speed":
            speed(restorer)
        case _:
            sheet(restorer, choice.out, choice.count)


if __name__ == "__main__":
    main()
