"""Traces: off by default, sent to the user's own collector where one is named."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bundle.errors import InputError
from service.observing.tracing import tracing
from tests.api import running
from tests.pictures import png
from tests.tiny import tiny_tiles

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(HTTPServer):
    """Keeps the spans that are sent to it."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as collector:
        thread = Thread(target=collector.serve_forever)
        thread.start()
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{collector.server_port}")
        yield collector
        collector.shutdown()
        thread.join()


def test_a_request_is_a_span_with_its_parts_below(tiny_path: Path, collector: Collector) -> None:
    """It belongs to the caller's trace, and names the route, never the tile."""
    with running(tiny_path) as api:
        called = f"00-{TRACE}-{PARENT}-01"
        api.get("/tiles/c300", headers={"traceparent": called}).raise_for_status()
        api.post("/screen", png(tiny_tiles()[0])).raise_for_status()
        api.get("/livez")
    spans = {span.name: span for span in collector.spans}
    assert set(spans) == {
        *("GET /tiles/{tile_id}", "POST /screen"),
        *("read", "decode", "queue", "inference", "search"),
    }
    assert spans["GET /tiles/{tile_id}"].trace_id.hex() == TRACE
    assert spans["GET /tiles/{tile_id}"].parent_span_id.hex() == PARENT
    asked = spans["POST /screen"]
    for name in ("read", "decode", "queue", "inference", "search"):
        assert spans[name].parent_span_id == asked.span_id
        assert asked.start_time_unix_nano <= spans[name].start_time_unix_nano
        assert spans[name].end_time_unix_nano <= asked.end_time_unix_nano
    assert "c300" not in str(collector.spans)


def test_nothing_is_imported_without_an_endpoint(tiny_path: Path) -> None:
    """What could send traces is not even loaded; FastAPI itself loads the bare API."""
    code = (
        "import asyncio, sys\n"
        "from service.app import create_app\n"
        "from service.settings import Settings\n"
        "async def live(app):\n"
        "    async with app.router.lifespan_context(app):\n"
        "        print(*sys.modules)\n"
        f"asyncio.run(live(create_app(Settings(bundle={str(tiny_path)!r}))))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env={}, capture_output=True, text=True, check=True
    )
    assert "service.observing.tracing" in done.stdout
    assert "opentelemetry.sdk" not in done.stdout
    assert "opentelemetry.exporter" not in done.stdout


def test_fastapi_sends_nothing_of_its_own(
    tiny_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own traces would hold the path, and so a tile's name; they stay off."""
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    with running(tiny_path) as api:
        assert not api.app._native_telemetry.enabled()
        assert not api.app._telemetry["auto_configure"]
        api.get("/tiles/c300")
    assert [span.name for span in collector.spans] == ["GET /tiles/{tile_id}"]


def test_an_endpoint_without_the_packages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service says what to install, and does not start as if it traced."""
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(InputError, match=r"requirements/tracing\.txt"), tracing("0"):
        pass
