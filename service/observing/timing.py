"""How long each part of a request took: for Server-Timing, the metrics and the traces."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Part(NamedTuple):
    """One part: when it began (`time.perf_counter`) and how long it took, in seconds."""

    start: float
    seconds: float


class Clock:
    """One request's times.

    parts, each as far as the request has it: `read` the body, `decode` the tiles, `queue` until
    they were encoded but for the encoder's own runs, `inference` those runs, `search` whatever is
    said from the latents (neighbours, clusters, verdicts).
    """

    __slots__ = ("_queued", "_run", "parts", "start")

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.parts: dict[str, Part] = {}
        self._queued = 0.0
        self._run = 0.0

    def queued(self) -> None:
        """Note that the tiles wait for the encoder from now on."""
        self._queued, self._run = time.perf_counter(), 0.0

    def ran(self, start: float, end: float) -> None:
        """Note a run of the encoder with tiles of this request."""
        self._run += end - start
        first = self.parts["inference"].start if "inference" in self.parts else start
        self.parts["queue"] = Part(self._queued, end - self._queued - self._run)
        self.parts["inference"] = Part(first, self._run)

    def header(self) -> bytes:
        """Return the value of Server-Timing: milliseconds of each part, and of all until now."""
        total = (time.perf_counter() - self.start) * 1e3
        if not self.parts:
            return b"total;dur=%.2f" % total
        told = [f"{name};dur={part.seconds * 1e3:.2f}" for name, part in self.parts.items()]
        return ", ".join([*told, f"total;dur={total:.2f}"]).encode()


_current: ContextVar[Clock | None] = ContextVar("clock", default=None)


def start() -> Clock:
    """Begin the times of a request; what runs for it finds them by `current`."""
    clock = Clock()
    _current.set(clock)
    return clock


def current() -> Clock | None:
    """Return the times of the request that is being answered, if one is."""
    return _current.get()


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Measure one part of the request that is being answered."""
    clock, began = _current.get(), time.perf_counter()
    try:
        yield
    finally:
        if clock is not None:
            clock.parts[name] = Part(began, time.perf_counter() - began)


def ran(clocks: Iterable[Clock | None], began: float) -> None:
    """Note in each request that a run of the encoder, begun at `began`, has ended."""
    now = time.perf_counter()
    for clock in set(clocks):
        if clock is not None:
            clock.ran(began, now)
