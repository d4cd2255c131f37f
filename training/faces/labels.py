"""Where the faces of the training pictures are, as YuNet says: ``python -m training.faces.labels``.

Each picture is looked at as it is and enlarged twice, so that faces of 12 pixels are found too.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from training import RUNS, pictures

Floats = npt.NDArray[np.float32]

RUN = RUNS / "faces"
_LEAST = 0.25
_OVERLAP = 0.45


def teacher() -> Path:
    """YuNet's file: ``$DAGUERRE_YUNET``, else in ``models/`` beside the folder of the data.

    Raises:
        SystemExit: with a sentence, where the file is missing.
    """
    named = os.environ.get("DAGUERRE_YUNET")
    path = Path(named) if named else pictures.judging_networks() / "face_detection_yunet_2023mar.onnx"
    if not path.exists():
        raise SystemExit(f"No YuNet at {path}. Set DAGUERRE_YUNET to face_detection_yunet_2023mar.onnx.")
    return path


def find(picture: pictures.Picture, detector: cv2.FaceDetectorYN, zooms: tuple[float, ...] = (1, 2)) -> Floats:
    """Faces of ``[H, W, 3]`` RGB as rows of 15: x, y, width, height, five landmarks x and y, score."""
    found = []
    for zoom in zooms:
        image = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        image = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC) if zoom != 1 else image
        detector.setInputSize((image.shape[1], image.shape[0]))
        rows = detector.detect(image)[1]
        if rows is not None:
            found.append(np.concatenate([rows[:, :14] / np.float32(zoom), rows[:, 14:]], 1))
    if not found:
        return np.zeros((0, 15), np.float32)
    rows = np.concatenate(found)
    kept = cv2.dnn.NMSBoxes(rows[:, :4].tolist(), rows[:, 14].tolist(), _LEAST, _OVERLAP)
    return np.asarray(rows[np.asarray(kept, int).ravel()], np.float32)


def load() -> tuple[Floats, npt.NDArray[np.int64]]:
    """All faces ``[n, 15]`` and the picture of each ``[n]``; found first where that was not done yet."""
    file = RUN / "labels.npz"
    if not file.exists():
        RUN.mkdir(parents=True, exist_ok=True)
        pack = pictures.load()
        detector = cv2.FaceDetectorYN.create(str(teacher()), "", (320, 320), _LEAST, _OVERLAP, 500)
        faces = [find(np.ascontiguousarray(pack[index]), detector) for index in range(len(pack))]
        owners = np.repeat(np.arange(len(pack)), [len(rows) for rows in faces])
        np.savez(file, faces=np.concatenate(faces), owners=owners)
    with np.load(file) as stored:
        return stored["faces"], stored["owners"]


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows, _ = load()
    print(f"{len(rows)} faces, {int((rows[:, 14] >= 0.7).sum())} of them sure")
