"""What is said of photos that needed nothing, and of files that cannot be restored."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import expect

from tests.serving import NOTHING, picture
from tests.web.visitor import give, restored, violations


def test_a_photo_that_came_back_to_the_byte(visit, site):
    for name, settings in (("off.jpg", NOTHING), ("sound.jpg", {**NOTHING, "faceEnhancement": True})):
        site.wait(site.submit(picture(), settings, name))
    page = visit(site)
    restored(page)
    tiles = page.get_by_test_id("photo")
    expect(tiles.filter(has_text="sound.jpg").get_by_test_id("photo-status")).to_have_text("Nothing to repair")
    expect(tiles.filter(has_text="off.jpg").get_by_test_id("photo-status")).to_have_text("Unchanged")
    expect(page.get_by_test_id("untouched")).to_contain_text("byte for byte")
    expect(page.get_by_text("2 photos, kept for 72 hours")).to_be_visible()


def test_recovery_is_offered_where_it_helps(page, errors):
    webp = io.BytesIO()
    Image.open(io.BytesIO(picture(300, 200))).save(webp, "WEBP")
    alert, recover = page.get_by_test_id("failure").get_by_role("alert"), page.get_by_test_id("recover")
    for name, data, helps in (
        ("a.jpg", picture(300, 200), True),
        ("b.webp", webp.getvalue(), False),
    ):
        give(page, (name, data[: len(data) * 3 // 5]))
        tile = page.get_by_test_id("photo").filter(has_text=name)
        expect(tile).to_have_attribute("data-phase", "failed")
        tile.get_by_role("button").click()
        expect(alert).to_contain_text("This file can't be restored.")
        expect(alert).not_to_contain_text("setting recover")
        expect(recover).to_be_visible(visible=helps)
    assert violations(page) == []
    errors.expected("status of 400")
