"""Many photos; reloading, losing the server, refusals; cancelling and deleting."""

from __future__ import annotations

import time
import zipfile

from playwright.sync_api import expect

from tests.serving import picture
from tests.web.visitor import give, job_of, restored, settled, violations, wounded

SLOW = picture(1800, 1350, sigma=20)
AT_WORK = "[data-testid=photo][data-phase=processing]"


def test_many_photos_of_which_one_is_broken(page, errors):
    photos = [(f"photo {number}.jpg", picture(200 + number, 150, seed=number)) for number in range(4)]
    give(page, *photos[:2], ("letter.jpg", b"Dear aunt, this is not a photo."), *photos[2:])
    tiles = page.get_by_test_id("photo")
    expect(tiles).to_have_count(5)
    expect(page.locator("[data-testid=photo][data-phase=complete]")).to_have_count(4)
    broken = tiles.filter(has_text="letter.jpg")
    expect(broken).to_contain_text("Failed")
    expect(page.get_by_text("5 photos, 1 not restored")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_test_id("download-all").click()
    archive = zipfile.ZipFile(download.value.path())
    assert sorted(archive.namelist()) == [f"photo {number}_restored.jpg" for number in range(4)]
    assert archive.testzip() is None

    broken.get_by_role("button").click()
    failure = page.get_by_test_id("failure")
    expect(failure.get_by_role("alert")).to_contain_text("This file can't be restored.")
    expect(failure.get_by_role("button", name="Try again")).to_be_hidden()  # It would be refused again.
    assert violations(page) == []
    page.get_by_role("button", name="Delete").click()
    expect(tiles).to_have_count(4)
    errors.expected("status of 400")


def test_a_file_that_is_too_large(page, errors):
    give(page, ("poster.jpg", picture(64, 48) + bytes(9_000_000)))
    alert = page.get_by_test_id("failure").get_by_role("alert")
    expect(alert).to_have_text("The file is too large: the server takes up to 8.0 MB.")
    errors.expected("status of 413")


def test_a_reload_in_the_middle(page):
    give(page, ("aunt.jpg", SLOW))
    page.wait_for_selector(AT_WORK)
    job = job_of(page)
    page.reload()
    settled(page)
    expect(page.get_by_test_id("photo")).to_have_attribute("data-job", job)
    expect(page.get_by_test_id("running")).to_be_visible()
    restored(page)
    expect(page.get_by_test_id("photo")).to_contain_text("aunt.jpg")
    assert job_of(page) == job


def test_the_server_is_killed_in_the_middle(visit, faults, errors):
    server = faults.server()
    page = visit(server)
    faults.set("hold")
    give(page, ("aunt.jpg", wounded()))
    page.wait_for_selector(AT_WORK)
    job = job_of(page)
    server.kill_everything()
    notice = page.get_by_test_id("notice")
    expect(notice).to_contain_text("The connection to the server was lost.")
    give(page, ("uncle.jpg", wounded()))
    expect(page.get_by_test_id("photo").first).to_contain_text("Waiting to send")
    faults.clear("hold")
    faults.server("--port", server.url.rpartition(":")[2])
    expect(page.locator("[data-testid=photo][data-phase=complete]")).to_have_count(2)
    expect(notice).to_be_hidden()
    assert page.locator(f"[data-testid=photo][data-job='{job}']").count() == 1
    page.close()  # It may still fetch pictures when the server is stopped.
    errors.expected(
        "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"
    )


def emptied(site):
    """Wait until the service has no job any more."""
    until = time.monotonic() + 60
    while site.client.get("/api/v1/jobs").json()["jobs"]:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_job_is_cancelled_tried_again_and_deleted(page, site):
    give(page, ("aunt.jpg", SLOW))
    page.wait_for_selector(AT_WORK)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_test_id("failure").get_by_role("alert")).to_have_text("It was canceled.")
    expect(page.get_by_test_id("photo-status")).to_have_text("Canceled")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("body")).to_have_attribute("data-state", "empty")
    emptied(site)

    give(page, ("uncle.jpg", wounded()))
    restored(page)
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_test_id("confirm")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_test_id("photo")).to_have_count(1)
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator("body")).to_have_attribute("data-state", "empty")
    emptied(site)


def test_photos_are_dropped_and_pasted(page):
    for event, member in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        page.evaluate(
            """([event, member, bytes]) => {
              const data = new DataTransfer();
              data.items.add(new File([new Uint8Array(bytes)], `${event}.jpg`));
              const options = { bubbles: true, cancelable: true, [member]: data };
              dispatchEvent(event === "drop" ? new DragEvent(event, options) : new ClipboardEvent(event, options));
            }""",
            [event, member, list(picture())],
        )
        expect(page.get_by_test_id("photo").filter(has_text=f"{event}.jpg")).to_have_attribute("data-phase", "complete")
