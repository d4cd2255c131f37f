"""The mask: painted, taken back, repaired again with."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.serving import picture
from tests.web.visitor import give, job_of, restored, violations

PAINTED = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, at) => at % 4 === 3 && value > 0).length;
}"""


def test_a_painted_mask_is_repaired(page, site):
    give(page, ("aunt.jpg", picture(480, 360, sigma=2)))
    restored(page)
    first = job_of(page)
    page.get_by_role("button", name="Correct the mask").click()
    mask = page.get_by_role("toolbar", name="Mask")
    expect(mask).to_be_visible()
    canvas = page.get_by_test_id("mask-canvas")
    expect(canvas).to_be_visible()
    empty = canvas.evaluate(PAINTED)
    assert violations(page) == []

    box = page.get_by_test_id("before").bounding_box()
    scale = box["width"] / 480

    def stroke(x0: float, x1: float, y: float) -> None:
        page.mouse.move(box["x"] + x0 * scale, box["y"] + y * scale)
        page.mouse.down()
        page.mouse.move(box["x"] + x1 * scale, box["y"] + y * scale, steps=5)
        page.mouse.up()
        page.wait_for_timeout(100)

    undo, redo = mask.get_by_role("button", name="Undo"), mask.get_by_role("button", name="Redo")
    expect(undo).to_be_disabled()
    stroke(100, 200, 90)
    painted = canvas.evaluate(PAINTED)
    assert painted > empty
    undo.click()
    page.wait_for_timeout(100)
    assert canvas.evaluate(PAINTED) == empty
    redo.click()
    page.wait_for_timeout(100)
    assert canvas.evaluate(PAINTED) == painted

    size = mask.get_by_label("Brush size")
    before = size.input_value()
    page.get_by_role("group", name="The photo").focus()
    page.keyboard.press("]")
    assert int(size.input_value()) > int(before)
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.wheel(0, 400)
    page.wait_for_timeout(100)
    assert int(size.input_value()) < int(before)
    stroke(100, 200, 270)
    page.keyboard.press("e")
    expect(mask.get_by_role("button", name="Eraser")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("]")
    page.keyboard.press("]")
    stroke(90, 210, 270)

    mask.get_by_role("button", name="Repair again with this mask").click()
    expect(page.get_by_test_id("stage")).not_to_have_attribute("data-job", first)
    restored(page)
    expect(page.get_by_test_id("report")).to_contain_text("as you marked it")
    result = site.state(job_of(page))["result"]
    sent = np.asarray(Image.open(io.BytesIO(site.client.get(result["maskUrl"]).content)).convert("L"))
    assert sent.shape == (360, 480)
    assert (sent[88:93, 110:190] > 127).all() and not sent[240:300].any() and not sent[:, 300:].any()


def test_the_brush_is_led_by_keys(page):
    give(page, ("aunt.jpg", picture(480, 360, sigma=2)))
    restored(page)
    page.get_by_role("button", name="Correct the mask").focus()
    page.keyboard.press("Enter")
    canvas = page.get_by_test_id("mask-canvas")
    expect(canvas).to_be_visible()
    page.get_by_role("group", name="The photo").focus()
    page.wait_for_timeout(100)
    before = canvas.evaluate(PAINTED)
    page.keyboard.press("Space")
    page.wait_for_timeout(100)
    dab = canvas.evaluate(PAINTED)
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.wait_for_timeout(100)
    assert before < dab < canvas.evaluate(PAINTED)
    for _ in range(4):
        page.keyboard.press("Control+z")
    page.wait_for_timeout(100)
    assert canvas.evaluate(PAINTED) == before
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar", name="Mask")).to_be_hidden()
