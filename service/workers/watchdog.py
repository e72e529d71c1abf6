"""Ends a process that answers alone once its event loop stands still, so that it is begun anew.

Of several processes the supervisor does this from outside. The thread here takes no lock that
others have and makes nothing of any size: what stands still may hold a lock, or want memory.
"""

import faulthandler
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from service.workers.board import Board

_LOOK_S = 0.25
_STALLED_S = 1.0
_SLOT = 0
_STDERR = 2
_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""


@contextmanager
def watched(board: Board, limit_s: float) -> Iterator[None]:
    """Watch the only worker of a board from a thread while the block runs.

    After limit_s without a turn of its event loop the process ends with status 70, once stderr
    has what each of its threads was doing.
    """
    board.reset(_SLOT)
    over = Event()
    told = (
        f"The event loop stood still for {limit_s:g} s: the service ends, to be started again."
        " What its threads were doing:\n"
    ).encode()
    Thread(target=_watch, args=(board, limit_s, over, told), name="watchdog", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch(board: Board, limit_s: float, over: Event, told: bytes) -> None:
    turned = time.monotonic()
    while not over.is_set():
        with suppress(MemoryError):  # what it wants once more is little, and others may end
            time.sleep(_LOOK_S)  # not `wait`, which makes a lock each time
            now = time.monotonic()
            if now - turned > _STALLED_S:  # all threads stood still, as in a paused container
                board.beat(_SLOT)
            turned = now
            if board.silence_s(_SLOT) > limit_s and not over.is_set():
                os.write(_STDERR, told)
                faulthandler.dump_traceback(_STDERR)
                os._exit(_STATUS)
