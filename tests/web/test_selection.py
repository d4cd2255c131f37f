"""Several photos at once: marked, fetched, restored again and deleted."""

from __future__ import annotations

import zipfile

import pytest
from playwright.sync_api import expect

from tests.serving import NOTHING, picture, until
from tests.web.visitor import settled, violations


@pytest.fixture
def four(site) -> list[str]:
    """Photos that are restored already."""
    jobs = [site.submit(picture(64 + number, 48), NOTHING, f"photo {number}.jpg") for number in range(4)]
    for job in jobs:
        site.wait(job)
    return jobs


def test_photos_are_marked_fetched_and_deleted(four, page):
    tiles, marks = page.get_by_test_id("photo"), page.get_by_test_id("mark")
    expect(tiles).to_have_count(4)
    names = tiles.locator(".name").all_text_contents()
    tiles.nth(1).hover()
    marks.nth(1).check()
    tiles.nth(3).get_by_role("button").click(modifiers=["Shift"])
    count = page.get_by_test_id("marked-count")
    expect(count).to_have_text("3 of 4 selected")
    tiles.nth(2).get_by_role("button").click(modifiers=["Control"])
    expect(count).to_have_text("2 of 4 selected")
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_test_id("download-marked").click()
    stems = [names[index].removesuffix(".jpg") for index in (1, 3)]
    assert sorted(zipfile.ZipFile(download.value.path()).namelist()) == sorted(f"{stem}_restored.jpg" for stem in stems)
    page.get_by_test_id("delete-marked").click()
    dialog = page.get_by_test_id("confirm")
    expect(dialog).to_contain_text("2 photos")
    dialog.get_by_role("button", name="Delete").click()
    expect(tiles).to_have_count(2)
    assert tiles.locator(".name").all_text_contents() == [names[0], names[2]]
    expect(page.get_by_test_id("marked-count")).to_be_hidden()
    page.reload()
    settled(page)
    expect(tiles).to_have_count(2)


def test_photos_are_marked_by_key_and_restored_again(four, page, site):
    for label in ("Repair scratches, tears and dust", "Make faces clearer", "Reduce noise"):
        page.get_by_label(label).uncheck()
    page.locator("[data-testid=photo] button[tabindex='0']").focus()
    page.keyboard.press("Home")
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowRight")
    count = page.get_by_test_id("marked-count")
    expect(count).to_have_text("2 of 4 selected")
    page.keyboard.press("Control+a")
    expect(count).to_have_text("4 of 4 selected")
    page.keyboard.press("Escape")
    expect(count).to_be_hidden()
    page.keyboard.press("x")
    page.get_by_test_id("restore-marked").click()
    expect(count).to_be_hidden()

    def begun() -> list[dict]:
        return [each for each in site.client.get("/api/v1/jobs").json()["jobs"] if each["jobId"] not in four]

    fresh = until(begun)
    assert len(fresh) == 1 and fresh[0]["settings"]["denoise"] is False
    expect(page.get_by_test_id("photo")).to_have_count(4)
