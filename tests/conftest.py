"""What every part of the tests shares: a database, servers, and photographs or the count of tests that want them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from daguerre.database.postgres import PostgresDatabase
from daguerre.database.sqlite import SqliteDatabase
from tests.services import ObjectStore, Postgres
from tests.serving import Faults, Server, make_key, picture
from training.pictures import VARIABLE, find_pictures

_WANTING = f"{VARIABLE} names no folder of pictures"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """An empty database with its tables."""
    made = SqliteDatabase(tmp_path / "jobs.sqlite3")
    made.migrate()
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for every test that leaves it running."""
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def _shared_database(postgres: Postgres) -> Iterator[PostgresDatabase]:
    made = PostgresDatabase(postgres.database())
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def postgres_database(_shared_database: PostgresDatabase) -> PostgresDatabase:
    """An empty database with its tables; it is emptied and not made anew, which takes far longer."""
    tables = (
        "SELECT string_agg(relname, ',') FROM pg_stat_user_tables WHERE relname NOT IN ('versions', 'alembic_version')"
    )
    with _shared_database.writing() as connection:
        named = connection.execute(text(tables)).scalar_one()
        connection.execute(text(f"TRUNCATE {named} RESTART IDENTITY CASCADE"))
    return _shared_database


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """An S3 store for every test that leaves it running."""
    store = ObjectStore(tmp_path_factory.mktemp("store"))
    yield store
    store.stop()


@pytest.fixture(scope="session")
def make_picture() -> Callable[..., bytes]:
    return picture


@pytest.fixture(scope="session")
def photo() -> bytes:
    return picture()


@pytest.fixture(scope="session")
def slow_photo() -> bytes:
    """Some seconds of work."""
    return picture(2000, 1500, sigma=20)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for every test that leaves it as it was; its limits are low enough to be reached."""
    limits = {"MAX_UPLOAD_BYTES": 8_000_000, "MAX_PIXELS": 30_000_000, "MAX_BATCH_FILES": 5}
    running = Server(
        tmp_path_factory.mktemp("shared") / "data", "--workers", "1", SUBMISSIONS_PER_MINUTE=10_000, **limits
    )
    yield running
    running.stop()


@dataclass
class Keyed:
    """A server that asks for keys, and their tokens."""

    server: Server
    anna: str
    bert: str
    admin: str
    metrics: str


@pytest.fixture(scope="session")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """One for every test that leaves its keys as they are."""
    data = tmp_path_factory.mktemp("keyed") / "data"
    tokens = {"anna": "user", "bert": "user", "admin": "admin", "metrics": "metrics"}
    keys = {name: make_key(data, name, role) for name, role in tokens.items()}
    running = Server(data, "--workers", "1", "--host", "0.0.0.0", WRONG_KEYS_PER_MINUTE=100_000, EARLY_STREAM_S=600)
    yield Keyed(running, **keys)
    running.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers on one folder; they are ended with the test."""
    running: list[Server] = []

    def one(*arguments: str, **environment: object) -> Server:
        running.append(Server(tmp_path / "data", *arguments, **environment))
        return running[-1]

    yield one
    for server in running:
        if server.process.poll() is None:
            server.kill_everything()
        server.client.close()


@pytest.fixture
def faults(tmp_path: Path, start: Callable[..., Server]) -> Faults:
    """What can be wrong with the machine of a server."""
    return Faults(tmp_path / "faults", start)


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
