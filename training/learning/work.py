"""The hidden folder beside a bundle in the making: decoded tiles, checkpoint, models."""

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bundle.errors import InputError
from bundle.manifest import MANIFEST
from training.learning.checkpoint import CHECKPOINT

LOCK = "lock"
"""File in the work folder; the kernel lets go of it when its fit ends, however that ends."""


def work_folder(target: Path) -> Path:
    """Return the folder that a fit of this bundle works in."""
    return target.parent / f".{target.name}.work"


@contextmanager
def open_work(target: Path, *, resume: bool) -> Iterator[Path]:
    """Yield the work folder, there and empty unless it is to be resumed, for one fit alone.

    Raises:
        InputError: something that is no bundle stands at the target, the folder cannot
            be made there, or another fit works in it.
    """
    _refuse_others(target)
    work = work_folder(target)
    try:
        lock = _lock(work, target)
        if not resume:
            _empty(work)
    except OSError as error:
        raise InputError(
            f"{target.parent} cannot be written to ({error.strerror}). Give another --out."
        ) from error
    with lock:
        yield work


def _lock(work: Path, target: Path) -> IO[str]:
    while True:
        work.mkdir(parents=True, exist_ok=True)
        lock = (work / LOCK).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A fit that just ended has removed its folder, and the file that was opened with it.
            if os.path.samestat(os.fstat(lock.fileno()), (work / LOCK).stat()):
                return lock
        except BlockingIOError as error:
            lock.close()
            raise InputError(
                f"Another fit is writing {target}; wait for it, or give another --out."
            ) from error
        except FileNotFoundError:
            pass
        lock.close()


def _empty(work: Path) -> None:
    if (work / CHECKPOINT).exists():
        print(
            f"Starting afresh: the checkpoint of an interrupted fit in {work} is removed, as "
            "--resume was not given.",
            file=sys.stderr,
        )
    for entry in work.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()


def _refuse_others(target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    bundle_or_empty = target.is_dir() and (
        (target / MANIFEST).is_file() or next(target.iterdir(), None) is None
    )
    if not bundle_or_empty or target.is_symlink():
        raise InputError(
            f"{target} is there already and is not a bundle, so it is left alone. "
            "Give another --out, or move it away."
        )
