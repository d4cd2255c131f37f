"""How the service holds under attack and under faults: ``python -m benchmarks.endurance kills|hostile|soak [COUNT]``.

Each starts ``daguerre serve`` on a folder of its own and prints what it counted; none belongs into CI.

- ``kills``: jobs come all the time, and at random a worker, or everything, is killed and started again (100 times):
  every job that was accepted has to end, and exactly once.
- ``hostile``: requests that nobody should send (10,000: heads, bodies, parts, paths, names), while another client asks
  for the health: how long it waited at most, and by how much the server's memory grew.
- ``soak``: as many small jobs as a day brings (5,000): memory of the server and of its workers as they go.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

from benchmarks.service import Server, photo

TOOL = "/api/v1/tools/restore-photo"
NOTHING = '{"scratchRemoval":false,"faceEnhancement":false,"denoise":false}'


def submit(server: Server, data: bytes, id: str | None = None) -> str | None:
    """The id of the job that was accepted, ``None`` where it was not."""
    id = id or uuid.uuid4().hex
    try:
        answer = httpx.post(
            server.url + TOOL,
            files={"file": ("a.jpg", data)},
            data={"settings": NOTHING, "clientJobId": id},
            timeout=120,
        )
    except httpx.TransportError:
        return None
    return id if answer.status_code == 202 else None


def state(server: Server, job: str) -> dict[str, Any]:
    """What the server says of the job."""
    found: dict[str, Any] = httpx.get(f"{server.url}/api/v1/jobs/{job}", timeout=120).json()
    return found


def workers(server: Server) -> list[psutil.Process]:
    """The worker processes, without the spare ones' difference."""
    found = []
    for child in server.process.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # Killed, and not yet buried.
            if "daguerre.jobs.worker" in child.cmdline():
                found.append(child)
    return found


def kills(count: int) -> None:
    """Kill at random while jobs come."""
    chance = random.Random(1)
    data = photo(400, 300)
    accepted: list[str] = []
    with Server(1, keep=True) as server:
        stopping = threading.Event()

        def feed() -> None:
            while not stopping.is_set():
                job = submit(server, data)
                if job is not None:
                    accepted.append(job)
                time.sleep(0.2)

        feeding = threading.Thread(target=feed)
        feeding.start()
        everything = 0
        for _ in range(count):
            time.sleep(chance.uniform(0.2, 4.0))
            living = workers(server)
            if living and chance.random() > 0.1:
                os.kill(chance.choice(living).pid, signal.SIGKILL)
            else:
                everything += 1
                server.restart()
        stopping.set()
        feeding.join()
        outcomes: dict[str, int] = {}
        for job in accepted:
            while (seen := state(server, job)).get("phase") not in ("complete", "failed"):
                assert "error" not in seen, (job, seen)
                time.sleep(0.5)
            outcomes[str(seen.get("code", "complete"))] = outcomes.get(str(seen.get("code", "complete")), 0) + 1
        ends = server.log().count('"job finished"')
        print(f"{count} kills, {everything} of everything; {len(accepted)} jobs accepted: {outcomes}")
        print(f"{ends} ends in the log")


