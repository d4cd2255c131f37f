"""The page as it is met: its weight, its doors, small and dark screens, keys."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import uv_build
from playwright.sync_api import expect

from tests.serving import make_key
from tests.web.visitor import give, restored, settled, violations, wounded

ROOT = Path(__file__).parents[2]
MOST_BYTES = 150_000
BLOCKING = """() => performance.getEntriesByType("resource")
  .filter(entry => entry.renderBlockingStatus === "blocking").map(entry => entry.name)"""
NO_WIDER = "() => document.documentElement.scrollWidth <= innerWidth"


def test_weight_and_first_paint(visit, site):
    page = visit(site)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    loaded: list[float] = []
    network.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    page.goto(site.url, wait_until="networkidle")
    settled(page)
    assert len(loaded) > 20 and 20_000 < sum(loaded) < MOST_BYTES
    waited_for = page.evaluate(BLOCKING)
    assert sorted(name.rpartition("/")[2] for name in waited_for) == ["controls.css", "page.css", "stage.css"]


def test_the_entrance_is_accessible(visit, site):
    for scheme in ("light", "dark"):
        page = visit(site, color_scheme=scheme)
        assert violations(page) == []
        page.get_by_role("button", name="Models").click()
        dialog = page.get_by_test_id("models")
        expect(dialog.get_by_test_id("bundle")).not_to_have_count(0)
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_a_narrow_dark_screen(visit, site):
    page = visit(site, viewport={"width": 320, "height": 640}, color_scheme="dark", has_touch=True)
    assert page.evaluate(NO_WIDER)
    give(page, ("a photo with a rather long name that goes on.jpg", wounded()))
    restored(page)
    assert page.evaluate(NO_WIDER)
    assert violations(page) == []
    box = page.get_by_test_id("before").bounding_box()
    assert box["width"] > 250
    page.touchscreen.tap(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    expect(page.get_by_test_id("slider")).to_have_attribute("aria-valuenow", "25")


def test_everything_by_key(page):
    """From the entrance to the result without a mouse; what has the focus is seen to have it."""
    focus = "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
    reached = []
    while "Try a sample" not in reached:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(focus).strip())
        assert len(reached) < 12, reached
        assert page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth") == "3px"
    assert reached[0] == "Daguerre"
    assert {"Keyboard shortcuts", "Models", "Choose photos"} <= set(reached)
    page.keyboard.press("Enter")
    restored(page)
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(focus).strip())
    for name in ("Before and after", "The photo", "Damage", "Correct the mask", "Delete", "Download", "Restore again"):
        assert name in reached, reached


def test_signing_in(visit, start, tmp_path, errors):
    key = make_key(tmp_path / "data", "anna")
    server = start("--host", "0.0.0.0")
    server.url = server.url.replace("0.0.0.0", "127.0.0.1")
    page = visit(server)
    dialog = page.get_by_test_id("sign-in")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    dialog.get_by_label("Key").fill("dg_wrong")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("This key isn't valid here.")
    dialog.get_by_label("Key").fill(key)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("body")).to_have_attribute("data-state", "empty")
    expect(page.get_by_role("button", name="Models")).to_be_hidden()  # Anna's key administers nothing.
    give(page, ("aunt.jpg", wounded()))
    restored(page)
    page.reload()
    expect(page.get_by_test_id("photo")).to_have_count(1)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    expect(page.get_by_test_id("photo")).to_have_count(0)
    errors.expected("status of 401")


def test_the_wheel_holds_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    wheel = zipfile.ZipFile(tmp_path / uv_build.build_wheel(str(tmp_path)))
    held = {name.removeprefix("daguerre/web/") for name in wheel.namelist() if name.startswith("daguerre/web/")}
    folder = ROOT / "src" / "daguerre" / "web"
    assert (
        held >= {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} >= {"index.html"}
    )
