"""Traces by OpenTelemetry, from a request through the queue into the steps of a restoration.

They go where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says (https://opentelemetry.io/docs/specs/otel/protocol/exporter/);
without it nothing is imported and nothing is done.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

Value = str | int | float | bool

_log = structlog.get_logger()
_tracer: Tracer | None = None


class Described:
    """A span that is going on, or nothing where nobody traces."""

    def __init__(self, span: Span | None = None) -> None:
        self._span = span

    def name(self, name: str, **attributes: Value) -> None:
        """Say what it turned out to be."""
        if self._span is not None:
            self._span.update_name(name)
            self._span.set_attributes(attributes)


def configure(part: str) -> None:
    """Trace from now on, if the environment says where to; ``part`` is what this process does."""
    global _tracer
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        _log.warning("nothing is traced: the optional extra [cluster] is not installed", missing=error.name)
        return
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": f"daguerre-{part}"}
    provider = TracerProvider(resource=Resource.create({**named, "service.version": version("daguerre")}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer("daguerre")


@contextmanager
def span(name: str, *, parent: str | None = None, **attributes: Value) -> Iterator[Described]:
    """What the block does, as a part of what is going on, or of ``parent``, a ``traceparent``."""
    if _tracer is None:
        yield Described()
        return
    with _tracer.start_as_current_span(name, context=_context(parent), attributes=attributes) as started:
        yield Described(started)


def past(name: str, began: float, ended: float, *, parent: str | None) -> None:
    """What has happened already; times are seconds since 1970."""
    if _tracer is not None:
        nanoseconds = [int(at * 1e9) for at in (began, max(began, ended))]
        _tracer.start_span(name, context=_context(parent), start_time=nanoseconds[0]).end(nanoseconds[1])


@contextmanager
def sequence() -> Iterator[Callable[[str], None]]:
    """What the block does in steps: each ends when the next begins. To be told from any thread."""
    if _tracer is None:
        yield lambda name: None
        return
    from opentelemetry.context import get_current

    tracer, around, lock = _tracer, get_current(), threading.Lock()
    current: tuple[str, Span] | None = None

    def begin(name: str) -> None:
        nonlocal current
        with lock:
            if current is not None and current[0] == name:
                return
            if current is not None:
                current[1].end()
            current = (name, tracer.start_span(name, context=around)) if name else None

    try:
        yield begin
    finally:
        begin("")


def traceparent() -> str | None:
    """What is going on, for another process (https://www.w3.org/TR/trace-context/)."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def _context(parent: str | None) -> Context | None:
    if parent is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": parent})
