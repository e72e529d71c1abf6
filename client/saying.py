"""What a command says beside its work: a full disk, or a reader who left, undoes nothing."""

import os
import sys
from typing import TextIO

from .exits import READER_GONE


def say(*lines: str, status: int) -> int:
    """Print what was done to standard output.

    Returns: the status; READER_GONE where nobody reads any more.
    """
    try:
        for line in lines:
            print(line)
        sys.stdout.flush()
    except BrokenPipeError:
        mute(sys.stdout)
        return READER_GONE
    except OSError as error:
        mute(sys.stdout)
        warn(f"client: It is done, but standard output cannot be written: {error.strerror}.")
    return status


def warn(*lines: str) -> None:
    """Print to standard error; where that cannot be written, nobody can be told."""
    try:
        print(*lines, sep="\n", file=sys.stderr, flush=True)
    except OSError:
        mute(sys.stderr)


def mute(stream: TextIO) -> None:
    """Let what is still to be written vanish, else Python complains of it once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
