"""How many bytes of bodies all requests together may hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from service import metrics
from service.errors import BodiesFull


class Budget:
    """Counts bytes of bodies in flight. Touched by the event loop alone, so without a lock."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        """Bytes that requests hold now."""

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """Lend a request its part; it is given back however the request ends."""
        share = Share(self)
        try:
            yield share
        finally:
            self.taken -= share.size
            metrics.BODY_BYTES.set(self.taken)


class Share:
    """What one request has of the budget; `size` in bytes."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.size = 0

    def grow(self, size: int) -> None:
        """Hold `size` bytes in all; nothing happens when it has them already.

        Raises:
            BodiesFull: the other requests hold too many. What it had, it keeps.
        """
        more = max(0, size - self.size)
        if self._budget.taken + more > self._budget.limit:
            raise BodiesFull(self._budget.taken - self.size, size, self._budget.limit)
        self._budget.taken += more
        metrics.BODY_BYTES.set(self._budget.taken)
        self.size += more
