"""Files of a job: whole, in part, and nobody else's."""

from __future__ import annotations

import socket
from io import BytesIO

import pytest
from PIL import Image


@pytest.fixture(scope="module")
def done(server, photo):
    return server.wait(server.submit(photo, name="größe.jpg"))["result"]


def test_the_whole_file(server, done):
    answer = server.client.get(done["downloadUrl"])
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"gr__e_restored.jpg\"; filename*=UTF-8''gr%C3%B6%C3%9Fe_restored.jpg"
    )
    assert answer.headers["accept-ranges"] == "bytes" and answer.headers["etag"].startswith('"')
    head = server.client.head(done["downloadUrl"])
    assert head.status_code == 200 and head.content == b""
    for name in ("etag", "content-length", "content-type", "content-disposition"):
        assert head.headers[name] == answer.headers[name]


def test_parts(server, done):
    url = done["downloadUrl"]
    whole = server.client.get(url).content
    size = len(whole)
    for header, start, end in (
        ("bytes=0-9", 0, 10), ("bytes=10-", 10, size), ("bytes=-5", size - 5, size), (f"bytes=5-{size * 2}", 5, size),
        (f"bytes=-{size * 2}", 0, size),
    ):  # fmt: skip
        part = server.client.get(url, headers={"Range": header})
        assert part.status_code == 206 and part.content == whole[start:end]
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert part.headers["content-length"] == str(end - start)
    for header in ("bytes=0-1,4-5", "lines=1-2", "bytes=9-1", "bytes=-", "nonsense"):
        assert server.client.get(url, headers={"Range": header}).status_code == 200
    for header in (f"bytes={size}-", "bytes=-0"):
        none = server.client.get(url, headers={"Range": header})
        assert none.status_code == 416 and none.headers["content-range"] == f"bytes */{size}"


def test_a_changed_or_unchanged_file(server, done):
    url = done["downloadUrl"]
    etag = server.client.head(url).headers["etag"]
    assert server.client.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert server.client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    assert server.client.get(url, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    assert server.client.get(url, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


def test_names_that_are_not_the_jobs(server, done):
    job = done["jobId"]
    for name in ("input", "out", "other.jpg", "mask.png", "restored.zip"):
        answer = server.client.get(f"/api/v1/download/{job}/{name}")
        assert (answer.status_code, answer.json()) == (404, {"error": "File not found"})
    assert server.client.get(f"/api/v1/download/{job[:-1]}0/preview.webp").status_code == 404


@pytest.mark.parametrize("path", [
    "{job}/../input", "{job}/..", "{job}/%2e%2e", "{job}/..%2finput", "{job}/a%2fb", "{job}/a%5cb", "{job}/a%00b",
    "../{job}/preview.webp", "%2e%2e/preview.webp", "a%2f{job}/preview.webp", "{job}/a/b", "a%00/preview.webp",
])  # fmt: skip
def test_paths_that_lead_elsewhere(server, done, path):
    """Sent as they are: an HTTP library would tidy them up."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=240) as connection:
        path = f"/api/v1/download/{path.format(job=done['jobId'])}"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b" 400 " in answer.split(b"\r\n")[0] and answer.endswith(b'{"error":"Invalid path"}')


def test_a_file_that_is_gone_from_the_disk(server, photo):
    before = set(server.stored("*/out/*/*"))
    result = server.wait(server.submit(photo))["result"]
    for file in set(server.stored("*/out/*/*")) - before:
        file.unlink()
    assert server.client.get(result["downloadUrl"]).json() == {"error": "File not found"}


def test_the_format_stays(server, make_picture):
    for kind, extension in (("PNG", "png"), ("TIFF", "tif"), ("WEBP", "webp"), ("BMP", "bmp")):
        result = server.wait(server.submit(make_picture(kind=kind)))["result"]
        assert result["downloadUrl"].endswith(f".{extension}")
        assert Image.open(BytesIO(server.client.get(result["downloadUrl"]).content)).format == kind
