"""Photos on drawn pages: found, straightened, and kept as they were scanned."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import daguerre
from daguerre import imaging
from daguerre.imaging.photo import Metadata, Photo
from tests.album import drawing

TWO = [drawing.corners(200, 190, 260, 190, 4.0), drawing.corners(560, 330, 180, 250, -7.5)]


def check(found: list[daguerre.FoundPhoto], places: list[drawing.Points], share: float = 0.006) -> None:
    """As many photos, in their order, with all corners within ``share`` of the shorter side."""
    assert len(found) == len(places)
    for photo, place in zip(found, places, strict=True):
        shorter = min(np.linalg.norm(place[1] - place[0]), np.linalg.norm(place[3] - place[0]))
        assert np.abs(photo.corners - place).max() < share * shorter + 0.6


@pytest.mark.parametrize("color", [(24, 22, 21), (128, 126, 122), (60, 90, 140), (228, 214, 190)])
def test_turned_photos_are_found_on_paper_of_any_color(color: tuple[int, int, int]) -> None:
    found = daguerre.split(drawing.page(color, TWO), upright=False)
    check(found, TWO)
    assert [photo.angle for photo in found] == pytest.approx([4.0, -7.5], abs=0.3)
    assert found[0].pixels.shape == pytest.approx((190, 260, 3), abs=3)


def test_photos_without_borders_and_far_turned_are_found() -> None:
    places = [drawing.corners(210, 270, 240, 160, 38.0), drawing.corners(560, 280, 220, 220, -21.0)]
    check(daguerre.split(drawing.page((235, 232, 226), places, border=0), upright=False), places)


def test_photos_that_overlap_are_two() -> None:
    places = [drawing.corners(230, 250, 260, 200, 3.0), drawing.corners(460, 330, 240, 190, -5.0)]
    check(daguerre.split(drawing.page((30, 28, 27), places), upright=False), places, 0.012)


def test_writing_and_lines_are_no_photos() -> None:
    import cv2

    page = drawing.page((225, 220, 205), TWO[:1])
    cv2.putText(page, "Grandma 1931", (420, 420), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.4, (40, 40, 60), 2, cv2.LINE_AA)
    cv2.line(page, (30, 520), (730, 515), (90, 90, 90), 2, cv2.LINE_AA)
    check(daguerre.split(page, upright=False), TWO[:1])


def test_a_page_seen_from_aside_gives_straight_photos() -> None:
    page, places = drawing.slanted(drawing.page((26, 25, 24), TWO), TWO)
    found = daguerre.split(page, upright=False)
    check(found, places, 0.008)
    # The border is along all four sides of what was cut out.
    edge = found[0].pixels[3:-3, 3:-3].mean(2)
    assert min(edge[0].mean(), edge[-1].mean(), edge[:, 0].mean(), edge[:, -1].mean()) > 190


def test_photos_come_in_reading_order() -> None:
    places = [drawing.corners(x, y, 150, 110, 2.0) for y in (120, 300, 470) for x in (140, 380, 620)]
    check(daguerre.split(drawing.page((120, 60, 50), places), upright=False), places, 0.01)


def test_an_empty_page_has_no_photos() -> None:
    assert daguerre.split(drawing.page((230, 225, 215), []), upright=False) == []


def test_depth_profile_and_resolution_stay() -> None:
    page = drawing.page((24, 22, 21), TWO).astype(np.uint16) * 257
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    scan = imaging.encode(Photo(page, "tiff", metadata=Metadata(icc=icc, dpi=(600.0, 600.0)))).data
    found = daguerre.split(BytesIO(scan), upright=False)
    kept = imaging.open_image(found[0].encode().data)
    assert (kept.format, str(kept.pixels.dtype)) == ("tiff", "uint16")
    assert kept.metadata.icc == icc
    assert kept.metadata.dpi == pytest.approx((600.0, 600.0))
    assert kept.metadata.xmp is not None
    assert b"cropped" in kept.metadata.xmp and f"{found[0].corners[0, 0]:.2f}".encode() in kept.metadata.xmp


def test_what_lies_straight_is_copied_sample_by_sample() -> None:
    place = drawing.corners(379.5, 279.5, 300, 200, 0.0)
    page = drawing.page((24, 22, 21), [place])
    found = daguerre.split(page, upright=False)
    height, width = found[0].pixels.shape[:2]
    left, top = (round(float(value) + 0.5) for value in found[0].corners[0])
    candidates = [
        page[y : y + height, x : x + width] for y in (top - 1, top, top + 1) for x in (left - 1, left, left + 1)
    ]
    assert any(np.array_equal(found[0].pixels, part) for part in candidates)


def test_all_pages_of_a_file_are_looked_at() -> None:
    pages = [Photo(drawing.page((24, 22, 21), [place]), "tiff") for place in TWO]
    pages[0].pages = [pages[1]]
    check(daguerre.split(pages[0], upright=False), TWO)


def test_damage_in_the_file_is_told() -> None:
    with pytest.raises(daguerre.InvalidImage):
        daguerre.split(b"no picture")
    assert isinstance(daguerre.split(Image.new("RGB", (40, 30))), list)


def test_faces_say_which_side_is_up() -> None:
    portrait = Image.open(Path(__file__).parents[2] / "samples" / "old_photo.jpg").convert("RGB").resize((360, 360))
    for turn in (0, 1):
        page = drawing.page((24, 22, 21), [], size=(520, 520))
        page[60:420, 70:430] = np.rot90(np.asarray(portrait), turn)
        (found,) = daguerre.split(page)
        assert found.angle == pytest.approx(-90 * turn, abs=0.3)
        assert found.is_turned == (turn > 0)
        upright = np.asarray(portrait, np.float32)[40:-40, 40:-40]
        height, width = found.pixels.shape[:2]
        middle = found.pixels[height // 2 - 140 : height // 2 + 140, width // 2 - 140 : width // 2 + 140]
        assert np.corrcoef(middle.ravel(), upright.ravel())[0, 1] > 0.95
