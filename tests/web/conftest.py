"""The page in a real browser, at the real server."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.web.visitor import PATIENCE_MS, settled


def chromium(own: str) -> str | None:
    """``DAGUERRE_CHROMIUM``, else Playwright's ``own``, else the system's."""
    named = os.environ.get("DAGUERRE_CHROMIUM")
    if named or Path(own).exists():
        return named or own
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser():
    """One for each file: while it is open, its event loop takes the thread, which other tests want for theirs."""
    with sync_playwright() as playwright:
        path = chromium(playwright.chromium.executable_path)
        if path is None:
            reason = "No Chromium: install it, or name it in DAGUERRE_CHROMIUM, to test the page."
            if os.environ.get("CI"):
                pytest.fail(reason)
            print(reason)
            pytest.skip(reason)
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield running
        running.close()


@pytest.fixture
def site(server):
    """The shared server, without jobs before and after."""

    def clear() -> None:
        for job in server.client.get("/api/v1/jobs", params={"limit": 200}).json()["jobs"]:
            server.client.delete(f"/api/v1/jobs/{job['jobId']}")

    clear()
    yield server
    clear()


@pytest.fixture
def errors():
    """What the console complains of; a test removes what it provokes with ``expected``."""
    return Complaints()


class Complaints(list):
    def expected(self, *parts: str) -> None:
        """Drop those with one of ``parts``, of which there must be one."""
        assert any(part in complaint for complaint in self for part in parts), self
        self[:] = [complaint for complaint in self if not any(part in complaint for part in parts)]


@pytest.fixture
def visit(browser, errors):
    """Open the page of a server in a browser of its own; complaints of the console fail the test."""
    with contextlib.ExitStack() as contexts:

        def one(server, **options: object) -> Page:
            options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
            context = contexts.enter_context(contextlib.closing(browser.new_context(**options)))
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(f"thrown: {error}"))
            page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
            page.on("request", lambda asked: foreign(asked.url, server.url))
            page.goto(server.url)
            settled(page)
            return page

        def foreign(asked: str, own: str) -> None:
            if not asked.startswith((own, "blob:", "data:")):
                errors.append(f"another host: {asked}")

        yield one
    assert errors == []


@pytest.fixture
def page(visit, site) -> Page:
    return visit(site)
