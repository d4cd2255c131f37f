"""What the service costs: ``python -m benchmarks.service``, on a machine that does nothing else.

Starts ``daguerre serve`` on a folder of its own and measures, over a socket on the same machine:

- the time from the last byte of a 20 MB upload to the 202 (budget 150 ms);
- requests per second on a job's status with 1,000 jobs stored;
- the server process's memory while 50 clients upload 50 MB each (budget 500 MB);
- one photo through the service, beside the library in a process that is as warm (budget 10 % more).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import psutil
from PIL import Image

TOOL = "/api/v1/tools/restore-photo"


def photo(width: int, height: int, *, quality: int = 95, sigma: float = 12.0) -> bytes:
    """A noisy ramp as JPEG."""
    rng = np.random.default_rng(1)
    ramp = np.linspace(40, 200, width)[None, :, None] * [1, 0.8, 0.6] + np.zeros((height, 1, 1))
    file = io.BytesIO()
    pixels = np.clip(ramp + rng.normal(0, sigma, ramp.shape), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def padded(jpeg: bytes, size_bytes: int) -> bytes:
    """The same photo in a file of the wanted size: the rest is a comment after its end."""
    return jpeg + b"\0" * (size_bytes - len(jpeg))


class Server:
    """``daguerre serve`` with ``workers``, for the length of a ``with`` block. ``keep`` keeps its log."""

    def __init__(self, workers: int, *, keep: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="daguerre-benchmark-")
        self._workers = workers
        self._log = Path(f"{self._folder.name}.log") if keep else Path(os.devnull)
        self._start("0")

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()

    @property
    def folder(self) -> str:
        """Its data."""
        return self._folder.name

    @property
    def process(self) -> psutil.Process:
        """The server itself, without its workers."""
        return psutil.Process(self._process.pid)

    @property
    def rss_bytes(self) -> int:
        """Memory of the server process, without its workers."""
        return int(self.process.memory_info().rss)

    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    def restart(self) -> None:
        """Kill the server and all that it has started, and start it again on the same port."""
        doomed = [self.process, *self.process.children(recursive=True)]
        for each in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        self._process.wait()
        self._start(self.url.rpartition(":")[2])

    def _start(self, port: str) -> None:
        environment = {"DAGUERRE_DATA": self._folder.name, "DAGUERRE_SUBMISSIONS_PER_MINUTE": "100000"}
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "daguerre.cli", "serve", "--port", port, "--workers", str(self._workers)],
                env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[3]


def boundary_of(data: bytes) -> tuple[bytes, dict[str, str]]:
    """A multipart body around a photo, and its headers."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    body = head + data + b"\r\n--b--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(len(body))}


async def answer_after_last_byte(server: Server, data: bytes, *, rounds: int = 15) -> list[float]:
    """Seconds from the last byte's departure to the 202."""
    body, headers = boundary_of(data)
    seconds = []
    sent = 0.0

    async def sending() -> AsyncIterator[bytes]:
        nonlocal sent
        for start in range(0, len(body), 1 << 16):
            yield body[start : start + (1 << 16)]
        sent = time.perf_counter()

    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        for _ in range(rounds):
            answer = await client.post(TOOL, content=sending(), headers=headers)
            seconds.append(time.perf_counter() - sent)
            assert answer.status_code == 202, answer.text
    return seconds


async def status_requests(server: Server, small: bytes, *, jobs: int = 1000, seconds: float = 8.0) -> float:
    """Requests per second on one job's status, by 32 clients, with ``jobs`` stored."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        ids = []
        for _ in range(jobs):
            answer = await client.post(TOOL, files={"file": ("a.jpg", small)})
            ids.append(answer.json()["jobId"])
    done = subprocess.run(
        [sys.executable, "-c", _HAMMER, server.url, ids[len(ids) // 2], str(seconds)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


_HAMMER = """
import socket, sys, threading, time
from urllib.parse import urlsplit
url, job, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
place = urlsplit(url)
request = f"GET /api/v1/jobs/{job} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n".encode()
counts, ends = [], time.monotonic() + seconds
def hammer():
    count = 0
    with socket.create_connection((place.hostname, place.port)) as connection:
        while time.monotonic() < ends:
            connection.sendall(request)
            answer = connection.recv(65536)
            while b"}" not in answer:
                answer += connection.recv(65536)
            assert b" 200 " in answer[:20]
            count += 1
    counts.append(count)
