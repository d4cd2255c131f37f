"""``python -m samples.sheet FOLDER... -o OUT``: every photo of the folders in color, before and after side by side.

OUT gets one sheet per folder, ``NAME.jpg``, and the colored photos at their own size in ``NAME/``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

import daguerre
from daguerre.imaging.depth import convert

_GAP, _LABEL = 8, 22

Picture = npt.NDArray[np.uint8]


def shown(photo: daguerre.Photo, height: int) -> Picture:
    """``photo`` as 8-bit RGB of that height, at most three times as wide."""
    pixels = convert(photo.pixels, "uint8")
    width = min(3 * height, max(1, round(photo.width * height / photo.height)))
    small = cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_GRAY2RGB) if small.ndim == 2 else small, np.uint8)


def pair(before: daguerre.Photo, after: daguerre.Photo, height: int, label: str) -> Picture:
    """Both side by side, with a line of text above."""
    beside = np.hstack([shown(before, height), np.full((height, _GAP // 2, 3), 255, np.uint8), shown(after, height)])
    head = np.full((_LABEL, beside.shape[1], 3), 255, np.uint8)
    cv2.putText(head, label, (2, _LABEL - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([head, beside])


def sheet(pairs: list[Picture], columns: int) -> Picture:
    """The ``pairs``, all of one height, in rows."""
    rows = [np.hstack([_framed(one) for one in pairs[at : at + columns]]) for at in range(0, len(pairs), columns)]
    widest = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 0), (0, widest - row.shape[1]), (0, 0)), constant_values=255) for row in rows])


def _framed(picture: Picture) -> Picture:
    return np.pad(picture, ((_GAP, _GAP), (_GAP, _GAP), (0, 0)), constant_values=255)


def main() -> None:
    """Write the sheets, and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    parser.add_argument("--height", type=int, default=360, help="of each picture on the sheet, in pixels")
    parser.add_argument("--columns", type=int, default=2, help="pairs beside each other")
    parser.add_argument("--strength", type=float, default=85, help="0-100")
    parser.add_argument("--models", choices=("auto", "embedded", "full"), default="auto")
    parser.add_argument("--restore", action="store_true", help="scratches, faces and noise as well")
    wanted = parser.parse_args()
    restorer = daguerre.Restorer(wanted.models)
    others = dict.fromkeys(("scratch_removal", "denoise", "face_enhancement"), wanted.restore)
    for folder in wanted.folders:
        pairs = []
        (wanted.output / folder.name).mkdir(parents=True, exist_ok=True)
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
            try:
                before = daguerre.open(path)
                result = restorer.restore(before, colorize=True, colorize_strength=wanted.strength, **others)
                encoded = result.encode()
            except daguerre.DaguerreError as error:
                print(f"{path}: {error}")
                continue
            result.save(wanted.output / folder.name / f"{path.stem}_color{encoded.extension}")
            for warning in result.warnings:
                print(f"{path.name}: {warning}")
            pairs.append(pair(before, result.photo, wanted.height, path.name))
        if not pairs:
            print(f"{folder}: no photos.")
            continue
        target = wanted.output / f"{folder.name}.jpg"
        picture = cv2.cvtColor(sheet(pairs, wanted.columns), cv2.COLOR_RGB2BGR)
        if not cv2.imwrite(str(target), picture, [cv2.IMWRITE_JPEG_QUALITY, 90]):
            raise SystemExit(f"{target} could not be written.")
        print(target)


if __name__ == "__main__":
    main()
