"""The one gate for tiles that are sent: what counts, and when a request is turned away.

A tile counts from when its request has been read until that is answered, so the tiles being
decoded, waiting, run and described all count, alone in a body or many in a form. Bytes count
from when a body announces them, or brings them, until then. Touched by the event loop alone,
so without a lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import BodiesFull, Draining, QueueFull, ServiceError, problem_of
from service.observing import metrics

TAKING = {"/encode", "/neighbors", "/cluster", "/screen"}
"""Routes that take tiles; each has one below it that knows stored ones."""


class Gate:
    """Counts the tiles and bytes of all requests under way."""

    def __init__(self, *, most_tiles: int, most_bytes: int) -> None:
        self.most_tiles = most_tiles
        self.most_bytes = most_bytes
        self._closed = False
        self.tiles = 0
        """Tiles that requests hold now."""
        self.bytes = 0
        """Bytes that requests hold now."""

    @property
    def closed(self) -> bool:
        """Whether nobody is let in any more."""
        return self._closed

    @property
    def busy(self) -> bool:
        """Whether a request holds anything."""
        return bool(self.tiles or self.bytes)

    def close(self) -> None:
        """Let nobody in any more, since the service is about to stop."""
        self._closed = True

    def refusal(self) -> ServiceError | None:
        """Return why no request would be let in now, if none would."""
        if self._closed:
            return Draining()
        return QueueFull(self.tiles, 1, self.most_tiles) if self.tiles >= self.most_tiles else None

    @contextmanager
    def enter(self) -> Iterator["Ticket"]:
        """Let a request in; what it holds is given back however it ends.

        Raises:
            Draining: the service is about to stop.
            QueueFull: there is no room for one tile. Nothing was read.
        """
        if refusal := self.refusal():
            raise refusal
        ticket = Ticket(self)
        try:
            yield ticket
        finally:
            self.tiles -= ticket.tiles
            self.bytes -= ticket.bytes
            metrics.BODY_BYTES.set(self.bytes)


class Ticket:
    """What one request holds: `tiles` and `bytes`."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.tiles = 0
        self.bytes = 0

    def hold(self, size: int) -> None:
        """Hold `size` bytes in all; nothing happens when it has them already.

        Raises:
            BodiesFull: the other requests hold too many. What it had, it keeps.
        """
        gate, more = self._gate, max(0, size - self.bytes)
        if gate.bytes + more > gate.most_bytes:
            raise BodiesFull(gate.bytes - self.bytes, size, gate.most_bytes)
        gate.bytes += more
        self.bytes += more
        metrics.BODY_BYTES.set(gate.bytes)

    def expect(self, tiles: int) -> None:
        """Turn a request away as soon as it is known to have more tiles than there is room for.

        Takes no room: who sends slowly must not keep others out.

        Raises:
            QueueFull: the other requests hold too many.
        """
        gate = self._gate
        if gate.tiles + tiles > gate.most_tiles:
            raise QueueFull(gate.tiles, tiles, gate.most_tiles)

    def take(self, tiles: int) -> None:
        """Hold all tiles of the request, which has been read, or none.

        Raises:
            QueueFull: the other requests hold too many.
        """
        self.expect(tiles)
        self._gate.tiles += tiles
        self.tiles += tiles


class Turnstile:
    """ASGI middleware: while nobody is let in, tiles are turned away before a route is sought.

    Under overload most requests end here, so it must cost little: the routes themselves, which
    ask the gate again, take three times as long to say the same.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or turn it away."""
        app = self._app
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in TAKING:
            state = scope["state"]
            if refusal := state["serving"].gate.refusal():
                scope["route"] = _Known(scope["path"])
                app = problem_of(refusal).response(state["request_id"])
        await app(scope, receive, send)


class _Known(NamedTuple):
    """Stands for a route in log and metrics."""

    path_format: str
