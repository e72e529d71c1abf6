"""What a disk refuses, told with the file that it is about."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Name the file in an error that names none, as that of a full disk does not.

    Raises:
        OSError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror or str(error), str(file)) from error


def told(error: OSError) -> str:
    """Return the sentences for an error: the file, what the system says, and what to do first."""
    where = f"{error.filename}: " if error.filename else ""
    what = f"{where}{error.strerror or error}."
    return f"{what} Make room there first." if error.errno in _FULL else what
