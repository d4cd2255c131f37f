"""What is tried again, and for how long: a service that restarts, is overloaded or behind a poor line."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import httpx

from daguerre.errors import ServiceRefused, ServiceUnreachable

T = TypeVar("T")

_PASSING = frozenset({408, 429, 502, 503, 504})
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0


class Passing(Exception):
    """A refusal that may be gone soon; ``pause_s`` is what the service asks for."""

    def __init__(self, refusal: ServiceRefused, pause_s: float | None) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.pause_s = pause_s


class Retrying:
    """Pauses between tries, from half a second up, until nothing has gone well for ``patience_s``."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.begin()

    def begin(self) -> None:
        """Something has gone well: begin to count anew."""
        self._until = time.monotonic() + self._patience_s
        self._pause_s = _FIRST_PAUSE_S

    async def pause(self, error: httpx.TransportError | Passing | None) -> None:
        """Wait before the next try. Raises ServiceUnreachable or ServiceRefused when patience is at its end."""
        await anyio.sleep(self.next_pause_s(error))

    def next_pause_s(self, error: httpx.TransportError | Passing | None) -> float:
        """How long to wait before the next try. Raises what :meth:`pause` does."""
        asked = error.pause_s if isinstance(error, Passing) else None
        wait = self._pause_s if asked is None else asked
        if time.monotonic() + wait > self._until:
            if isinstance(error, Passing):
                raise error.refusal
            raise ServiceUnreachable(f"The service does not answer: {error or 'it hangs up'}.") from error
        self._pause_s = min(_LONGEST_PAUSE_S, 2 * self._pause_s)
        return wait

    async def insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What ``ask`` gives, as soon as it goes well."""
        while True:
            try:
                return await ask()
            except (httpx.TransportError, Passing) as error:
                await self.pause(error)


def accepted(answer: httpx.Response) -> httpx.Response:
    """The answer, which was read. Raises ServiceRefused, and Passing for what may be tried again."""
    if answer.status_code < 400:
        return answer
    try:
        body = answer.json()
        sentence, code, details = str(body["error"]), body.get("code"), body.get("details")
    except (ValueError, KeyError, TypeError):
        sentence, code, details = f"The service answers {answer.status_code}", None, None
    refusal = ServiceRefused(f"{sentence}: {details}" if details else sentence, answer.status_code, code)
    if answer.status_code in _PASSING:
        raise Passing(refusal, asked_pause_s(answer))
    raise refusal


def asked_pause_s(answer: httpx.Response) -> float | None:
    """The seconds in the answer's ``Retry-After``; None where it has none."""
    after = answer.headers.get("retry-after", "")
    return float(after) if after.isdecimal() else None
