"""``python -m samples.screenshots``: shoots the page's main states into ``docs/images/page-*.jpg``.

It starts the server, restores pictures in the public domain that the project's own synthesis damaged, and drives
Chromium: ``DAGUERRE_CHROMIUM``, else Playwright's own, else the system's. ``--only NAME`` shoots one state.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from samples.pictures import IMAGES, SAMPLE, Picture, cracked

MOST_BYTES = 250_000
PATIENCE_MS = 180_000


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """A server on a free port with a folder of its own: its address."""
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, "-m", "daguerre.cli", "serve", "--port", "0"],
            env={**os.environ, "DAGUERRE_DATA": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert server.stdout is not None
        greeting = server.stdout.readline()
        try:
            yield greeting.split()[3]
        finally:
            server.terminate()
            server.wait(60)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. Ends the program where there is none."""
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        named = os.environ.get("DAGUERRE_CHROMIUM") or (own if Path(own).exists() else None)
        path = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if path is None:
            raise SystemExit("There is no Chromium: install it, or name it in DAGUERRE_CHROMIUM.")
        with contextlib.closing(playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])) as browser:
            yield browser


def photos() -> list[tuple[str, bytes]]:
    """Names and files of old photos."""
    colored = [
        ("Whiskers, 1974.jpg", np.asarray(skimage.data.chelsea(), np.uint8)[:300, 20:440], 40),
        ("Coffee.jpg", np.asarray(skimage.data.coffee(), np.uint8)[:, 60:560], 7),
        ("Launch.jpg", np.asarray(skimage.data.rocket(), np.uint8)[:400, 100:560], 11),
    ]
    gray = np.asarray(skimage.data.camera(), np.uint8)
    pictures = [(name, aged(picture, seed, 12)) for name, picture, seed in colored]
    pictures.append(("At the camera.jpg", aged(np.repeat(gray[..., None], 3, 2), 5, 8)))
    files = [
        (name, cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])[1].tobytes())
        for name, picture in pictures
    ]
    return [("Grandmother.jpg", SAMPLE.read_bytes()), *files]


def aged(picture: Picture, seed: int, sigma: float) -> Picture:
    """``picture`` ``[H, W, 3]``, twice as large, scratched and noisy, in its colors."""
    large = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    side = min(large.shape[:2])
    square = large[:side, :side]
    wounds = cracked(np.full_like(square, 128), ("hairlines", "dust", "cracks"), seed, (1.0, 1.0, 1.0)).astype(
        np.float32
    )
    plain = np.median(wounds)
    rng = np.random.default_rng(seed)
    change = np.where(np.abs(wounds - plain) > 30, 1.4 * (wounds - plain), 0) + sigma * rng.standard_normal(
        square.shape
    )
    return np.clip(square + change, 0, 255).astype(np.uint8)


def shoot(page: Page, name: str) -> None:
    """Write what is seen, as JPEG of less than 250 kB."""
    page.wait_for_timeout(700)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = IMAGES / f"page-{name}.jpg"
    for quality in (88, 80, 70, 60):
        shot.save(path, "JPEG", quality=quality, optimize=True, progressive=True)
        if path.stat().st_size < MOST_BYTES:
            break
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def give(page: Page, files: list[tuple[str, bytes]]) -> None:
    """Choose files."""
    page.get_by_test_id("file-input").set_input_files(
        [{"name": name, "mimeType": "", "buffer": data} for name, data in files]
    )


def complete(page: Page, count: int) -> None:
    """Until so many photos are restored. Ends the program where one fails."""
    page.locator("[data-testid=photo]:is([data-phase=complete], [data-phase=failed])").nth(count - 1).wait_for()
    if page.locator("[data-testid=photo][data-phase=failed]").count():
        raise SystemExit(page.get_by_test_id("failure").text_content())


def empty(page: Page) -> None:
    shoot(page, "empty")


def running(page: Page) -> None:
    large = cv2.resize(cv2.imdecode(np.frombuffer(SAMPLE.read_bytes(), np.uint8), 1), None, fx=4, fy=4)
    give(page, [("Grandmother, large scan.jpg", cv2.imencode(".jpg", large)[1].tobytes())])
    while page.locator("[data-testid=running] progress").evaluate("bar => bar.position") < 0.3:
        page.wait_for_timeout(100)
    shoot(page, "running")
    page.get_by_role("button", name="Cancel").click()


def result(page: Page) -> None:
    give(page, photos()[:1])
    complete(page, 1)
    shoot(page, "result")


def mask(page: Page) -> None:
    give(page, photos()[:1])
    complete(page, 1)
    page.get_by_role("button", name="Correct the mask").click()
    box = page.get_by_test_id("before").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.36)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.66, box["y"] + box["height"] * 0.3, steps=8)
    page.mouse.up()
    shoot(page, "mask")


def batch(page: Page) -> None:
    give(page, photos())
    complete(page, len(photos()))
    page.get_by_test_id("photo").nth(2).get_by_role("button").click()
    shoot(page, "batch")


STATES: dict[str, tuple[Callable[[Page], None], dict[str, object]]] = {
    "empty": (empty, {}),
    "running": (running, {}),
    "result": (result, {}),
    "mask": (mask, {}),
    "batch": (batch, {}),
    "dark": (lambda page: named(page, "dark"), {"color_scheme": "dark"}),
    "phone": (
        lambda page: named(page, "phone"),
        {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True},
    ),
}


def named(page: Page, name: str) -> None:
    """A result, under another name."""
    give(page, photos()[:1])
    complete(page, 1)
    shoot(page, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=STATES)
    only = parser.parse_args().only
    with chromium() as browser:
        for name, (show, options) in STATES.items():
            if only in (None, name):
                with serving() as address:
                    page = browser.new_page(**{"viewport": {"width": 1280, "height": 800}, **options})  # type: ignore[arg-type]
                    page.set_default_timeout(PATIENCE_MS)
                    page.goto(address)
                    page.wait_for_selector("body:not([data-state=loading])")
                    show(page)
                    page.close()


if __name__ == "__main__":
    main()
