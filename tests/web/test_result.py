"""One photo: sent, followed, compared, fetched."""

from __future__ import annotations

import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.serving import picture
from tests.web.visitor import give, job_of, pixels, restored, violations, wounded


def test_a_photo_is_followed_until_it_is_restored(page):
    assert page.locator("body").get_attribute("data-state") == "empty"
    give(page, ("aunt.jpg", picture(1800, 1350, sigma=20)))
    photo = page.get_by_test_id("photo")
    expect(photo).to_have_count(1)
    expect(page.get_by_test_id("running")).to_be_visible()
    seen = page.get_by_test_id("photo-status")
    page.wait_for_selector("[data-testid=photo][data-phase=processing]")
    expect(page.get_by_test_id("stage-words")).to_have_text("Reducing noise...")
    expect(seen).to_have_text(re.compile(r"^\d+ %$"))
    restored(page)
    expect(page.get_by_test_id("running")).to_be_hidden()
    expect(photo).to_have_attribute("data-phase", "complete")
    report = page.get_by_test_id("report")
    expect(report).to_contain_text("Reduced (level ")
    expect(report).to_contain_text("1800 \u00d7 1350")


def test_both_sides_are_compared_by_mouse_and_by_key(page):
    give(page, ("aunt.jpg", picture(480, 360, sigma=25)))
    restored(page)
    slider = page.get_by_test_id("slider")
    expect(slider).to_have_attribute("aria-valuenow", "50")
    assert violations(page) == []
    slider.focus()
    looks = {}
    for key, value in (
        ("Home", "0"),
        ("ArrowRight", "1"),
        ("Shift+ArrowRight", "11"),
        ("ArrowLeft", "10"),
        ("End", "100"),
    ):
        page.keyboard.press(key)
        expect(slider).to_have_attribute("aria-valuenow", value)
        looks[key] = pixels(page)
    after, before = looks["Home"], looks["End"]
    third = after.shape[1] // 3
    assert np.abs(after - before)[:, third : 2 * third].mean() > 2

    box = page.get_by_test_id("before").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
    page.mouse.up()
    expect(slider).to_have_attribute("aria-valuenow", "60")
    both = pixels(page)
    stage = page.get_by_test_id("stage").bounding_box()
    at = round(box["x"] + box["width"] * 0.6 - stage["x"])
    inner = slice(60, -60)
    assert np.abs(both[inner, : at - 30] - before[inner, : at - 30]).mean() < 0.5
    assert np.abs(both[inner, at + 30 :] - after[inner, at + 30 :]).mean() < 0.5


def test_both_sides_are_enlarged_in_step(page):
    give(page, ("aunt.jpg", picture(1800, 1200)))
    restored(page)
    zoom = page.get_by_test_id("zoom")
    fitted = zoom.text_content()
    page.get_by_role("button", name="1:1").click()
    expect(zoom).to_have_text("100 %")
    before, after = (page.get_by_test_id(side) for side in ("before", "after"))
    assert abs(after.bounding_box()["width"] - 1800) < 1
    expect(after).to_have_js_property("naturalWidth", 1800)
    viewport = page.get_by_role("group", name="The photo")
    viewport.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    expect(zoom).to_have_text("125 %")
    assert before.bounding_box() == after.bounding_box()
    x = after.bounding_box()["x"]
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(100)
    assert after.bounding_box()["x"] > x and before.bounding_box() == after.bounding_box()
    page.keyboard.press("0")
    expect(zoom).to_have_text(fitted)


def test_the_damage_is_laid_over_the_photo(page):
    page.get_by_role("button", name="Try a sample").click()
    restored(page)
    expect(page.get_by_test_id("report")).to_contain_text("repaired")
    page.get_by_test_id("slider").focus()
    page.keyboard.press("Home")
    plain = pixels(page)
    damage = page.get_by_role("button", name="Damage")
    damage.click()
    expect(damage).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("mask-canvas")).to_be_visible()
    shown = pixels(page) - plain
    assert (shown[..., 0] - shown[..., 1] > 40).mean() > 0.002
    damage.click()
    expect(page.get_by_test_id("mask-canvas")).to_be_hidden()


def test_the_restored_photo_is_fetched(page, site):
    give(page, ("Tante Änne & <i>Onkel.jpg", wounded()))
    restored(page)
    expect(page.get_by_test_id("photo")).to_contain_text("Tante Änne & <i>Onkel.jpg")
    with page.expect_download() as download:
        page.get_by_test_id("download").click()
    assert (
        download.value.suggested_filename.startswith("Tante Änne") and "_restored" in download.value.suggested_filename
    )
    result = site.state(job_of(page))["result"]
    data = download.value.path().read_bytes()
    assert len(data) == result["processedSize"] and Image.open(io.BytesIO(data)).size == (480, 360)


def test_a_format_that_browsers_do_not_read(page):
    file = io.BytesIO()
    Image.open(io.BytesIO(wounded())).save(file, "TIFF")
    give(page, ("scan.tif", file.getvalue()))
    restored(page)
    expect(page.get_by_test_id("photo").locator("img")).to_have_js_property("naturalWidth", 480)


def test_settings_are_kept_and_a_second_version_is_compared(page):
    give(page, ("aunt.jpg", wounded()))
    restored(page)
    first = job_of(page)
    page.get_by_label("Reduce noise").uncheck()
    page.get_by_label("Repair scratches, tears and dust").uncheck()
    page.get_by_test_id("again").click()
    expect(page.get_by_test_id("stage")).not_to_have_attribute("data-job", first)
    restored(page)
    expect(page.get_by_test_id("report")).to_contain_text("Turned off")
    page.get_by_label("Compare with").select_option("Version 1")
    expect(page.get_by_test_id("before")).to_have_attribute("src", re.compile(first))
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-state", "photos")
    expect(page.get_by_test_id("photo")).to_have_count(1)
    expect(page.get_by_label("Reduce noise")).not_to_be_checked()
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_label("Reduce noise")).to_be_checked()
    page.get_by_label("Show").select_option("Version 1")
    expect(page.get_by_test_id("stage")).to_have_attribute("data-job", first)


def test_faded_colors_are_brought_back(page):
    photo = np.asarray(Image.open(io.BytesIO(wounded())).convert("RGB"), np.float32)
    file = io.BytesIO()
    Image.fromarray((255 * (photo / 255) ** [0.4, 0.7, 0.6] * [0.98, 0.9, 0.75]).astype(np.uint8)).save(file, "PNG")
    give(page, ("faded.png", file.getvalue()))
    restored(page)
    first = job_of(page)
    page.get_by_label("Bring back faded colors and contrast").check()
    expect(page.get_by_label("How much of what faded")).to_have_value("100")
    page.get_by_test_id("again").click()
    expect(page.get_by_test_id("stage")).not_to_have_attribute("data-job", first)
    restored(page)
    expect(page.get_by_test_id("report")).to_contain_text("Restored to what they were")
