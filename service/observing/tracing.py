"""Traces of requests, sent to the user's own collector; off, and nothing imported, by default.

OTEL_EXPORTER_OTLP_ENDPOINT (or ..._TRACES_ENDPOINT) turns them on, and the other variables of
OpenTelemetry mean what they mean everywhere. A trace has route templates and sizes, never a path.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from starlette.types import Scope

from bundle.errors import InputError
from service.observing.timing import Clock

if TYPE_CHECKING:  # an optional group, see `tracing`
    from opentelemetry import trace

_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
_PATIENCE_S = 2.0
"""A collector is waited for so long, at the end of the service too; ten seconds by default."""
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_CARRIED = {b"traceparent", b"tracestate"}


class Answered(NamedTuple):
    """What is told of an answered request.

    route: its template, never its path, which may name a patient. end: `time.perf_counter`.
    """

    method: str
    route: str
    status: int
    clock: Clock
    end: float


class Tracer:
    """Turns the times of an answered request into spans."""

    def __init__(self, tracer: "trace.Tracer") -> None:
        from opentelemetry import trace  # noqa: PLC0415, an optional group
        from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415

        self._tracer = tracer
        self._trace = trace
        self._caller = tracecontext.TraceContextTextMapPropagator()

    def record(self, scope: Scope, answered: Answered) -> None:
        """Record a request, as part of the caller's trace if it names one, and its parts below."""
        method, route, status, clock, end = answered
        shift = time.time_ns() - int(time.perf_counter() * 1e9)
        carried = {str(k, "ascii"): str(v, "latin-1") for k, v in scope["headers"] if k in _CARRIED}
        span = self._tracer.start_span(
            f"{method} {route}",
            context=self._caller.extract(carried),
            kind=self._trace.SpanKind.SERVER,
            attributes={
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "tilescreen.tiles": scope["state"].get("tiles", 0),
                "tilescreen.request_id": scope["state"]["request_id"],
            },
            start_time=int(clock.start * 1e9) + shift,
        )
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            span.set_status(self._trace.StatusCode.ERROR)
        below = self._trace.set_span_in_context(span)
        for name, part in clock.parts.items():
            began = int(part.start * 1e9) + shift
            child = self._tracer.start_span(name, context=below, start_time=began)
            child.end(began + int(part.seconds * 1e9))
        span.end(int(end * 1e9) + shift)


@contextmanager
def tracing(version: str) -> Iterator[Tracer | None]:
    """Send traces while the service runs, if an endpoint is configured; else give None.

    Raises:
        InputError: an endpoint is configured and the packages are not installed.
    """
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        yield None
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InputError(
            f"{_ENDPOINTS[0]} is set, and this Python has no {error.name}. Install the packages "
            "for traces, `pip install -r requirements/tracing.txt`, or unset the variable."
        ) from error
    name = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "tilescreen")}
    provider = TracerProvider(resource=Resource.create({**name, "service.version": version}))
    patience = None if any(os.environ.get(name) for name in _TIMEOUTS) else _PATIENCE_S
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=patience)))
    try:
        yield Tracer(provider.get_tracer("tilescreen", version))
    finally:
        provider.shutdown()
