"""The services that a cluster rests on, started for tests: PostgreSQL and an S3 store, each in a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest


def missing(what: str) -> None:
    """Skip the test; on a build machine nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


def free_port() -> int:
    """A port that is free, with room above it: some servers add ten thousand for a second port."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        if port < 55_000:
            return port


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def wait_for(condition, within: float = 60.0, what: str = "") -> None:
    """Until ``condition`` holds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, what or condition
        time.sleep(0.05)


class Postgres:
    """A PostgreSQL server of its own, run by a user without rights where root starts it."""

    def __init__(self) -> None:
        self.port = free_port()
        self._bin = binaries()
        # Not below pytest's own folder, which is for its user alone.
        folder = self._folder = Path(tempfile.mkdtemp(prefix="daguerre-postgres-"))
        self._data = folder / "postgres"
        self._log = folder / "postgres.log"
        self._user = next((name for name in ("postgres", "nobody") if _exists(name)), None) if not os.getuid() else None
        self._data.mkdir(parents=True)
        if self._user is not None:
            shutil.chown(self._data, self._user)
            folder.chmod(0o755)
        self._call("initdb", "-D", self._data, "-U", "daguerre", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        self.start()

    def start(self) -> None:
        """Start, or start again, and wait until it answers."""
        options = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "max_connections": 300,
            "shared_buffers": "64MB", "fsync": "off",
        }  # fmt: skip
        named = [f"-c{name}={value}" for name, value in options.items()]
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, *named], stdout=log, stderr=log, user=self._user,
                start_new_session=True,
            )  # fmt: skip
        wait_for(self._ready, what=self._log.read_text())

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it; by default connections are cut, and nothing is lost."""
        self.process.send_signal(number)
        self.process.wait(60)

    def remove(self) -> None:
        """End it, and delete its files."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"d{secrets.token_hex(6)}"
        self._call("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "daguerre", name)
        return f"postgresql://daguerre@127.0.0.1:{self.port}/{name}"

    def _ready(self) -> bool:
        command = [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "daguerre"]
        return subprocess.run(command, check=False).returncode == 0

    def _call(self, name: str, *arguments: object) -> None:
        command = [self._bin / name, *(str(argument) for argument in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, user=self._user, cwd="/")
        assert done.returncode == 0, done.stderr


class ObjectStore:
    """A SeaweedFS server with one bucket and its S3 interface."""

    BUCKET = "photos"

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder / "store"
        self._folder.mkdir(parents=True)
        self._log = folder / "store.log"
        credential = {"accessKey": "daguerre", "secretKey": "secret"}
        identity = {"name": "daguerre", "credentials": [credential], "actions": ["Admin"]}
        self._config = folder / "s3.json"
        self._config.write_text(json.dumps({"identities": [identity]}))
        self._ports = [free_port() for _ in range(3)]
        self.start()

    def start(self) -> None:
        """Start, or start again, and wait until it answers."""
        master, volume, filer = self._ports
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [
                    weed(), "server", f"-dir={self._folder}", "-ip=127.0.0.1", "-s3", f"-s3.port={self.port}",
                    f"-s3.config={self._config}", f"-master.port={master}", f"-volume.port={volume}",
                    f"-filer.port={filer}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false",
                    "-master.volumeSizeLimitMB=64", "-volume.max=50",
                ],
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_for(self._ready, what=str(self._log))

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait(30)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to use it."""
        return {
            "AWS_ENDPOINT": f"http://127.0.0.1:{self.port}", "AWS_ACCESS_KEY_ID": "daguerre", "AWS_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ALLOW_HTTP": "true",
        }  # fmt: skip

    def url(self) -> str:
        """A place of its own."""
        return f"s3://{self.BUCKET}/{secrets.token_hex(6)}"

    def _ready(self) -> bool:
        import obstore
        from obstore.store import S3Store

        if not answers(self.port):
            return False
        names = {
            "AWS_ENDPOINT": "endpoint", "AWS_ACCESS_KEY_ID": "access_key_id", "AWS_REGION": "region",
            "AWS_SECRET_ACCESS_KEY": "secret_access_key",
        }  # fmt: skip
        settings = {names[name]: value for name, value in self.environment.items() if name in names}
        store = S3Store(
            self.BUCKET, client_options={"allow_http": True}, retry_config={"max_retries": 0}, **settings
        )  # fmt: skip
        with contextlib.suppress(Exception):
            obstore.put(store, "ready", b"ready")
            return True
        return False


def binaries() -> Path:
    """Where PostgreSQL's programs are."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if found is None else [Path(found).resolve().parent]
    if not folders:
        missing("PostgreSQL")
    return folders[-1]


def weed() -> Path:
    """SeaweedFS's program."""
    beside = Path(sys.executable).with_name("weed")
    found = beside if beside.exists() else shutil.which("weed")
    if found is None:
        missing("SeaweedFS")
    return Path(found)


def _exists(user: str) -> bool:
    import pwd  # POSIX has it alone; this file is read everywhere.

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