threads = [threading.Thread(target=hammer) for _ in range(32)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(counts) / seconds)
"""


async def memory_under_uploads(server: Server, data: bytes, *, clients: int = 50) -> tuple[int, float]:
    """The largest memory of the server process in bytes while ``clients`` upload at once, and the seconds it took."""
    body, headers = boundary_of(data)
    highest, over = 0, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not over.wait(0.02):
            highest = max(highest, server.rss_bytes)

    watching = threading.Thread(target=watch)
    watching.start()
    began = time.perf_counter()

    async def sending() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1 << 18):
            yield body[start : start + (1 << 18)]

    async with httpx.AsyncClient(base_url=server.url, timeout=600, limits=httpx.Limits(max_connections=None)) as client:
        answers = await asyncio.gather(*(client.post(TOOL, content=sending(), headers=headers) for _ in range(clients)))
    assert {answer.status_code for answer in answers} == {202}
    over.set()
    watching.join()
    return highest, time.perf_counter() - began


def overhead(server: Server, data: bytes, *, rounds: int = 5) -> tuple[float, float]:
    """Median seconds for one photo: through the service, from POST to downloaded, and by the library."""
    from daguerre.pipeline.restorer import Restorer

    restorer = Restorer()

    def library() -> None:
        restorer.restore(data).encode()

    with httpx.Client(base_url=server.url, timeout=600) as client:

        def service() -> None:
            job = client.post(TOOL, files={"file": ("a.jpg", data)}).json()["jobId"]
            with client.stream("GET", f"/api/v1/jobs/{job}/progress") as stream:
                last = [line for line in stream.iter_lines() if line.startswith("data: ")][-1]
            assert '"phase":"complete"' in last, last
            client.get(f"/api/v1/download/{job}/a_restored.jpg").raise_for_status()

        taken: dict[str, list[float]] = {"service": [], "library": []}
        for number in range(rounds + 1):
            for name, call in (("service", service), ("library", library)):
                began = time.perf_counter()
                call()
                if number:  # The first loads the models.
                    taken[name].append(time.perf_counter() - began)
    return statistics.median(taken["service"]), statistics.median(taken["library"])


def main() -> None:
    """Print every figure."""
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, run {uuid.uuid4().hex[:6]}")
    small, large = photo(64, 48), photo(4000, 3000)
    with Server(0) as server:
        seconds = asyncio.run(answer_after_last_byte(server, padded(large, 20_000_000)))
        print(f"20 MB upload, last byte to 202: median {statistics.median(seconds) * 1000:.0f} ms, ", end="")
        print(f"worst of {len(seconds)} {max(seconds) * 1000:.0f} ms")
        print(f"status requests per second, 1,000 jobs stored: {asyncio.run(status_requests(server, small)):.0f}")
    with Server(0) as server:
        before = server.rss_bytes
        highest, took = asyncio.run(memory_under_uploads(server, padded(large, 50_000_000)))
        print(f"50 uploads of 50 MB at once: {highest / 1e6:.0f} MB at most, {before / 1e6:.0f} MB idle, {took:.1f} s")
    with Server(1) as server:
        service, library = overhead(server, photo(2000, 1500))
        print(f"3 MP photo: service {service:.2f} s, library {library:.2f} s, {100 * (service / library - 1):+.1f} %")


if __name__ == "__main__":
    main()
