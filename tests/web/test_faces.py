"""Faces: left out, and drawn by hand where none was found."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import expect
from skimage import data

from tests.web.visitor import job_of, restored, violations

ONLY_FACES = {"scratchRemoval": False, "denoise": False}
BOX = (160, 45, 120, 130)
"""Around the face in the lying photo."""


def astronaut(degrees: float) -> bytes:
    """A soft face, tilted so far."""
    tilt = cv2.getRotationMatrix2D((222, 110), degrees, 1)
    soft = cv2.GaussianBlur(data.astronaut(), (0, 0), 2)
    file = io.BytesIO()
    Image.fromarray(cv2.warpAffine(soft, tilt, (512, 512), borderMode=cv2.BORDER_REFLECT)[:300]).save(file, "PNG")
    return file.getvalue()


def settings_of(site, job: str) -> dict:
    return next(each for each in site.client.get("/api/v1/jobs").json()["jobs"] if each["jobId"] == job)["settings"]


def looked_at(visit, site, photo: bytes):
    """The page with a photo whose faces were looked for, and settings for nothing else."""
    first = site.submit(photo, ONLY_FACES, "pilot.png")
    site.wait(first)
    page = visit(site)
    for label in ("Repair scratches, tears and dust", "Reduce noise"):
        page.get_by_label(label).uncheck()
    restored(page)
    page.get_by_role("button", name="Faces").click()
    return page, first


def test_leaving_a_face_out_asks_for_another_restoration(visit, site):
    page, first = looked_at(visit, site, astronaut(0))
    apply = page.get_by_test_id("apply")
    expect(apply).to_be_hidden()
    page.get_by_test_id("face").click()
    expect(apply).to_be_visible()
    assert violations(page) == []
    apply.click()
    expect(page.get_by_test_id("stage")).not_to_have_attribute("data-job", first)
    restored(page)
    assert settings_of(site, job_of(page))["faces"] == []
    expect(page.get_by_test_id("report")).to_contain_text("1 found, unchanged")
    expect(apply).to_be_hidden()


def test_a_face_that_was_not_found_is_drawn(visit, site):
    page, first = looked_at(visit, site, astronaut(80))
    drawn = page.get_by_test_id("face")
    expect(drawn).to_have_count(0)
    page.get_by_role("button", name="Add a face").click()
    page.get_by_role("group", name="The photo").focus()
    for key in ("Enter", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(drawn).to_have_count(1)
    drawn.press("Enter")
    expect(drawn).to_have_count(0)
    photo = page.get_by_test_id("before").bounding_box()
    scale = photo["width"] / 512
    x, y, width, height = (length * scale for length in BOX)
    page.mouse.move(photo["x"] + x, photo["y"] + y)
    page.mouse.down()
    page.mouse.move(photo["x"] + x + width, photo["y"] + y + height, steps=4)
    page.mouse.up()
    expect(drawn).to_have_count(1)
    assert violations(page) == []
    page.get_by_test_id("faces-apply").click()
    expect(page.get_by_test_id("stage")).not_to_have_attribute("data-job", first)
    restored(page)
    (asked,) = settings_of(site, job_of(page))["faces"]
    assert np.abs(np.subtract(asked, BOX)).max() <= 2
    (face,) = site.state(job_of(page))["result"]["faces"]
    assert face["enhanced"]
    expect(page.get_by_test_id("report")).to_contain_text("1 found, 1 made clearer")
