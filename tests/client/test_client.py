"""The client, through lines that break and services that are not there for a while."""

from __future__ import annotations

import asyncio

import httpx
import pytest

import daguerre
from daguerre import AsyncClient, Client, JobFailed, ServiceRefused, ServiceUnreachable
from tests.serving import picture


class Line(httpx.AsyncBaseTransport):
    """A line to a real server that breaks: at the number of a request before it, behind it, or within its answer."""

    def __init__(self, **faults: dict[int, str]) -> None:
        self._line = httpx.AsyncHTTPTransport()
        self._faults = faults
        self._count: dict[str, int] = {}
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        kind = next((name for name in self._faults if name in request.url.path), "")
        self._count[kind] = self._count.get(kind, 0) + 1
        fault = self._faults.get(kind, {}).get(self._count[kind])
        if fault == "before":
            raise httpx.ConnectError("refused")
        if fault == "busy":
            return httpx.Response(503, headers={"Retry-After": "0"}, json={"error": "Busy", "code": "BUSY"})
        answer = await self._line.handle_async_request(request)
        if fault == "behind":
            await answer.aread()
            raise httpx.ReadError("reset")
        if fault == "within":
            answer.stream = _Torn(answer.stream)
        return answer

    async def aclose(self) -> None:
        await self._line.aclose()


class _Torn(httpx.AsyncByteStream):
    def __init__(self, whole) -> None:
        self._whole = whole

    async def __aiter__(self):
        async for chunk in self._whole:
            yield chunk[: max(1, len(chunk) // 2)]
            break
        raise httpx.ReadError("reset")

    async def aclose(self) -> None:
        await self._whole.aclose()


def test_a_photo_is_restored_over_a_line_that_breaks_everywhere(server, tmp_path):
    line = Line(
        tools={1: "before", 2: "busy", 3: "behind"}, progress={1: "within", 2: "behind"},
        download={1: "before", 2: "within", 3: "within"},
    )  # fmt: skip
    photo = picture(300, 200)
    with Client(server.url, transport=line) as client:
        job = client.submit(photo, filename="grün.jpg", denoise_strength=30)
        states = list(client.follow(job))
        name = client.download(job, tmp_path / "out.jpg")
    assert states[-1].phase == "complete" and [state.percent for state in states] == sorted(
        state.percent for state in states
    )
    assert name == "grün_restored.jpg" and len([one for one in line.requests if "tools" in one.url.path]) == 4
    assert (tmp_path / "out.jpg").read_bytes() == server.client.get(states[-1].result["downloadUrl"]).content
    ranges = [one.headers.get("range") for one in line.requests if "download" in one.url.path]
    assert ranges[:3] == [None, None, ranges[2]] and ranges[2].startswith("bytes=") and len(ranges) == 4
    assert server.state(job)["result"]["jobId"] == job


def test_event_loops_have_a_client_of_their_own(server, tmp_path, photo):
    (tmp_path / "a.jpg").write_bytes(photo)

    async def restore():
        async with AsyncClient(server.url) as client:
            jobs = await asyncio.gather(*(client.submit(tmp_path / "a.jpg", denoise=False) for _ in range(3)))
            await asyncio.gather(*(client.wait(job) for job in jobs))
            await client.download(jobs[0], tmp_path / "b.jpg")
            await client.remove(jobs[1])
            return jobs

    jobs = asyncio.run(restore())
    assert daguerre.open(tmp_path / "b.jpg").width == 64
    assert [server.client.get(f"/api/v1/jobs/{job}").status_code for job in jobs] == [200, 404, 200]


def test_what_the_service_refuses_is_told(server, keyed, tmp_path, photo):
    with Client(server.url) as client:
        with pytest.raises(ServiceRefused, match="Invalid image") as refused:
            client.submit(b"no picture")
        assert refused.value.status == 400
        with pytest.raises(ServiceRefused, match="Job not found"):
            list(client.follow("nobody"))
        with pytest.raises(ServiceRefused) as taken:
            client.submit(photo, id=client.submit(photo))
        assert taken.value.reason == "JOB_EXISTS"
    with Client(keyed.server.url) as client, pytest.raises(ServiceRefused) as refused:
        client.submit(photo)
    assert refused.value.reason == "AUTH_REQUIRED"
    with Client(keyed.server.url, keyed.anna) as client:
        assert client.cancel(client.submit(picture(1500, 1000))) in (True, False)


def test_a_job_that_fails_has_no_photo(server, tmp_path, slow_photo):
    with Client(server.url) as client:
        job = client.submit(slow_photo)
        client.cancel(job)
        with pytest.raises(JobFailed, match="Canceled") as failed:
            client.wait(job)
        assert failed.value.reason == "CANCELED"
        with pytest.raises(JobFailed):
            client.download(job, tmp_path / "a.jpg")
    assert not (tmp_path / "a.jpg").exists()


def test_patience_ends():
    line = Line(tools=dict.fromkeys(range(1, 99), "before"))
    with Client("http://127.0.0.1:1", patience_s=1, transport=line) as client, pytest.raises(ServiceUnreachable):
        client.submit(b"x")
    assert len(line.requests) > 1


class Proxy(httpx.AsyncHTTPTransport):
    """Puts a server below /photos, and takes that off the path."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.raw_path.startswith(b"/photos/api/"), request.url
        request.url = request.url.copy_with(raw_path=request.url.raw_path.removeprefix(b"/photos"))
        return await super().handle_async_request(request)


@pytest.mark.parametrize(
    ("transport", "root_path"), [(httpx.AsyncHTTPTransport, "/photos"), (Proxy, "/photos"), (Proxy, "")]
)
def test_a_service_below_a_path_is_asked_there(start, photo, tmp_path, transport, root_path):
    """Whether the path reaches it or not, and whether it knows of it or not."""
    server = start("--workers", "1", "--root-path", root_path)
    with Client(f"{server.url}/photos/", transport=transport()) as client:
        job = client.submit(photo, filename="grün & 100%.jpg", denoise=False)
        assert client.wait(job).phase == "complete"
        assert client.download(job, tmp_path / "out.jpg") == "grün & 100%_restored.jpg"
        client.remove(job)
    assert daguerre.open(tmp_path / "out.jpg").width == 64
