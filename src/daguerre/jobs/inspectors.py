"""Processes that look at uploads, so that a hostile file takes down none but its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from dataclasses import asdict

import psutil
import structlog

from daguerre.jobs.errors import Overloaded
from daguerre.jobs.inspection import Answer, Request

_UNREADABLE = Answer(image_error="The file could not be read within the limits of time and memory.")

_POLL_S = 0.5

_log = structlog.get_logger()


class InspectionTimeout(Exception):
    """The inspection was not done in time."""


class Inspectors:
    """Up to ``count`` inspections at a time; each process is used again until it fails.

    An inspection has ``timeout_s`` of the processor, or ``longest_s`` where it gets less of it: that a machine is busy
    does not speak against a file.
    """

    def __init__(self, count: int = 2, *, timeout_s: float = 15.0, longest_s: float = 240.0) -> None:
        self._count = count
        self._timeout_s = timeout_s
        self._longest_s = longest_s
        self._idle: asyncio.LifoQueue[Process | None] = asyncio.LifoQueue()

    async def start(self) -> None:
        """Start the processes, so that the first upload need not wait for one."""
        for _ in range(self._count):
            with contextlib.suppress(Overloaded):
                self._idle.put_nowait(await _spawn())
                continue
            self._idle.put_nowait(None)

    async def inspect(self, request: Request) -> Answer:
        """The answer; a process that dies over a file speaks against the file.

        Raises InspectionTimeout, and Overloaded where the system has no process for it.
        """
        process = await self._idle.get()
        try:
            if process is None or process.returncode is not None:
                process = None
                process = await _spawn()
            return await self._in_time(process, asyncio.ensure_future(_ask(process, request)))
        except TimeoutError:
            _log.warning("inspection takes too long")
            await _end(process)
            process = None
            raise InspectionTimeout from None
        except (OSError, ValueError):
            _log.warning("inspection failed", returncode=process.returncode if process else None)
            await _end(process)
            process = None
            return _UNREADABLE
        except BaseException:
            # The client has gone; the answer to its question must not be taken for another's.
            await _end(process)
            process = None
            raise
        finally:
            self._idle.put_nowait(process)

    async def _in_time(self, process: Process, asking: asyncio.Future[Answer]) -> Answer:
        """What is asked of ``process``; raises TimeoutError."""
        began, before_s = time.monotonic(), _processor_s(process)
        wait_s = self._timeout_s
        try:
            while not (await asyncio.wait({asking}, timeout=wait_s))[0]:
                spent_s, passed_s = _processor_s(process) - before_s, time.monotonic() - began
                if spent_s >= self._timeout_s or passed_s >= self._longest_s:
                    raise TimeoutError
                wait_s = min(_POLL_S, self._timeout_s)
            return asking.result()
        finally:
            asking.cancel()

    async def stop(self) -> None:
        """End the processes that are idle."""
        while not self._idle.empty():
            await _end(self._idle.get_nowait())


async def _spawn() -> Process:
    command = (sys.executable, "-m", "daguerre.jobs.inspection")
    try:
        return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    except OSError as error:
        _log.error("an inspection cannot be started", reason=str(error))
        raise Overloaded(f"A process cannot be started: {error.strerror or error}.") from error


async def _ask(process: Process, request: Request) -> Answer:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(asdict(request)).encode() + b"\n")
    await process.stdin.drain()
    return Answer(**json.loads(await process.stdout.readline()))


def _processor_s(process: Process) -> float:
    """What it has had of the processor; 0 once it is gone, which its pipe tells better."""
    try:
        times = psutil.Process(process.pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


async def _end(process: Process | None) -> None:
    if process is not None and process.returncode is None:
        process.kill()
        await process.wait()
