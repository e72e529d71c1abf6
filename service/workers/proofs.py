"""What one process has proved of a bundle, the others need not prove again.

Hashing and checking 1.5 GB takes a worker two seconds; four of them on two cores take eight.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from tempfile import TemporaryFile
from threading import Lock

from bundle.reader import Prove

_COUNT, _SIZE = 8, 32
"""Bytes of how many were proved so far, and of a digest."""
_MOST = 64
"""Proofs that are remembered; the oldest are forgotten."""


class Proofs:
    """Digests of states that were proved, shared with the processes forked after it is made.

    One process proves at a time; who waits for it finds what it proved. The lock is the
    system's, which takes it from a process that dies.
    """

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115  held as long as this
        self._memory = self._file.fileno()
        os.ftruncate(self._memory, _COUNT + _MOST * _SIZE)
        self._thread = Lock()  # the system's lock does not part threads

    def close(self) -> None:
        """Let go of the memory, in this process."""
        self._file.close()

    def prove(self, state: bytes, check: Callable[[], object]) -> None:
        """Run a check, unless it was passed in this state.

        Args:
            state: what the check depends on, as its files are now.
            check: raises if it fails, and nothing is remembered then.
        """
        with self.turn() as prove:
            prove(state, check)

    @contextmanager
    def turn(self) -> Iterator[Prove]:
        """Let all others wait; gives what proves as `prove` does, several things in one turn."""
        with self._thread:
            fcntl.lockf(self._memory, fcntl.LOCK_EX)
            try:
                yield self._prove
            finally:
                fcntl.lockf(self._memory, fcntl.LOCK_UN)

    def _prove(self, state: bytes, check: Callable[[], object]) -> None:
        digest = sha256(state).digest()
        count = int.from_bytes(os.pread(self._memory, _COUNT, 0), "little")
        known = os.pread(self._memory, _MOST * _SIZE, _COUNT)
        if digest not in (known[at : at + _SIZE] for at in range(0, len(known), _SIZE)):
            check()
            os.pwrite(self._memory, digest, _COUNT + count % _MOST * _SIZE)
            os.pwrite(self._memory, (count + 1).to_bytes(_COUNT, "little"), 0)
