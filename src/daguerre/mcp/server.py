"""The tools as the Model Context Protocol has them. Work runs in threads, one restoration at a time."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
from anyio.abc import ObjectReceiveStream
from mcp import types
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from daguerre.errors import InvalidSettings
from daguerre.mcp.tools import Answer, Call, Tool, Tools
from daguerre.progress import CancelToken, ProgressEvent
from daguerre.sentences import told
from daguerre.settings import problem_of

Context = ServerRequestContext[Any, Any]

_INSTRUCTIONS = """Daguerre restores old photographs on this computer: scratches, tears, dust, noise, soft faces, \
faded colors, missing color, small scans, film negatives. It works on files in these folders: {folders}. Photos are \
never changed; results are new files. Look at a photo before you choose settings, start with the defaults, and look at \
the result, or compare it with the photo, before you change them."""


class AgentServer:
    """A server of ``tools``. ``protocol`` is what a transport runs; all its connections share this object."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stopped = CancelToken()
        self._restoring = anyio.Lock()
        self._looking = anyio.Lock()
        self.protocol: Server[Any] = Server(
            "daguerre",
            title="Daguerre",
            version=version("daguerre"),
            instructions=_INSTRUCTIONS.format(folders=tools.folders),
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    async def stop(self) -> None:
        """Stop what is at work, and wait until it has stopped."""
        self._stopped.cancel()
        async with self._restoring, self._looking:
            pass

    async def _list(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in self._tools])

    async def _call(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            tool = self._tools.named(params.name)
            arguments = tool.arguments.model_validate(params.arguments or {})
            return _result(await self._run(context, tool, arguments))
        except ValidationError as error:
            problems = {".".join(map(str, detail["loc"])): _problem(detail) for detail in error.errors()}
            return _failure("; ".join(f"{field}: {problem}" for field, problem in problems.items()) + ".")
        except InvalidSettings as error:
            problems_told = error.told(lambda field: f"settings.{to_camel(field)}")
            return _failure(problems_told if problems_told.endswith("?") else f"{problems_told}.")
        except Exception as error:
            return _failure(told(error))

    async def _run(self, context: Context, tool: Tool, arguments: Any) -> Answer:
        """What ``tool`` answers. When the request is canceled, the work stops at its next tile, and its turn ends then.

        Raises what the tool does.
        """
        cancel = CancelToken(self._stopped)
        done = anyio.Event()
        send, receive = anyio.create_memory_object_stream[ProgressEvent](101)
        call = Call(_rising(lambda event: anyio.from_thread.run_sync(send.send_nowait, event)), cancel)

        def attempt() -> Answer | Exception:
            try:
                return tool.run(arguments, call)
            except Exception as error:
                return error

        async with self._restoring if tool.long else self._looking:
            cancel.check()
            async with anyio.create_task_group() as group:
                group.start_soon(_tell, context, receive)
                group.start_soon(_cancel_with, cancel, done)
                with anyio.CancelScope(shield=True):
                    outcome = await anyio.to_thread.run_sync(attempt)
                send.close()
                done.set()
        await anyio.lowlevel.checkpoint()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def _problem(detail: ErrorDetails) -> str:
    return "is not an argument of this tool" if detail["type"] == "extra_forbidden" else problem_of(detail)


def _rising(tell: Callable[[ProgressEvent], object]) -> Callable[[ProgressEvent], None]:
    """``tell`` of the events whose percentage is higher than the last one's, as the protocol asks."""
    last = -1

    def progress(event: ProgressEvent) -> None:
        nonlocal last
        if event.percent > last:
            last = event.percent
            tell(event)

    return progress


async def _tell(context: Context, events: ObjectReceiveStream[ProgressEvent]) -> None:
    async for event in events:
        await context.session.report_progress(event.percent, 100, event.stage)


async def _cancel_with(cancel: CancelToken, done: anyio.Event) -> None:
    """Cancel the token when this task is canceled before the work is done."""
    try:
        await done.wait()
    finally:
        cancel.cancel()


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        annotations=types.ToolAnnotations(
            read_only_hint=not tool.writes,
            destructive_hint=tool.writes,
            idempotent_hint=not tool.writes,
            open_world_hint=False,
        ),
    )


def _result(answer: Answer) -> types.CallToolResult:
    content: list[types.ContentBlock] = []
    if answer.jpeg is not None:
        data = base64.b64encode(answer.jpeg).decode()
        content.append(types.ImageContent(type="image", data=data, mime_type="image/jpeg"))
    content.append(types.TextContent(type="text", text=json.dumps(answer.facts, ensure_ascii=False)))
    return types.CallToolResult(content=content, structured_content=answer.facts)


def _failure(sentence: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=sentence)], is_error=True)
