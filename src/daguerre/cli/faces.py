"""Faces on the command line: which to enhance, and what was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from daguerre.errors import WrongUsage
from daguerre.files import write_whole
from daguerre.pipeline.result import Restoration

_GREEN, _ORANGE = (60, 200, 80), (255, 150, 30)


def chosen_face(text: str) -> int | list[float]:
    """``2`` or ``x,y,width,height``; raises WrongUsage."""
    parts = text.split(",")
    try:
        if len(parts) == 1 and int(text) >= 0:
            return int(text)
        if len(parts) == 4:
            return [float(part) for part in parts]
    except ValueError:
        pass
    raise WrongUsage(f"--face {text}: give a face's number, or its box as X,Y,WIDTH,HEIGHT.")


def save(result: Restoration, path: Path) -> None:
    """Store the faces: as a list where ``path`` ends in .json, else drawn over the restored photo.

    A face that was enhanced is green, the others orange. Raises CannotWrite and UnsupportedImage.
    """
    if path.suffix.lower() == ".json":
        write_whole(path, (json.dumps([face.to_dict() for face in result.faces], indent=2) + "\n").encode())
        return
    from daguerre import imaging
    from daguerre.imaging.photo import Photo

    write_whole(path, imaging.encode(Photo(drawn(result), "png"), format=path.suffix or "png").data)


def drawn(result: Restoration) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The restored photo ``[H, W, 3]`` uint8 with a numbered box around each face."""
    import cv2

    pixels = result.photo.pixels
    if pixels.dtype.kind == "f":
        pixels = np.rint(np.clip(np.nan_to_num(pixels), 0, 1) * 255)
    elif pixels.dtype.itemsize > 1:
        pixels = pixels >> 8 * (pixels.dtype.itemsize - 1)
    canvas = np.ascontiguousarray(pixels.astype(np.uint8).repeat(3 // pixels.shape[2], axis=2))
    for number, face in enumerate(result.faces):
        left, top, width, height = (result.upscale * length for length in face.box)
        color = _GREEN if face.enhanced else _ORANGE
        line = max(1, round(max(width, height) / 60))
        cv2.rectangle(canvas, (left, top), (left + width, top + height), color, line)
        size = max(0.4, max(width, height) / 160)
        cv2.putText(
            canvas, str(number), (left, top - 2 * line), cv2.FONT_HERSHEY_SIMPLEX, size, color, line, cv2.LINE_AA
        )
    return canvas
