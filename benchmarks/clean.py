"""Clean photos through all the defaults: ``python -m benchmarks.clean``. Prints Markdown.

The pictures are those of ``$DAGUERRE_PICTURES/eval``.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt

import daguerre
from daguerre import Photo, Restorer
from training.pictures import require_pictures

SETS = ("cid22_val", "faces_hq", "bench_CBSD68")
CEILING_DB = 99.0


def psnr(before: npt.NDArray[np.generic], after: npt.NDArray[np.generic], white: float) -> float:
    """Peak signal-to-noise ratio in dB; 99 for equal pictures, which is also the ceiling of the means."""
    error = float(np.mean((before.astype(np.float64) - after.astype(np.float64)) ** 2))
    return CEILING_DB if error == 0 else min(CEILING_DB, 10 * float(np.log10(white**2 / error)))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=0, help="pictures per set; 0 takes all")
    count = parser.parse_args().count
    data = require_pictures() / "eval"
    restorer = Restorer()
    print("| set | photos | PSNR, mean | worst | without any damage | damage, mean |\n|---|---|---|---|---|---|")
    for name in SETS:
        if not (data / name).is_dir():
            print(f"| {name}: not there | | | | | |")
            continue
        paths = sorted(path for path in (data / name).rglob("*") if path.suffix.lower() in {".png", ".jpg", ".webp"})
        step = max(1, len(paths) // count) if count else 1
        figures, coverages = [], []
        for path in paths[::step][: count or None]:
            photo: Photo = daguerre.open(path)
            result = restorer.restore(photo)
            figures.append(psnr(photo.pixels, result.photo.pixels, photo.white))
            coverages.append(result.scratch_coverage)
        if figures:
            untouched = sum(coverage == 0 for coverage in coverages) / len(coverages)
            print(
                f"| {name} | {len(figures)} | {np.mean(figures):.1f} dB | {min(figures):.1f} dB "
                f"| {100 * untouched:.0f} % | {np.mean(coverages):.3f} % |"
            )


if __name__ == "__main__":
    main()
