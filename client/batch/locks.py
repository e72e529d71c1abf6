"""One writer a file: a lock that ends with the process, however that ends."""

from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, which does not let two processes write to one file in this way
    fcntl = None  # type: ignore[assignment]


def lock(stream: BinaryIO) -> bool:
    """Return whether the file is now this process's alone to write to; until it is closed."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: as it was before there were any
        return True
    return True
