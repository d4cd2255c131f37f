"""What strangers may send: nothing of it delays others, fills the memory or is answered with a fault."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.serving import until

TOOL = "/api/v1/tools/restore-photo"
NOTHING = json.dumps({"scratchRemoval": False, "faceEnhancement": False, "denoise": False})


def connect(server) -> socket.socket:
    place = urlsplit(server.url)
    return socket.create_connection((place.hostname, place.port), timeout=240)


def raw(server, *pieces: bytes) -> bytes:
    """What comes for bytes that are sent as they are; the server may hang up on them."""
    with connect(server) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        try:
            while data := connection.recv(65536):
                answer += data
        except ConnectionResetError:
            pass
        return answer


def memory_bytes(server) -> int:
    return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_head_without_an_end_is_refused(server):
    """No key needed to send one: whatever part of it is endless."""
    filler = b"x" * 100_000
    for start in (
        b"GET /" + filler, b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + filler,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 20_000, b"X" * 100_000,
    ):  # fmt: skip
        answer = raw(server, start, filler, filler)
        assert answer == b"" or answer.split()[1] in (b"431", b"400"), answer[:100]
    assert b" 431 " in raw(server, b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000)
    small = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nA: " + b"x" * 60_000 + b"\r\n\r\n"
    assert b" 200 " in raw(server, small)


def test_a_trailer_without_an_end_is_cut_off(server):
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    began = memory_bytes(server)
    assert b" 200 " not in raw(server, head + b"2\r\n{}\r\n0\r\nA: ", *[b"x" * 200_000] * 20)
    assert b" 200 " not in raw(server, head + b"2;", *[b"x" * 200_000] * 20)
    assert memory_bytes(server) - began < 20_000_000


def test_megabytes_of_head_delay_nobody(server):
    """Sixty of them, that held everybody up for 20 seconds; others are answered while they come."""
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(raw, server, b"GET / HTTP/1.1\r\nA: ", *[b"x" * (1 << 20)] * 60)
        answered = 0
        while not sending.done() or not answered:
            assert server.client.get("/api/v1/openapi.json").status_code == 200
            answered += 1
    assert b" 431 " in sending.result() or sending.result() == b""


def test_half_sent_requests_are_closed(server):
    """Heads and JSON bodies get half a minute."""
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    halves = [b"", b"GET / HTT", head, head + b"Content-Length: 50\r\n\r\n{"]
    waiting = [(connect(server), half) for half in halves for _ in range(20)]
    began = time.monotonic()
    for connection, half in waiting:
        connection.sendall(half)
    for connection, half in waiting:
        with connection:
            answer = connection.recv(65536)
            assert answer == b"" or (b" 408 " in answer and half.endswith(b"{")), (half, answer)
    assert time.monotonic() - began > 25


def test_json_bodies_have_a_limit(server):
    for path in ("/api/v1/session", "/api/v1/admin/features/none/install", "/api/v1/jobs/x/cancel"):
        for body in ({"content": b'{"key": "' + b"x" * 70_000 + b'"}'}, {"content": iter([b"x" * 10_000] * 8)}):
            for kind in ("application/json", "multipart/form-data; boundary=b"):
                answer = server.client.post(path, headers={"Content-Type": kind}, **body)
                assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE"), path
                if "content" in body and not isinstance(body["content"], bytes):
                    break
    assert server.client.post("/api/v1/session", json={"key": "x"}).status_code == 401


def test_bodies_that_are_announced_large_take_no_memory(server):
    before = memory_bytes(server)
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    for length in (b"Content-Length: 120000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n8000000\r\n"):
        assert b" 413 " in raw(server, head + length, *[b"x" * (1 << 20)] * 60)
    assert memory_bytes(server) - before < 30_000_000


def test_a_batch_of_empty_parts_with_long_names_is_one_event(start, photo):
    """165 kB that were 27 MB of events, in a transaction of over a minute."""
    server = start("--workers", "0")
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s%d.jpg"\r\n\r\n\r\n' % (b"x" * 240, number)
        for number in range(500)
    )
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = server.client.post(f"{TOOL}/batch", content=parts + b"--b--\r\n", headers=form)
    job = answer.json()["jobId"]
    (frame,) = server.frames(job)
    state = frame["data"]
    assert (state["phase"], state["totalFiles"], state["failedFiles"]) == ("failed", 500, 500)
    assert len(state["errors"]) == 20 and len(state["result"]["files"]) == 500
    database = server.data / "service" / "daguerre.sqlite3"
    size = sum(path.stat().st_size for path in database.parent.glob("daguerre.sqlite3*"))
    assert size < 3_000_000
    listed = server.client.get("/api/v1/jobs").json()["jobs"]
    assert [each["jobId"] for each in listed] == [job] and "files" not in listed[0]["result"]
    assert server.client.delete(f"/api/v1/jobs/{job}").status_code == 200


@pytest.mark.parametrize("body", [
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nA: ' + b"x" * 300_000,
    b'--b\r\nContent-Disposition: form-data; name="' + b"x" * 300_000 + b'"\r\n\r\nx\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n' * 5000 + b"--b--\r\n",
    b"--b\r\n" + b"A: b\r\n" * 50_000, b"-" * 500_000, b"--b\r\n\r\n" * 50_000, b"\r\n" * 200_000,
])  # fmt: skip
def test_forms_of_nothing_but_head_are_refused(server, body):
    answer = server.client.post(TOOL, content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 400 and answer.json()["error"] == "Failed to parse multipart request"


def test_allow_names_every_method(server):
    answer = server.client.request("PUT", "/api/v1/jobs/x")
    assert answer.status_code == 405 and answer.json()["error"]
    assert {name.strip() for name in answer.headers["allow"].split(",")} >= {"GET", "HEAD", "DELETE"}


def test_head_is_answered_wherever_get_is(server, photo):
    job = server.submit(photo)
    server.wait(job)
    place = urlsplit(server.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=240)
    for path in (
        "/", "/api/v1/health", "/api/v1/jobs", f"/api/v1/jobs/{job}", f"/api/v1/jobs/{job}/progress",
        f"/api/v1/jobs/{job}/views/original", f"/api/v1/archive?jobId={job}", "/api/v1/features", "/metrics",
        "/api/v1/openapi.json", "/api/v1/jobs/early/progress",
    ):  # fmt: skip
        connection.request("HEAD", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b""), path
    connection.request("HEAD", f"/api/v1/jobs/{uuid.uuid4()}")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (404, b"")
    until(lambda: server.client.get("/api/v1/admin/health").json()["listeners"] == 0)


def test_streams_for_jobs_to_come_are_bounded(server):
    """50 of one caller wait; the next is sent away, and a place is free again when one goes."""
    held = []
    for _ in range(50):
        connection = connect(server)
        connection.sendall(
            b"GET /api/v1/jobs/%s/progress HTTP/1.1\r\nHost: localhost\r\n\r\n" % uuid.uuid4().hex.encode()
        )
        assert b" 200 " in connection.recv(4096)
        held.append(connection)
    address = f"/api/v1/jobs/{uuid.uuid4()}/progress"
    answer = server.client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED") and "retry-after" in answer.headers
    for connection in held:
        connection.close()

    def accepted():
        with server.client.stream("GET", address) as answer:
            return answer.status_code == 200

    until(accepted)
