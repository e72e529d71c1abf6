"""The one gate for tiles that are sent: what counts, and when a request is turned away.

A tile counts from when its request has been read until that is answered, so the tiles being
decoded, waiting, run and described all count, alone in a body or many in a form. Bytes count
from when a body announces them, or brings them, until then. Touched by the event loop alone,
so without a lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import BodiesFull, Draining, QueueFull
from service.observing import metrics


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

    def close(self) -> None:
        """Let nobody in any more, since the service is about to stop."""
        self._closed = True

    @contextmanager
    def enter(self) -> Iterator["Ticket"]:
        """Let a request in; what it holds is given back however it ends.

        Raises:
            Draining: the service is about to stop.
            QueueFull: there is no room for one tile. Nothing was read.
        """
        if self._closed:
            raise Draining
        ticket = Ticket(self)
        ticket.expect(1)
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
