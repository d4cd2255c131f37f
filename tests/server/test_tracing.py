"""Traces reach a collector, whole: the request, the time in the queue, and the steps."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.serving import TOOL, until

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector(monkeypatch):
    """An OTLP collector, and the spans that it got: their names, and the trace and span that they belong to."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    got = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        got[span.span_id.hex()] = (span.name, span.trace_id.hex(), span.parent_span_id.hex())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{listening.server_address[1]}")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield got
        listening.shutdown()


def test_a_photo_is_traced_from_the_request_into_its_steps(collector, start, photo):
    server = start("--workers", "1")
    answer = server.client.post(
        TOOL, files={"file": ("a.jpg", photo)}, data={"settings": json.dumps({"scratchRemoval": False})},
        headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
    )  # fmt: skip
    server.wait(answer.json()["jobId"])
    spans = until(lambda: "restore" in {name for name, _, _ in collector.values()} and dict(collector))
    mine = {name: (id, parent) for id, (name, trace, parent) in spans.items() if trace == TRACE}
    request, parent = mine[f"POST {TOOL}"]
    assert parent == "b7ad6b7169203331"
    assert mine["queue"][1] == mine["restore"][1] == request
    assert mine["denoise"][1] == mine["restore"][0]
