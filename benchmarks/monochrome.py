"""How well monochrome photos are told from color ones: ``python -m benchmarks.monochrome``.

Judged on color pictures of ``eval/`` and on color photographs of sources that were kept from training, and on
monochrome ones: photographs of those sources turned neutral, sepia, selenium, blue or yellow, clean and stained.
``--list`` names the pictures that were told wrong. ``DAGUERRE_PICTURES`` and ``DAGUERRE_ALBUM`` name the pictures.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.models import adapters
from daguerre.models.catalog.embedded import WEIGHTS
from daguerre.pipeline.monochrome import Tone, judge_tone
from training.candidate import load_candidate
from training.grayscale.samples import Samples
from training.pictures import require_pictures

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

COLOR_SETS = ("bench_CBSD68", "cid22_val", "faces_hq")
TONES = {
    "neutral": (0.0, 0.0),
    "sepia": (1.2, 22.0),
    "selenium": (5.6, 9.0),
    "blue": (4.4, 20.0),
    "yellow": (1.55, 28.0),
}
"""Hue in radians and chroma of the midtones."""
_LONGEST = 500


def toned(gray: Bytes, tone: str) -> Floats:
    """A gray picture ``[H, W]`` as a toned print ``[H, W, 3]``, 0..1."""
    hue, chroma = TONES[tone]
    level = gray.astype(np.float32) / 255
    force = chroma * (4 * level * (1 - level)) ** 0.6
    lab = np.dstack([100 * level, force * np.cos(hue), force * np.sin(hue)]).astype(np.float32)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)


def jpeg(picture: Floats, quality: int = 85) -> Bytes:
    """What a JPEG file leaves of it."""
    pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1])


def reduced(pixels: Bytes) -> Bytes:
    """At most ``_LONGEST`` pixels long."""
    scale = _LONGEST / max(pixels.shape[:2])
    return pixels if scale >= 1 else cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def pictures() -> Iterator[tuple[str, Tone, str, Bytes]]:
    """Set, what is right, name and pixels."""
    for name in COLOR_SETS:
        for file in sorted((require_pictures() / "eval" / name).iterdir()):
            image = cv2.imread(str(file))
            if image is not None:
                yield name, Tone.COLOR, file.name, np.ascontiguousarray(image[..., ::-1])
    samples = Samples(5, "judge")
    for entry in samples.entries[::3]:
        yield "color photographs", Tone.COLOR, entry.name, reduced(entry.open())
    for stained in (False, True):
        for index, entry in enumerate(samples.entries[1::4][:150]):
            tone = list(TONES)[index % len(TONES)]
            picture = toned(cv2.cvtColor(reduced(entry.open()), cv2.COLOR_RGB2GRAY), tone)
            kind = "made monochrome, stained" if stained else "made monochrome"
            yield kind, Tone.MONOCHROME, f"{entry.name} ({tone})", jpeg(samples.corner(picture) if stained else picture)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--list", action="store_true", help="name those that were told wrong")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    judge = load_candidate(adapters.MONOCHROME, options.weights / "monochrome.onnx")
    told: dict[str, Counter[Tone]] = {}
    for kind, right, name, pixels in pictures():
        tone = judge_tone(pixels, judge)
        told.setdefault(kind, Counter())[tone] += 1
        if options.list and tone != right:
            print(f"{kind}: {name}: {tone}")
    print("| pictures | of | monochrome | color | unsure |\n|---|---|---|---|---|")
    for kind, counts in told.items():
        shares = " | ".join(f"{100 * counts[tone] / counts.total():.1f} %" for tone in Tone)
        print(f"| {kind} | {counts.total()} | {shares} |")


if __name__ == "__main__":
    main()
