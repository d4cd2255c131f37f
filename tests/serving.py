"""The real server as a process, what it is asked, and photos for it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from daguerre.config import Config
from daguerre.jobs.backends import open_database
from daguerre.server.keys import Keys

TOOL = "/api/v1/tools/restore-photo"
NOTHING = {"scratchRemoval": False, "faceEnhancement": False, "denoise": False}
ALL = {"scratchRemoval": True, "faceEnhancement": False, "denoise": True}


def make_key(data: Path, name: str, role: str = "user") -> str:
    """The token of a new key, made as ``daguerre keys create`` does."""
    database = open_database(Config(data=data))
    try:
        return Keys(database).create(name, role=role)
    finally:
        database.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def until(condition, within: float = 240.0):
    """What ``condition`` gives, as soon as it is something; the machine may be as slow as it likes."""
    deadline = time.monotonic() + within
    while True:
        if found := condition():
            return found
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Server:
    """``daguerre serve`` on a free port. ``environment`` is without the ``DAGUERRE_`` in front."""

    def __init__(self, data: Path, *arguments: str, **environment: object) -> None:
        self.data = data
        self.log = data.parent / f"{data.name}-{time.monotonic_ns()}.log"
        wanted = {"THREADS": 2, "DEVICE": "cpu", "DATA": data, **environment}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "daguerre.cli", "serve", "--port", "0", *arguments],
                env={**os.environ, **{f"DAGUERRE_{name}": str(value) for name, value in wanted.items()}},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.greeting = self.process.stdout.readline()
        assert "listens on http" in self.greeting, self.log.read_text()
        self.url = self.greeting.split()[3]
        self.client = httpx.Client(base_url=self.url, timeout=240)

    def submit(self, photo: bytes, settings: dict | None = NOTHING, name: str = "old photo.jpg", **data: str) -> str:
        fields = {**data, **({} if settings is None else {"settings": json.dumps(settings)})}
        answer = self.client.post(TOOL, files={"file": (name, photo)}, data=fields)
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['jobId']}"
        return answer.json()["jobId"]

    def state(self, job: str) -> dict:
        answer = self.client.get(f"/api/v1/jobs/{job}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait(self, job: str, *phases: str, within: float = 240) -> dict:
        deadline = time.monotonic() + within
        while True:
            state = self.state(job)
            if state["phase"] in (phases or ("complete", "failed")):
                return state
            assert time.monotonic() < deadline, state
            time.sleep(0.03)

    def frames(self, job: str, query: str = "", client: httpx.Client | None = None, **headers: str) -> list[dict]:
        """Every frame until the server closes the stream: its fields, and ``data`` decoded."""
        address = f"/api/v1/jobs/{job}/progress{query}"
        with (client or self.client).stream("GET", address, headers=headers, timeout=240) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            return list(frames_of(answer.iter_lines()))

    def at_work(self, job: str) -> int:
        """Wait until a worker has come some way with the job, and give its process."""

        def begun() -> bool:
            state = self.state(job)
            assert state["phase"] in ("queued", "processing"), state
            return state["percent"] > 2

        until(begun)
        (worker,) = self.workers()
        return worker

    def workers(self) -> list[int]:
        """Those that work, without the spare one."""
        announced = self.client.get("/api/v1/admin/health").json()["workers"]
        return [worker["pid"] for worker in announced if worker["pid"] in children(self.process.pid)]

    def stored(self, pattern: str) -> list[Path]:
        """Paths below the folders of jobs' files."""
        return list((self.data / "service" / "files" / "jobs").glob(pattern))

    def spooled(self) -> list[Path]:
        """Files that are on their way in."""
        spool = self.data / "service" / "files" / "spool"
        return [path for path in spool.rglob("*") if path.is_file() and path.name != ".lock"]

    def kill_everything(self) -> None:
        doomed = [self.process.pid, *children(self.process.pid)]
        for pid in doomed:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, number: int = signal.SIGINT, within: float = 240) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.client.close()
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill_everything()
            raise


class Faults:
    """What is wrong with the machine of the servers that ``start`` starts: see ``faults/sitecustomize.py``."""

    def __init__(self, folder: Path, start) -> None:
        self._folder = folder
        self._start = start
        folder.mkdir()

    def server(self, *arguments: str, **environment: object) -> Server:
        code = os.pathsep.join(filter(None, (str(Path(__file__).parent / "faults"), os.environ.get("PYTHONPATH"))))
        with pytest.MonkeyPatch.context() as patch:
            # A name without the prefix that the product's variables have.
            patch.setenv("FAULTS", str(self._folder))
            patch.setenv("PYTHONPATH", code)
            return self._start(*arguments, **environment)

    def set(self, name: str, value: object = "yes") -> None:
        (self._folder / f"{name}.new").write_text(str(value))
        (self._folder / f"{name}.new").rename(self._folder / name)

    def clear(self, name: str) -> None:
        (self._folder / name).unlink()


def frames_of(lines):
    frame = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if not line:
            if frame:
                yield frame
            frame = {}
            continue
        name, _, value = line.partition(": ")
        frame[name] = json.loads(value) if name == "data" else value


def children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(folder.name))
    return found


def picture(width: int = 64, height: int = 48, *, kind: str = "JPEG", sigma: float = 12.0, seed: int = 1) -> bytes:
    rng = np.random.default_rng(seed)
    ramp = np.linspace(40, 200, width)[None, :, None] * [1, 0.7, 0.4] + np.zeros((height, 1, 1))
    pixels = np.clip(ramp + rng.normal(0, sigma, ramp.shape), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()
