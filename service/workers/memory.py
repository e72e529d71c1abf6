"""Memory of bundles: what Python need not go through, and what goes back to the system."""

import ctypes
import gc
from contextlib import suppress

from bundle.encoders import PrecisionChoice, load_runtimes

_ARENA_MAX, _HEAPS = -8, 2
"""The parameter of mallopt(3), and how many heaps."""


class _Process:
    serves_alone = False


def dedicate() -> None:
    """Say that this process does nothing but serve, so that `settle` may touch all it holds.

    An application inside another program must not keep that one's garbage from being collected.
    Threads share a few heaps, where the C library can (glibc): one for each keeps 6 MiB more.
    """
    _Process.serves_alone = True
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _HEAPS)


def share(precision: PrecisionChoice) -> None:
    """Have what workers need in memory once, before they are forked.

    Their collectors keep away from what is here: they would write into every object that they
    look at, and each have a copy of it.
    """
    load_runtimes(precision)
    gc.freeze()


def settle() -> None:
    """Have the collector pass over what is there now, for as long as bundles stay.

    It would go through all tiles of a bundle now and then: 80 ms for 5,898, without an answer.
    What loading left free goes back to the system. Nothing happens in a process that was not
    dedicated.
    """
    if _Process.serves_alone:
        gc.freeze()
        _trim()


def give_back() -> None:
    """Free what nothing holds, and return it to the system where the C library can (glibc).

    A model is loaded in one thread and freed in another, so its memory stays in a heap that
    nothing else uses: after thirty changes of bundles 150 MiB were kept for nothing. What another
    program that holds the application has frozen stays so.
    """
    if _Process.serves_alone:
        gc.unfreeze()
    gc.collect()
    if _Process.serves_alone:
        gc.freeze()
    _trim()


def _trim() -> None:
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
