"""Photos that lie on their side: turned before they are restored, and after."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps
from playwright.sync_api import expect

from tests.web.visitor import give, job_of, restored, violations, wounded


def seen(site, address: str) -> np.ndarray:
    image = Image.open(io.BytesIO(site.client.get(address).content))
    return np.asarray(ImageOps.exif_transpose(image).convert("L"), np.float32)


def test_a_photo_is_turned_before_it_is_restored(page, site):
    page.evaluate("localStorage.setItem('daguerre.startAtOnce', 'false')")
    page.reload()
    photo = wounded(240, 160)
    give(page, ("aunt.jpg", photo))
    before = page.get_by_test_id("before")
    expect(page.get_by_test_id("start")).to_be_visible()
    page.get_by_role("button", name="Turn right").click()
    box = before.bounding_box()
    assert box["height"] > 1.4 * box["width"]
    assert violations(page) == []
    page.get_by_test_id("start").click()
    restored(page)
    result = site.state(job_of(page))["result"]
    assert (result["width"], result["height"]) == (160, 240)
    expect(before).to_have_js_property("naturalWidth", 160)
    box = before.bounding_box()
    assert box["height"] > 1.4 * box["width"]
    given = np.asarray(Image.open(io.BytesIO(photo)).convert("L"), np.float32)
    assert np.abs(seen(site, result["downloadUrl"]) - np.rot90(given, -1)).mean() < 12
    page.keyboard.press("Shift+R")
    expect(page.get_by_test_id("apply")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_test_id("apply")).to_be_hidden()


def test_what_was_marked_turns_with_the_photo(page, site):
    give(page, ("aunt.jpg", wounded(240, 160)))
    restored(page)
    page.get_by_role("button", name="Correct the mask").click()
    box = page.get_by_test_id("before").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.15)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.2, steps=3)
    page.mouse.up()
    page.get_by_role("button", name="Repair again with this mask").click()
    expect(page.get_by_test_id("photo")).to_have_attribute("data-phase", "complete")
    restored(page)
    painted = job_of(page)
    page.keyboard.press("Shift+R")
    expect(page.get_by_role("button", name="Correct the mask")).to_be_hidden()
    assert violations(page) == []
    page.get_by_test_id("apply").click()
    expect(page.get_by_test_id("stage")).not_to_have_attribute("data-job", painted)
    restored(page)
    job = next(each for each in site.client.get("/api/v1/jobs").json()["jobs"] if each["jobId"] == job_of(page))
    assert job["settings"]["rotate"] == 270 and job["hasMask"]
    masks = [seen(site, site.state(each)["result"]["maskUrl"]) for each in (painted, job_of(page))]
    assert masks[0].mean() > 2
    assert np.abs(masks[1] - np.rot90(masks[0])).mean() < 1
