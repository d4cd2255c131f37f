"""What a visitor does with the page, and what is seen of it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from axe_playwright_python import sync_playwright as axe
from PIL import Image
from playwright.sync_api import Page, expect

from tests.serving import picture

AXE = (Path(axe.__file__).parent / "axe.min.js").read_text()
PATIENCE_MS = 240_000
expect.set_options(timeout=PATIENCE_MS)


def settled(page: Page) -> None:
    expect(page.locator("body")).not_to_have_attribute("data-state", "loading")


def give(page: Page, *photos: tuple[str, bytes]) -> None:
    """Choose files."""
    files = [{"name": name, "mimeType": "", "buffer": data} for name, data in photos]
    page.get_by_test_id("file-input").set_input_files(files)


def restored(page: Page) -> None:
    """Until the shown photo is restored, and both sides of it are seen."""
    expect(page.get_by_test_id("stage")).to_have_attribute("data-phase", "complete")
    for side in ("before", "after"):
        expect(page.get_by_test_id(side)).to_have_js_property("complete", True)
        assert page.get_by_test_id(side).evaluate("image => image.naturalWidth") > 0


def job_of(page: Page) -> str:
    return page.get_by_test_id("stage").get_attribute("data-job")


def pixels(page: Page, test_id: str = "stage") -> np.ndarray:
    """The part of the page as it is seen, ``[H, W, 3]``."""
    shot = page.get_by_test_id(test_id).screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), np.float32)


def violations(page: Page) -> list[str]:
    """What axe finds; it is injected by the debugger, past the content security policy."""
    debugger = page.context.new_cdp_session(page)
    debugger.send("Runtime.evaluate", {"expression": AXE})
    run = (
        "axe.run().then(found => found.violations.map(each => each.id + ': ' + each.nodes.map(n => n.html).join(' ')))"
    )
    answer = debugger.send("Runtime.evaluate", {"expression": run, "awaitPromise": True, "returnByValue": True})
    assert "exceptionDetails" not in answer, answer
    debugger.detach()
    return answer["result"]["value"]


def wounded(width: int = 480, height: int = 360) -> bytes:
    """A photo with a scratch that nobody can miss, as JPEG."""
    image = Image.open(io.BytesIO(picture(width, height, sigma=4)))
    sheet = np.array(image)
    sheet[:, width // 3 : width // 3 + 3] = 250
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "JPEG", quality=95)
    return file.getvalue()
