"""What each tier of networks costs on this machine, per step and megapixel: ``python -m benchmarks.tiers``.

Prints Markdown. Each step runs alone on the same photo, after a first pass that loads its networks. Seconds are of the
clock and of the processor, over all threads: the latter do not count what other programs took. Networks that are not
installed are named.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from benchmarks.scenes import damaged
from daguerre import ModelNotInstalled, Photo, Restorer
from daguerre.models.catalog import WantedTier

STEPS = ("scratch_removal", "face_enhancement", "denoise", "colorize")
TIERS: tuple[WantedTier, ...] = ("embedded", "full")


def measure(restorer: Restorer, photo: Photo, step: str) -> str:
    """A row: seconds and processor seconds per megapixel, and the networks that ran."""
    wanted: dict[str, Any] = {name: name == step for name in STEPS}
    try:
        restorer.restore(photo, **wanted)
        began, worked = time.perf_counter(), time.process_time()
        result = restorer.restore(photo, **wanted)
    except ModelNotInstalled as error:
        return f"| {step} | {restorer.models} | - | - | {error} |"
    megapixels = photo.height * photo.width / 1e6
    seconds = (time.perf_counter() - began) / megapixels
    processor = (time.process_time() - worked) / megapixels
    used = ", ".join(f"{role}: {id}" for role, id in result.models.items()) or "; ".join(result.warnings)
    changed = "" if step in result.steps else " (changed nothing)"
    return f"| {step} | {restorer.models} | {seconds:.2f} | {processor:.2f} | {used}{changed} |"


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=2)
    megapixels = parser.parse_args().megapixels
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    colors = damaged(height, round(height * 4 / 3))
    gray = np.ascontiguousarray(colors.mean(2, keepdims=True).round().astype(np.uint8))
    print("| step | tier | s per MP | processor s per MP | networks |\n|---|---|---|---|---|")
    for step in STEPS:
        photo = Photo(gray if step == "colorize" else colors, "png")
        for tier in TIERS:
            restorer = Restorer(tier)
            print(measure(restorer, photo, step), flush=True)
            restorer.release()
    cache = Restorer().cache
    missing = [network for network in cache.catalog if not cache.store.installed(network)]
    if missing:
        print(f"\nNot installed, and not measured: {', '.join(network.id for network in missing)}.")


if __name__ == "__main__":
    main()
