"""Truth for faces and enlarging: sharp squares of 512 px, every face of that size and as many other things.

``python -m training.upscale.pool`` cuts them out of the album's originals into ``runs/truth``, a tenth of the sources
kept back for judging. It goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training import RUNS, album, pictures

Bytes = npt.NDArray[np.uint8]

FOLDER = RUNS / "truth"
SIDE = 512
TEMPLATE = np.float32([(192.98, 239.95), (318.90, 240.19), (256.63, 314.02), (201.26, 371.41), (313.09, 371.15)])
"""Where eyes, nose and mouth of an FFHQ-aligned face of 512 px lie."""
_LEAST_FACE = 180
"""Pixels between the brow and chin of a face that is sharp enough to be truth."""
_HELD_OUT = 10


def original(entry: album.Entry) -> Bytes | None:
    """The picture as it came, RGB."""
    root = Path(os.environ[album.VARIABLE])
    file = next((root / entry.name.split("/")[0]).glob(f"{entry.name.split('/')[1]}.*"), None)
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR) if file else None
    return None if picture is None else np.ascontiguousarray(picture[..., ::-1])


def aligned(picture: Bytes, landmarks: npt.NDArray[np.float32], size: int = SIDE) -> Bytes:
    """A face of ``picture`` on the template, antialiased."""
    matrix, _ = cv2.estimateAffinePartial2D(landmarks, TEMPLATE * (size / 512), method=cv2.LMEDS)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    while scale < 0.5:
        picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        matrix[:, :2] *= 2
        scale *= 2
    if scale < 0.9:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.45 * np.sqrt(1 / scale**2 - 1))
    return np.asarray(
        cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.uint8
    )


class Cutter:
    """Cuts faces and squares out of one picture after the other."""

    def __init__(self) -> None:
        models = pictures.judging_networks()
        self.detector = cv2.FaceDetectorYN.create(
            str(models / "face_detection_yunet_2023mar.onnx"), "", (320, 320), 0.8, 0.3, 200
        )

    def faces(self, entry: album.Entry, picture: Bytes) -> list[Bytes]:
        """Aligned faces, sharp ones alone."""
        small = entry.open()[..., ::-1]
        self.detector.setInputSize((small.shape[1], small.shape[0]))
        _, found = self.detector.detect(np.ascontiguousarray(small))
        scale = picture.shape[1] / small.shape[1]
        crops = []
        for row in found if found is not None else ():
            if row[3] * scale >= _LEAST_FACE:
                crop = aligned(picture, (row[4:14].reshape(5, 2) * scale).astype(np.float32))
                if detail(crop) > 3.5:
                    crops.append(crop)
        return crops

    def square(self, picture: Bytes, rng: np.random.Generator) -> Bytes | None:
        """A sharp square, or ``None``."""
        side = min(int(SIDE * rng.uniform(1.0, 2.2)), *picture.shape[:2])
        if side < SIDE:
            return None
        y, x = (int(rng.integers(0, n - side + 1)) for n in picture.shape[:2])
        square = np.asarray(
            cv2.resize(picture[y : y + side, x : x + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8
        )
        return square if detail(square) > 6 else None


def detail(crop: Bytes) -> float:
    """Standard deviation of the Laplacian of an 8-bit picture: below 4 it is soft."""
    return float(cv2.Laplacian(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.CV_32F).std())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    cv2.setNumThreads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    cutter = Cutter()
    entries = [entry for entry in album.ready() if not entry.old and "soft" not in entry.note]
    sources = sorted({entry.source for entry in entries})
    for index in np.random.default_rng(0).permutation(len(entries)):
        entry = entries[index]
        stamp = FOLDER / f"{index:05d}.done"
        if stamp.exists():
            continue
        rng = np.random.default_rng((5, int(index)))
        picture = original(entry)
        part = "judge" if sources.index(entry.source) % _HELD_OUT == 0 else "train"
        if picture is not None:
            faces = cutter.faces(entry, picture)[:6]
            squares = [cutter.square(picture, rng) for _ in range(2)]
            for kind, crops in (("face", faces), ("thing", squares)):
                for k, crop in enumerate(crops):
                    if crop is not None:
                        cv2.imwrite(
                            str(FOLDER / f"{part}_{kind}_{index:05d}_{k}.png"),
                            crop[..., ::-1],
                            [cv2.IMWRITE_PNG_COMPRESSION, 1],
                        )
        stamp.touch()


if __name__ == "__main__":
    main()
