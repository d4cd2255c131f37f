"""The real ``daguerre mcp``, asked by the SDK's own client over standard input and output and over HTTP."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, ImageContent, TextContent
from PIL import Image

from daguerre.settings import Settings
from tests.serving import picture, until

ENVIRONMENT = {**os.environ, "DAGUERRE_THREADS": "1", "DAGUERRE_DEVICE": "cpu"}
COMMAND = [sys.executable, "-m", "daguerre.cli", "mcp"]
QUICK = {"faceEnhancement": False, "scratchRemoval": False}

Use = Callable[[Client], Awaitable[Any]]
Ask = Callable[..., Any]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder with a noisy photo, a secret beside it, and links to the secret in it."""
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(96, 64, kind="PNG", sigma=20))
    (tmp_path / "secret.png").write_bytes(picture(kind="PNG"))
    (folder / "file link.png").symlink_to(tmp_path / "secret.png")
    (folder / "folder link").symlink_to(tmp_path)
    return folder


class Http:
    """``daguerre mcp --http`` on a free port."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--http", "127.0.0.1:0", *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
        )
        greeting = self.process.stdout.readline()
        assert "Daguerre listens on http://127.0.0.1:" in greeting
        self.url = greeting.split()[3]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(params=["stdio", "http"])
def ask(request: pytest.FixtureRequest, album: Path) -> Iterator[Ask]:
    """Give a client of the server for the album to a function, and give what it gives."""
    servers: list[Http] = []

    def asked(use: Use, *options: str) -> Any:
        arguments = ["--folder", str(album), *options]

        async def run() -> Any:
            if request.param == "stdio":
                server: Any = StdioServerParameters(
                    command=COMMAND[0], args=[*COMMAND[1:], *arguments], env=ENVIRONMENT
                )
            else:
                servers.append(Http(*arguments))
                server = servers[-1].url
            async with Client(server, read_timeout_seconds=240) as client:
                return await use(client)

        return anyio.run(run)

    yield asked
    for server in servers:
        server.end()


def call(name: str, **arguments: Any) -> Use:
    async def use(client: Client) -> CallToolResult:
        return await client.call_tool(name, arguments)

    return use


def sentence(result: CallToolResult) -> str:
    """The error's, which is nothing but a sentence."""
    assert result.is_error
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert "Traceback" not in content.text and "\n" not in content.text
    return content.text


