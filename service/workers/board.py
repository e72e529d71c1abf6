"""What worker processes tell one another in shared memory: that they turn, that they answer."""

import mmap
import time

STALE_S = 2.0


class Board:
    """Two numbers for each worker: when its event loop last turned, and whether it answers.

    Made before the workers are forked, so that all have the same memory. `time.monotonic()` is
    the same clock in all of them.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # Held by the view, too; an anonymous map is shared with what is forked later.
        self._cells = memoryview(mmap.mmap(-1, 16 * workers)).cast("d")

    def reset(self, slot: int) -> None:
        """Begin to watch a worker that is about to be started."""
        self._cells[2 * slot] = time.monotonic()
        self._cells[2 * slot + 1] = 0.0

    def beat(self, slot: int) -> None:
        """Say that the event loop of a worker turns."""
        self._cells[2 * slot] = time.monotonic()

    def answers(self, slot: int) -> None:
        """Say that a worker is ready."""
        self._cells[2 * slot + 1] = 1.0

    def silence_s(self, slot: int) -> float:
        """Return for how long the event loop of a worker has not turned."""
        return time.monotonic() - self._cells[2 * slot]

    @property
    def ready(self) -> int:
        """How many workers answer, not counting those that stand still."""
        return sum(
            self._cells[2 * slot + 1] > 0 and self.silence_s(slot) < STALE_S
            for slot in range(self.workers)
        )