def hostile(count: int) -> None:
    """Requests that nobody should send, beside one who behaves."""
    chance = random.Random(2)
    with Server(1) as server:
        data = photo(64, 48)
        job = submit(server, data)
        place = urlsplit(server.url)
        waits: list[float] = []
        over = threading.Event()

        def behave() -> None:
            with httpx.Client(base_url=server.url, timeout=120) as client:
                while not over.is_set():
                    began = time.perf_counter()
                    client.get("/api/v1/health")
                    waits.append(time.perf_counter() - began)
                    time.sleep(0.05)

        before = server.process.memory_info().rss
        behaving = threading.Thread(target=behave)
        behaving.start()
        statuses: dict[str, int] = {}
        for _ in range(count):
            request = chance.choice(_HOSTILE)(chance, str(job).encode())
            answer = b""
            with socket.create_connection((place.hostname or "", place.port or 0), timeout=60) as connection:
                try:
                    connection.sendall(request)
                    connection.shutdown(socket.SHUT_WR)
                    answer = connection.recv(4096)
                except (ConnectionError, TimeoutError):
                    pass
            status = answer.split(b" ")[1].decode() if answer.startswith(b"HTTP/") else "closed"
            statuses[status] = statuses.get(status, 0) + 1
        over.set()
        behaving.join()
        grown = server.process.memory_info().rss - before
        waits.sort()
        median, worst = waits[len(waits) // 2], waits[-1]
        print(f"{count} hostile requests: {dict(sorted(statuses.items()))}")
        print(f"another client: {len(waits)} asked, median {median * 1000:.0f} ms, worst {worst:.2f} s")
        print(f"the server: {before / 1e6:.0f} MB, grown by {grown / 1e6:.1f} MB; load {os.getloadavg()[0]:.1f}")


def _noise(chance: random.Random, most: int) -> bytes:
    return chance.randbytes(chance.randrange(1, most))


def _head(chance: random.Random, job: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * chance.randrange(1, 30_000) + _noise(chance, 100)


def _path(chance: random.Random, job: bytes) -> bytes:
    odd = [b"../" * 20, b"%2e%2e%2f" * 9, b"%00", b"%ff%fe", b"a" * 60_000, b"\xc3\xa4", b"..%5c"]
    segment = chance.choice([*odd, job])
    start = chance.choice([b"/api/v1/download/", b"/api/v1/jobs/", b"/web/", b"/", b"/api/v1/progress?jobId="])
    tail = chance.choice([b"", b"/x", b"/progress?events=unnamed", b"/views/original?size=full"])
    method = b"GET" if segment == job else chance.choice([b"GET", b"HEAD", b"DELETE", b"PUT", b"BREW"])
    return method + b" " + start + segment + tail + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _json(chance: random.Random, job: bytes) -> bytes:
    body = chance.choice([b"[" * 50_000, b'{"key":"' + b"x" * 60_000, _noise(chance, 60_000), b"{}", b"x" * 200_000])
    length = chance.choice([len(body), len(body) * 1000, 0])
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % length + body


def _form(chance: random.Random, job: bytes) -> bytes:
    name = chance.choice([b"file", b"settings", b"mask", b"clientJobId", b"sourceJobId", b"x" * 3000])
    filename = chance.choice([b"a.jpg", b"../../a", b"\xff\xfe", b"x" * 5000, b"con", b'"', b"a\\\\b"])
    content = chance.choice(
        [
            b"",
            b"{}",
            b'{"faces":[[1e999,0,1,1]]}',
            b'{"outputFormat":"\\ud800"}',
            job,
            _noise(chance, 9000),
            b"\xff\xd8\xff" + _noise(chance, 5000),
            b"\x89PNG\r\n\x1a\n" + _noise(chance, 5000),
            b"[" * 9000,
        ]
    )
    part = b'--b\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n' % (name, filename, content)
    body = part * chance.choice([1, 2, 40]) + chance.choice([b"--b--\r\n", b"", b"--b"])
    where = chance.choice([b"", b"/batch"])
    head = b"POST /api/v1/tools/restore-photo%s HTTP/1.1\r\nHost: localhost\r\n" % where
    return head + b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def _chunks(chance: random.Random, job: bytes) -> bytes:
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + chance.choice(
        [b"5;" + b"x" * 90_000, b"0\r\nA: " + b"x" * 90_000, b"ffffffffff\r\nx", b"-1\r\n", b"2\r\n{}\r\n" * 90]
    )


def _smuggled(chance: random.Random, job: bytes) -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"


def _raw(chance: random.Random, job: bytes) -> bytes:
    return _noise(chance, 100_000)


_HOSTILE: list[Callable[[random.Random, bytes], bytes]] = [
    _head,
    _path,
    _path,
    _json,
    _form,
    _form,
    _chunks,
    _smuggled,
    _raw,
]


def soak(count: int) -> None:
    """As many small jobs as a day brings."""
    data = photo(64, 48)
    with Server(1) as server:
        for number in range(count):
            job = submit(server, data)
            assert job is not None
            while (seen := state(server, job))["phase"] != "complete":
                assert seen["phase"] != "failed", seen
                time.sleep(0.005)
            if number % (count // 10) == count // 20 or number == count - 1:
                rss = [worker.memory_info().rss / 1e6 for worker in workers(server)]
                files = server.process.num_fds()
                shown = ", ".join(f"{each:.0f}" for each in sorted(rss))
                server_mb = server.process.memory_info().rss / 1e6
                print(
                    f"{number + 1:6} jobs: server {server_mb:.0f} MB, {files} open files, workers {shown} MB",
                    flush=True,
                )
        database = sum(path.stat().st_size for path in Path(server.folder, "service").glob("daguerre.sqlite3*"))
        print(f"database {database / 1e6:.1f} MB")


def main() -> None:
    """Run what was asked for."""
    what = {"kills": (kills, 100), "hostile": (hostile, 10_000), "soak": (soak, 5000)}
    run, count = what[sys.argv[1]]
    run(int(sys.argv[2]) if len(sys.argv) > 2 else count)


if __name__ == "__main__":
    main()
