"""Reading files that users name: never one that would wait for somebody to write."""

from errno import EINVAL
from pathlib import Path
from stat import S_ISREG


def read_plain(file: Path) -> bytes:
    """Read a file, whatever links lead to it.

    Raises:
        OSError: it cannot be read, or is a folder, a pipe or a device.
    """
    if not S_ISREG(file.stat().st_mode):
        raise OSError(EINVAL, "it is no file, but a folder, a pipe or a device")
    return file.read_bytes()
