"""What the detector masks on real photographs with labelled damage: ``python -m benchmarks.damage_real``.

The photographs of the sources that are kept for judging (``training/damage/labelled.py``); a pixel counts as right
within 2 pixels of the truth. Prints Markdown; ``--each`` a row for every photo, ``--sheets FOLDER`` writes each photo
with the truth (green) and the mask (red) drawn in. ``DAGUERRE_PICTURES`` and ``DAGUERRE_ALBUM`` name the photographs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from daguerre.models.adapters import DAMAGE
from daguerre.models.catalog.embedded import WEIGHTS
from daguerre.pipeline import damage
from daguerre.progress import Track
from training.candidate import load_candidate
from training.damage import score
from training.damage.labelled import Labelled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--part", choices=["judge", "train"], default="judge")
    parser.add_argument("--sensitivity", type=float, nargs="*", default=[50.0])
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--sheets", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    detector = load_candidate(DAMAGE, options.weights / "damage.onnx")
    photos = Labelled(options.part).photos
    maps = [detector.find(photo.image, 50, Track()) for photo in photos]
    names = ("F1", "fine found", "recall", "precision", "harm", "worst harm", "clean untouched", "clean masked")
    print(f"{len(photos)} photographs\n\n| sensitivity | {' | '.join(names)} |\n{'|---' * (len(names) + 1)}|")
    for sensitivity in options.sensitivity:
        masks = [damage.to_mask(found, sensitivity, detector.rule) for found in maps]
        rows = [
            score.Row(photo.name, photo.kind, score.count(mask, photo.damage, photo.protect))
            for photo, mask in zip(photos, masks, strict=True)
        ]
        figures = score.summary(rows)
        cells = [f"{figures[name]:.3f}" if name in names[:4] else f"{100 * figures[name]:.3f} %" for name in names]
        print(f"| {sensitivity:g} | {' | '.join(cells)} |")
        if options.each:
            print(f"\n| photo | kind | damaged px | recall | precision | F1 | harm | wrong px |\n{'|---' * 8}|")
            for row in rows:
                c = row.counts
                shares = f"{c.recall:.2f} | {c.precision:.2f} | {c.f1:.2f} | {100 * c.harm:.3f} %"
                print(f"| {row.name} | {row.kind} | {c.damage} | {shares} | {c.wrong} |")
        if options.sheets:
            options.sheets.mkdir(parents=True, exist_ok=True)
            for photo, mask in zip(photos, masks, strict=True):
                picture = np.ascontiguousarray(photo.image[..., ::-1])
                for where, color in ((photo.damage == 255, (0, 200, 0)), (mask, (0, 0, 255))):
                    edges, _ = cv2.findContours(where.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
                    cv2.drawContours(picture, edges, -1, color, 1)
                cv2.imwrite(str(options.sheets / f"{photo.name.replace('/', '__')}.png"), picture)


if __name__ == "__main__":
    main()
