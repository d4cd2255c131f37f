"""What every part of the tests shares: a database, and photographs or the count of tests that want them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from daguerre.database.connection import Database
from training.pictures import VARIABLE, find_pictures

_WANTING = f"{VARIABLE} names no folder of pictures"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database with its tables."""
    made = Database(tmp_path / "jobs.sqlite3")
    made.migrate()
    yield made
    made.close()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder of the development pictures."""
    found = find_pictures()
    if found is None:
        pytest.skip(_WANTING)
    return found


@pytest.fixture(scope="session")
def judges(pictures: Path) -> Path:
    """The folder of published networks that lies beside them."""
    return pictures.parent / "models"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """The last line counts the tests that were skipped for want of pictures."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        wanting = sum(_WANTING in str(report.longrepr) for report in reporter.stats.get("skipped", []))
        reporter.write_line(
            f"{wanting} skipped because {_WANTING}" if wanting else f"none skipped for want of {VARIABLE}"
        )
