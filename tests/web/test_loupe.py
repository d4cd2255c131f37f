"""The loupe: before and after of one place, side by side."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import expect

from tests.serving import picture
from tests.web.visitor import give, pixels, restored, violations


def test_one_place_is_magnified_before_and_after(page):
    give(page, ("aunt.jpg", picture(900, 600, sigma=30)))
    restored(page)
    loupe = page.get_by_test_id("loupe")
    box = page.get_by_test_id("after").bounding_box()
    button = page.get_by_role("button", name="Loupe")
    page.keyboard.down("l")
    expect(loupe).to_be_visible()
    page.wait_for_timeout(500)
    page.keyboard.up("l")  # It was held.
    expect(loupe).to_be_hidden()
    button.click()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.55)
    expect(loupe).to_be_visible()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("ratio")).to_have_text("2:1")
    assert violations(page) == []
    page.wait_for_timeout(200)
    seen = pixels(page, "loupe")
    side = seen.shape[1]
    rows = slice(side // 4, 3 * side // 4)
    before, after = (seen[rows, start : start + side // 5] for start in (side // 4, 11 * side // 20))
    noise = [np.abs(np.diff(half, axis=1)).mean() for half in (before, after)]
    assert noise[1] < 0.6 * noise[0]
    # The same place in both halves: 2:1, so far from the middle of each.
    images = [loupe.locator(f".{half} img").bounding_box() for half in ("before", "after")]
    assert abs(images[0]["width"] - 1800) < 1
    assert abs(images[1]["x"] - images[0]["x"] - side / 2) < 1 and abs(images[1]["y"] - images[0]["y"]) < 1
    page.get_by_role("group", name="The photo").focus()
    page.keyboard.press("ArrowRight")
    expect(loupe).to_be_visible()
    moved = loupe.locator(".before img").bounding_box()
    assert abs(moved["x"] - images[0]["x"]) > 5
    page.keyboard.press("]")
    expect(page.get_by_test_id("ratio")).to_have_text("4:1")
    page.keyboard.press("Escape")
    expect(loupe).to_be_hidden()


def test_a_finger_that_rests_holds_the_loupe(visit, site):
    page = visit(site, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    give(page, ("aunt.jpg", picture(480, 360)))
    restored(page)
    box = page.get_by_test_id("after").bounding_box()
    finger = {"x": box["x"] + box["width"] * 0.4, "y": box["y"] + box["height"] * 0.8}
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [finger]})
    loupe = page.get_by_test_id("loupe")
    expect(loupe).to_be_visible()
    lens = loupe.bounding_box()
    assert not (
        lens["x"] < finger["x"] < lens["x"] + lens["width"] and lens["y"] < finger["y"] < lens["y"] + lens["height"]
    )
    expect(page.get_by_test_id("slider")).to_have_attribute("aria-valuenow", "50")
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(loupe).to_be_hidden()
