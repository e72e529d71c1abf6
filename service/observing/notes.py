"""What is noted of every request once it is answered: metrics, and a trace where one is wanted."""

import time
from functools import lru_cache

from prometheus_client import Counter, Histogram
from starlette.types import Scope

from service.observing import metrics
from service.observing.timing import Clock
from service.observing.tracing import Answered, Tracer

_UNSEEN = frozenset({"/livez", "/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines; they would drown the rest."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def observe(scope: Scope, method: str, status: int, clock: Clock, tracer: Tracer | None) -> None:
    """Count a request and its parts.

    Args:
        scope: knows the route's template.
        method: as it was sent.
        status: 0 when the client left before it was answered.
        clock: the request's times.
        tracer: where traces go, if an endpoint is configured.
    """
    if scope["path"] in _UNSEEN:
        return
    route = getattr(scope.get("route"), "path_format", "(no route)")
    # Not the method itself: a caller may invent any number of them.
    known = method if method in _METHODS else "other"
    answered = Answered(known, route, status or 499, clock, time.perf_counter())
    requests, seconds = _children(known, route, answered.status)
    requests.inc()
    seconds.observe(answered.end - clock.start)
    for name, part in clock.parts.items():
        _part(name).observe(part.seconds)
    if tracer is not None:
        tracer.record(scope, answered)


@lru_cache(maxsize=4096)
def _children(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    # Looking up labels costs more than counting.
    return (
        metrics.REQUESTS.labels(method, route, status),
        metrics.REQUEST_SECONDS.labels(route),
    )


@lru_cache
def _part(name: str) -> Histogram:
    return metrics.PART_SECONDS.labels(name)
