"""Gives memory back to the system that the C library would keep for later."""

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Return what was freed; where the C library knows no such wish (not glibc), do nothing.

    A model is loaded in one thread and freed in another, so its memory stays in a heap that
    nothing else uses: after thirty changes of bundles 150 MiB were kept for nothing.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
