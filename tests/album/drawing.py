"""Small album pages with photos whose corners are known."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]


def photo(seed: int, width: int, height: int, border: int = 0) -> Picture:
    """Something like a photo ``[height, width, 3]``: soft shapes and texture, with a white border."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(20, 235, (5, 6, 3)).astype(np.float32)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    picture += cv2.resize(
        random.normal(0, 18, (height // 3 + 1, width // 3 + 1, 3)).astype(np.float32), (width, height)
    )
    result = np.clip(picture, 5, 250).astype(np.uint8)
    if border:
        result[:border] = result[-border:] = 238
        result[:, :border] = result[:, -border:] = 238
    return result


def corners(x: float, y: float, width: float, height: float, angle: float) -> Points:
    """Corners of a photo with its middle at ``x``, ``y``, turned by ``angle`` degrees clockwise."""
    half = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    turn = np.radians(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(half @ matrix.T + [x, y])


def page(
    color: tuple[int, int, int], places: list[Points], *, size: tuple[int, int] = (760, 560), border: int = 8,
    seed: int = 1,
) -> Picture:  # fmt: skip
    """A page ``[560, 760, 3]`` of paper of one color, a little uneven, with photos at ``places``."""
    random = np.random.default_rng(seed)
    sheet = np.empty((size[1], size[0], 3), np.float32)
    sheet[:] = color
    sheet *= np.linspace(0.96, 1.0, size[0], dtype=np.float32)[None, :, None]
    for index, place in enumerate(places):
        width, height = (round(float(np.linalg.norm(place[end] - place[0]))) for end in (1, 3))
        print_ = photo(seed + index, width, height, border)
        source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
        matrix = cv2.getPerspectiveTransform(source + 1, place.astype(np.float32))
        padded = cv2.copyMakeBorder(np.dstack([print_, np.full(print_.shape[:2], 255, np.uint8)]), 1, 1, 1, 1, 0)
        laid = cv2.warpPerspective(padded, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32)
        cover = laid[..., 3:] / 255
        sheet = sheet * (1 - cover) + laid[..., :3] * cover
    return np.clip(sheet + random.normal(0, 1.5, sheet.shape), 0, 255).astype(np.uint8)


def slanted(picture: Picture, places: list[Points]) -> tuple[Picture, list[Points]]:
    """The page as it is seen from aside, and where the corners are then."""
    height, width = picture.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    target = np.array([[45, 20], [width - 20, 4], [width - 60, height - 8], [6, height - 30]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    tone = tuple(float(value) for value in picture[:4].reshape(-1, 3).mean(0))
    seen = cv2.warpPerspective(picture, matrix, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=tone)
    return np.asarray(seen, np.uint8), [cv2.perspectiveTransform(place[None], matrix)[0] for place in places]