def facts(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    assert isinstance(result.content[-1], TextContent)
    assert json.loads(result.content[-1].text) == result.structured_content
    return result.structured_content


def shown(result: CallToolResult) -> Image.Image:
    content = result.content[0]
    assert isinstance(content, ImageContent) and content.mime_type == "image/jpeg"
    return Image.open(io.BytesIO(base64.b64decode(content.data)))


def test_tools_say_what_they_take_and_do(ask: Ask) -> None:
    listed = ask(lambda client: client.list_tools())
    tools = {tool.name: tool for tool in listed.tools}
    assert set(tools) == {"inspect", "look", "compare", "models", "restore"}
    schema = tools["restore"].input_schema
    settings = schema["$defs"]["Settings"]["properties"]
    assert settings == Settings.model_json_schema()["properties"]
    assert (settings["fidelity"]["maximum"], settings["fidelity"]["default"]) == (1, 0.7)
    assert schema["required"] == ["path"]
    assert [name for name, tool in tools.items() if tool.annotations.read_only_hint] == ["inspect", "look", "models"]


def test_a_file_is_described_as_on_the_command_line(ask: Ask, album: Path) -> None:
    told = facts(ask(call("inspect", path=str(album / "a.png"))))
    printed = subprocess.run(
        [*COMMAND[:-1], "inspect", "--json", str(album / "a.png")], capture_output=True, text=True, check=True
    )
    assert told == json.loads(printed.stdout)


def test_a_photo_is_restored_and_the_progress_told(ask: Ask, album: Path) -> None:
    before = (album / "a.png").read_bytes()
    heard: list[tuple[float, float | None]] = []

    async def use(client: Client) -> CallToolResult:
        async def progress(done: float, total: float | None, message: str | None) -> None:
            assert message
            heard.append((done, total))

        arguments = {"path": "a.png", "settings": QUICK, "output": "new/"}
        return await client.call_tool("restore", arguments, progress_callback=progress)

    result = facts(ask(use))
    assert result["output"] == str(album / "new" / "a_restored.png")
    assert result["steps"] == ["denoise"]
    assert Image.open(result["output"]).size == (96, 64)
    assert (album / "a.png").read_bytes() == before
    assert len(heard) > 1 and heard[-1] == (100, 100)
    assert [done for done, _ in heard] == sorted({done for done, _ in heard})


def test_a_result_is_replaced_only_where_asked(ask: Ask, album: Path) -> None:
    (album / "a_restored.png").write_bytes(b"mine")

    async def use(client: Client) -> list[CallToolResult]:
        plain = {"path": "a.png", "settings": QUICK}
        named = {**plain, "output": "a_restored.png"}
        itself = {**plain, "output": "a.png", "overwrite": True}
        return [await client.call_tool("restore", each) for each in (plain, named, itself)]

    beside, named, itself = ask(use)
    assert sentence(beside) == sentence(named)
    assert "already exists" in sentence(named)
    assert "never replaced" in sentence(itself)
    assert (album / "a_restored.png").read_bytes() == b"mine"
    facts(ask(call("restore", path="a.png", settings=QUICK, overwrite=True)))
    assert Image.open(album / "a_restored.png").size == (96, 64)


def test_a_photo_is_shown_at_the_size_that_was_asked_for(ask: Ask, album: Path) -> None:
    (album / "large.jpg").write_bytes(picture(1500, 300))

    async def use(client: Client) -> list[CallToolResult]:
        return [
            await client.call_tool("look", {"path": "large.jpg", **more})
            for more in ({}, {"maxSide": 100}, {"maxSide": 2000})
        ]

    whole, small, large = ask(use)
    assert shown(whole).size[0] == 1024
    assert shown(small).size[0] == 100
    assert facts(whole)["width"] == 1500
    assert sentence(large) == "maxSide: must be at most 1024."


def test_before_and_after_are_shown_and_saved(ask: Ask, album: Path) -> None:
    (album / "a_restored.png").write_bytes(picture(96, 64, kind="PNG", sigma=1))
    pair = {"before": "a.png", "after": "a_restored.png"}

    async def use(client: Client) -> list[CallToolResult]:
        return [await client.call_tool("compare", pair) for _ in range(2)]

    first, again = ask(use)
    saved = Image.open(album / "a_before_after.jpg")
    assert facts(first)["output"] == str(album / "a_before_after.jpg")
    assert saved.size == shown(first).size
    assert saved.width > 2 * 96
    assert "already exists" in sentence(again)


def test_models_are_listed_without_their_places(ask: Ask) -> None:
    told = facts(ask(call("models")))
    assert {row["state"] for row in told["models"] if row["tier"] == "embedded"} == {"verified"}
    assert any(row["role"] == "inpaint" and row["id"] for row in told["roles"])
    assert not any("path" in row for row in told["models"])


OUTSIDE = ["../secret.png", "{parent}/secret.png", "/etc/passwd", "folder link/secret.png", "file link.png"]


def test_nothing_outside_of_the_folders_is_read_or_written(ask: Ask, album: Path) -> None:
    paths = [path.format(parent=album.parent) for path in OUTSIDE]
    before = sorted(album.parent.rglob("*"))

    async def use(client: Client) -> list[CallToolResult]:
        results = []
        for path in paths:
            results += [await client.call_tool(tool, {"path": path}) for tool in ("inspect", "look", "restore")]
            pairs = [{"before": path, "after": "a.png"}, {"before": "a.png", "after": path}]
            results += [await client.call_tool("compare", pair) for pair in pairs]
            output = {"output": path, "overwrite": True}
            results.append(await client.call_tool("restore", {"path": "a.png", "settings": QUICK, **output}))
            results.append(await client.call_tool("compare", {"before": "a.png", "after": "a.png", **output}))
        return results

    for result in ask(use):
        assert re.search("(is outside|leads out of) the folders that agents may use", sentence(result))
    assert sorted(album.parent.rglob("*")) == before


def test_an_infrared_channel_that_lies_outside_is_not_read(ask: Ask, album: Path) -> None:
    (album / "a_IR.png").symlink_to(album.parent / "secret.png")
    result = ask(call("restore", path="a.png", settings={**QUICK, "infrared": True}))
    assert "leads out of the folders" in sentence(result)


def test_a_reader_writes_nothing(ask: Ask, album: Path) -> None:
    before = sorted(album.rglob("*"))

    async def use(client: Client) -> tuple[Any, ...]:
        pair = {"before": "a.png", "after": "a.png"}
        return (
            await client.list_tools(),
            await client.call_tool("restore", {"path": "a.png"}),
            await client.call_tool("compare", pair),
            await client.call_tool("compare", {**pair, "output": "b.jpg"}),
        )

    listed, restored, compared, saved = ask(use, "--read-only")
    assert {tool.name for tool in listed.tools} == {"inspect", "look", "compare", "models"}
    assert all(tool.annotations.read_only_hint for tool in listed.tools)
    assert "--read-only" in sentence(restored)
    assert shown(compared).width > 2 * 96
    assert sentence(saved) == "output: is not an argument of this tool."
    assert sorted(album.rglob("*")) == before


def test_what_is_wrong_is_told_in_a_sentence(ask: Ask, album: Path) -> None:
    (album / "text.jpg").write_text("no photo")

    async def use(client: Client) -> list[str]:
        wrong = [
            ("restore", {"path": "a.png", "settings": {"fidelity": 2, "denoiseStrength": "much"}}),
            ("restore", {"path": "a.png", "settings": {"colour": True}}),
            ("restore", {"path": "a.png", "output": "a.txt"}),
            ("restore", {"path": "missing.png"}),
            ("inspect", {"path": "text.jpg"}),
            ("inspect", {}),
            ("enlarge", {"path": "a.png"}),
        ]
        return [sentence(await client.call_tool(name, arguments)) for name, arguments in wrong]

    values, unknown, suffix, missing, text, nothing, tool = ask(use)
    assert values == "settings.fidelity: must be at most 1; settings.denoiseStrength: must be a number."
    assert "settings.colour: is not a setting" in unknown
    assert "a.txt: its suffix names no format" in suffix
    assert missing == "missing.png: no such file."
    assert text == "The file is not a picture in any format that is known here."
    assert nothing == "path: is missing."
    assert tool == "There is no tool enlarge. Tools are inspect, look, compare, models, restore."


def test_a_canceled_restoration_stops_and_makes_room(ask: Ask, album: Path) -> None:
    (album / "slow.jpg").write_bytes(picture(2000, 1500, sigma=20))

    async def use(client: Client) -> CallToolResult:
        begun = anyio.Event()

        async def progress(done: float, total: float | None, message: str | None) -> None:
            begun.set()

        async with anyio.create_task_group() as group:

            async def restore() -> None:
                await client.call_tool("restore", {"path": "slow.jpg"}, progress_callback=progress)

            group.start_soon(restore)
            await begun.wait()
            # The event loop is free meanwhile.
            facts(await client.call_tool("inspect", {"path": "a.png"}))
            group.cancel_scope.cancel()
        return await client.call_tool("restore", {"path": "a.png", "settings": QUICK})

    assert facts(ask(use))["status"] == "restored"
    assert not (album / "slow_restored.jpg").exists()


@pytest.mark.parametrize("transport", [[], ["--http", "127.0.0.1:0"]])
def test_without_a_folder_it_does_not_start(transport: list[str], tmp_path: Path) -> None:
    for options, said in (([], "Name the folders that agents may use"), (["--folder", "none"], "no such folder")):
        done = subprocess.run(
            [*COMMAND, *transport, *options], capture_output=True, text=True, cwd=tmp_path, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 2
        assert said in done.stderr and "Traceback" not in done.stderr


def test_it_listens_beyond_this_machine_only_where_asked(album: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--folder", str(album), "--http", "0.0.0.0:0"], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 1
    assert "--no-auth" in done.stderr


def test_a_foreign_page_is_not_answered(album: Path) -> None:
    import httpx

    server = Http("--folder", str(album))
    try:
        message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        headers = {"Accept": "application/json, text/event-stream"}
        foreign = [{"Host": "evil.example"}, {"Origin": "http://evil.example"}]
        answers = [httpx.post(server.url, json=message, headers={**headers, **each}) for each in foreign]
        assert [answer.status_code for answer in answers] == [421, 403]
    finally:
        server.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_a_signal_ends_it(transport: str, number: signal.Signals, album: Path) -> None:
    options = [] if transport == "stdio" else ["--http", "127.0.0.1:0"]
    process = subprocess.Popen(
        [*COMMAND, "--folder", str(album), *options],
        env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        if transport == "stdio":
            hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(number)
        until(lambda: process.poll() is not None)
        assert process.returncode == 128 + number
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.communicate()
