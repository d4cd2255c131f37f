"""One table of messages, complete in every language, and a page that speaks the browser's."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from playwright.sync_api import expect

from daguerre.failures import FAILURES
from daguerre.pipeline.steps import STEPS
from daguerre.server.page import _FOLDER as FOLDER
from tests.web.visitor import give, restored, violations, wounded

SCRIPTS = [path for path in sorted((FOLDER / "js").glob("*.js")) if path.stem not in {"language", "translations"}]
TABLE = (FOLDER / "js" / "translations.js").read_text(encoding="utf-8")
ROWS = {json.loads(key): json.loads(row) for key, row in re.findall(r'^  (".*?"): (\[.*\]),$', TABLE, re.M)}
LANGUAGES = json.loads(re.search(r"LANGUAGES = (\[.*\]);", TABLE)[1])


class Words(HTMLParser):
    """The words of the entrance that a person sees or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.tag = ""

    def handle_starttag(self, tag, attributes):
        self.tag = tag
        self.found |= {value for name, value in attributes if name in {"aria-label", "title"}}

    def handle_data(self, data):
        if self.tag not in {"title", "noscript", "script", "a"} and re.search(r"[A-Za-z]{2}", data):
            self.found.add(data.strip())


def entrance() -> set[str]:
    words = Words()
    words.feed((FOLDER / "index.html").read_text(encoding="utf-8").partition("<noscript>")[0])
    return words.found - {"Daguerre"}


def reasons() -> set[str]:
    """Why a face is as it is."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (FOLDER.parent / "pipeline" / "faces").glob("*.py"))
    return set(re.findall(r'(?:reason = |Change\(None, )"([a-z][^"]+)"', sources))


def stages() -> set[str]:
    """What a job is at."""
    queue = (FOLDER.parent / "jobs" / "database_queue.py").read_text(encoding="utf-8")
    return {step.stage for step in STEPS} | set(re.findall(r'"([A-Z][^"{]+\.\.\.)"', queue))


def said() -> set[str]:
    """What the scripts hand to ``t``, and what the server names that is shown."""
    source = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    messages = {json.loads(literal) for literal in re.findall(r'\bt\(("(?:[^"\\]|\\.)*")', source)}
    server = {row.advice for row in FAILURES.values() if row.advice} | stages() | reasons()
    return messages | server | entrance() | {"Drop to restore"}


def test_every_language_has_every_message():
    assert LANGUAGES == ["de", "fr", "es", "it", "pt", "pl", "ja"]
    assert len(ROWS) == TABLE.count("\n  ") > 200
    names = re.compile(r"\{\w+\}")
    for message, row in ROWS.items():
        assert len(row) == len(LANGUAGES) and all(row), message
        for text in row:
            assert sorted(names.findall(text)) == sorted(names.findall(message)), (message, text)


def test_the_table_has_what_is_said_and_nothing_else():
    assert said() - ROWS.keys() == set()
    assert ROWS.keys() - said() == set()


def test_no_text_goes_around_the_table():
    shown = re.compile(r'(?:textContent = |"aria-label": |title: |<p>|summary", \{\}, )"([A-Z][a-z]+ [^"]*)"')
    for path in SCRIPTS:
        assert shown.findall(path.read_text(encoding="utf-8")) == [], path


def test_the_page_speaks_the_language_of_the_browser(visit, site):
    page = visit(site, locale="de-AT")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("button", name="Fotos auswählen")).to_be_visible()
    give(page, ("oma.jpg", wounded()))
    restored(page)
    expect(page.get_by_test_id("report")).to_contain_text("360 Pixel")
    assert violations(page) == []
