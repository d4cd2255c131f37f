"""What a scan of film shows: the picture, the clear film around it, and what is no film at all."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.models.roles import Floats

Mask = npt.NDArray[np.bool_]

_FLAT = 0.035
"""The density by which neighbors may differ within an even area."""
_GAP = 0.07
"""The least density between the light of the scanner itself and the clearest film."""
_SMALLEST = 0.004
"""The share of the scan below which an even area is none."""
_CLEAR = 0.05
"""The density above the base that counts as the base."""
_OPAQUE = 0.45
"""The density between a holder, which stops all light, and the densest film."""
_FRAME = 0.03
"""The least share of the scan that a picture takes."""
_INSIDE, _MOST = 3, 0.6
"""How many pixels within the film its side is looked at, and the share of it that must be clear."""
_MASKED = 0.12
"""The least difference of density between blue and red that makes clear film an orange one."""


@dataclass(frozen=True, slots=True)
class Areas:
    """Where on a scan ``[h, w]`` the ``picture`` lies, and the density ``[C]`` of the film's ``base``.

    ``has_rebate`` says that the base was seen on film that was never exposed; otherwise it is the clearest of the
    picture, channel by channel. ``sides`` counts those along which it lies, and ``has_perforations`` says that
    rows of holes were seen in it.
    """

    picture: Mask
    base: Floats
    has_rebate: bool
    sides: int = 0
    has_perforations: bool = False


def survey(dense: Floats) -> Areas:
    """The areas of a scan by its densities ``[h, w, C]``, as a thumbnail shows them."""
    mean = cv2.medianBlur(np.ascontiguousarray(dense.mean(2)), 3)
    flat = _flatness(mean) < _FLAT
    holder = _holder(mean, flat)
    holes = _holes(dense, mean, flat & ~holder)
    film = ~(holder | holes)
    film = _eroded(film) if film.mean() > 0.2 else np.ones_like(film)
    base, has_rebate = _base(dense, mean, film, flat)
    if not has_rebate:
        return Areas(film, base, has_rebate)
    clear = _near(dense, base)
    picture = _frames(film & ~clear) & film
    if not picture.any():
        picture = np.ones_like(picture)
    return Areas(picture, base, has_rebate, _sides(film, clear), bool(holes.any()) and _in_rows(holes))


def _flatness(mean: Floats) -> Floats:
    return np.asarray(cv2.morphologyEx(mean, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.float32)


def _holder(mean: Floats, flat: Mask) -> Mask:
    """What lies at the edge of the scan and is by far denser than anything that is not."""
    inner = mean[tuple(slice(round(0.2 * n), n - round(0.2 * n)) for n in mean.shape)]
    densest = float(np.percentile(inner, 99.5))
    dark = mean > max(densest + 0.15, float(mean.max()) - _OPAQUE)
    if not dark.any() or float(mean.max()) < densest + _OPAQUE:
        return np.zeros_like(dark)
    return _touching(dark)


def _holes(dense: Floats, mean: Floats, flat: Mask) -> Mask:
    """Where the light of the scanner comes through no film: the lightest, and nothing is as light as nearly that."""
    none = np.zeros_like(flat)
    if flat.mean() < 0.02:
        return none
    least = float(np.percentile(mean[flat], 0.1))
    light = mean < least + 0.03
    share = float((light & flat).mean())
    between = float((flat & (mean >= least + 0.03) & (mean < least + 0.03 + _GAP)).mean())
    if not 0.0005 < share < 0.5 or between > 0.1 * share:
        return none
    color = np.median(dense[light & flat], axis=0)
    rest = dense[flat & ~light]
    if len(rest) == 0 or (dense.shape[2] == 3 and color[2] - color[0] > _MASKED):
        return none  # Orange: that is film.
    is_gray = dense.shape[2] == 1 or np.median(rest[:, 2] - rest[:, 0]) < _MASKED
    # Clear film of black and white is as gray as light, which saturates or comes through rows of holes.
    if is_gray and float(color.max()) > 0.02 and not _in_rows(light & flat):
        return none
    return np.asarray(cv2.dilate(light.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)


def _in_rows(light: Mask) -> bool:
    """Whether ``light`` is many small pieces of one size, as perforations are."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(light.astype(np.uint8), connectivity=8)
    areas = stats[1:count, cv2.CC_STAT_AREA].astype(np.float64)
    boxes = stats[1:count, cv2.CC_STAT_WIDTH] * stats[1:count, cv2.CC_STAT_HEIGHT]
    kept = areas > 0.3 * np.median(areas) if len(areas) else np.zeros(0, bool)
    areas, boxes = areas[kept], boxes[kept]
    if len(areas) < 6 or areas.max() > 0.015 * light.size:
        return False
    return float(areas.std() / areas.mean()) < 0.35 and float(np.median(areas / boxes)) > 0.75


def _base(dense: Floats, mean: Floats, film: Mask, flat: Mask) -> tuple[Floats, bool]:
    seen = dense[film]
    lowest = np.percentile(seen, 0.3, axis=0).astype(np.float32)
    even = film & flat
    if even.any():
        least = float(np.percentile(mean[even], 0.2))
        clear = even & (mean < least + 0.04)
        found = np.median(dense[clear], axis=0).astype(np.float32)
        # Unexposed film reaches the edge of what is film, and no channel is anywhere clearer.
        at_edge = _touching(cv2.dilate((clear | ~film).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & clear
        if float(at_edge.mean()) > _SMALLEST and bool((found < lowest + 0.06).all()):
            return np.median(dense[at_edge], axis=0).astype(np.float32), True
    return lowest, False


def _near(dense: Floats, base: Floats) -> Mask:
    return np.asarray((dense < base + _CLEAR).all(axis=2))


def _sides(film: Mask, clear: Mask) -> int:
    """How many of the four sides of the ``film`` are ``clear`` along most of their length."""
    found = 0
    for turn in range(4):
        here, there = np.rot90(film, turn), np.rot90(clear, turn)
        rows = here.any(axis=1)
        first = np.minimum(here.argmax(axis=1) + _INSIDE, here.shape[1] - 1)
        found += bool(rows.any()) and float(there[np.arange(len(first)), first][rows].mean()) > _MOST
    return found


def _frames(exposed: Mask) -> Mask:
    """The rectangles around the large pieces of what was ``exposed``: frame numbers are none, shadows within are."""
    opened = cv2.morphologyEx(exposed.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    frames = np.zeros_like(exposed)
    for left, top, width, height, area in stats[1:count]:
        if area > _FRAME * exposed.size:
            frames[top + 1 : top + height - 1, left + 1 : left + width - 1] = True
    return frames if frames.any() else exposed


def _touching(mask: Mask) -> Mask:
    """The pieces of ``mask`` that reach the edge of the scan."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    held = np.zeros(count, bool)
    for line in (labels[:2], labels[-2:], labels[:, :2], labels[:, -2:]):
        held[np.unique(line)] = True
    held[0] = False
    return np.asarray(held[labels])


def _eroded(mask: Mask) -> Mask:
    return np.asarray(
        cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1) > 0
    )
