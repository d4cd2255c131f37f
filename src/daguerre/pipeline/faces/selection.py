"""Which of the faces that were found are meant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from daguerre.imaging.photo import Pixels
from daguerre.models.roles import FaceDetector
from daguerre.pipeline.faces.candidates import Face, iom
from daguerre.pipeline.faces.detection import find_in_box

Selection = Sequence[int | Sequence[float]]


_ELSEWHERE = 0.3
"""Share of the smaller of two boxes below which they lie in different places."""


def add_pointed_at(
    pixels: Pixels, faces: Sequence[Face], wanted: Selection | None, detector: FaceDetector
) -> list[Face]:
    """``faces``, and behind them those that ``wanted`` boxes point at where none of them lies.

    ``pixels`` is the photo ``[H, W, 1|3]`` of any depth. Raises ModelFailed.
    """
    result = list(faces)
    for wish in wanted or []:
        if isinstance(wish, int) or min(wish[2:]) <= 0:
            continue
        here = np.array(wish, np.float64)
        if result and iom(np.array([face.box for face in result]), here).max() >= _ELSEWHERE:
            continue
        face = find_in_box(pixels, wish, detector)
        if face is not None and not any(iom(np.array([other.box]), np.array(face.box))[0] > 0.6 for other in result):
            result.append(face)
    return result


def choose(faces: Sequence[Face], wanted: Selection | None) -> tuple[set[int], list[str]]:
    """The positions of the ``wanted`` faces, and a sentence for each wish that cannot be met.

    A number is a position in ``faces``; a box ``x, y, width, height`` means the face that it overlaps most.
    """
    if wanted is None:
        return set(range(len(faces))), []
    chosen: set[int] = set()
    warnings = []
    for wish in wanted:
        if isinstance(wish, int):
            if wish < len(faces):
                chosen.add(wish)
            else:
                warnings.append(f"There is no face {wish}: {_counted(len(faces))} found.")
            continue
        shares = [_common(face.box, wish) for face in faces]
        if shares and max(shares) > 0:
            chosen.add(int(np.argmax(shares)))
        else:
            box = ", ".join(f"{length:g}" for length in wish)
            warnings.append(f"No face was found in the box {box}.")
    return chosen, warnings


def _counted(count: int) -> str:
    return {0: "none was", 1: "one was"}.get(count, f"{count} were")


def _common(one: Sequence[float], other: Sequence[float]) -> float:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0.0, across) * max(0.0, down)
