"""Follows the bundle to serve: a link that is moved, a folder that is replaced, SIGHUP."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from bundle.manifest import MANIFEST
from service.errors import BundleRefused
from service.workers.team import Team

EVERY_S = 1.0
_GONE = 5
"""Looks after which a path that leads nowhere is told: a fit takes a moment to swap folders."""
_log = logging.getLogger("service.bundles")


class Watch:
    """Sees that a path leads to another bundle than when it was last looked at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._identity()
        self._gone = 0

    def moved(self) -> bool:
        """Look again. What is gone has not moved: a fit may be about to put it back."""
        now = self._identity()
        self._gone = 0 if now else self._gone + 1
        if self._gone == _GONE:
            what = "the link of the bundle leads to" if self._path.is_symlink() else "there is"
            _log.error("%s no bundle any more; the one before serves on", what)
        if now is None or now == self._seen:
            return False
        self._seen = now
        return True

    def _identity(self) -> tuple[str, int, int, int] | None:
        try:
            # When the link was made, too: it may have led elsewhere and back between two looks.
            link, status = self._path.lstat(), (self._path / MANIFEST).stat()
        except OSError:
            return None
        made = link.st_ctime_ns if self._path.is_symlink() else 0
        return os.path.realpath(self._path), made, status.st_ino, status.st_mtime_ns


def hears_hangup() -> bool:
    """Return whether SIGHUP is someone's wish, and not a terminal that was closed."""
    return hasattr(signal, "SIGHUP") and not (sys.stdin and sys.stdin.isatty())


async def follow(path: Path, team: Team) -> None:
    """Let what a path leads to answer, whenever that is another bundle; until cancelled."""
    watch, asked = Watch(path), asyncio.Event()
    if hears_hangup():
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    while True:
        try:
            async with asyncio.timeout(EVERY_S):
                await asked.wait()
        except TimeoutError:
            pass
        # Off the event loop: a disk that hangs must not hold requests up.
        if await asyncio.to_thread(watch.moved) or asked.is_set():
            asked.clear()
            await _try(path, team)


async def _try(path: Path, team: Team) -> None:
    try:
        swap = await team.activate(path)
    except BundleRefused as error:
        _log.error("bundle refused: %s", error)
    else:
        note(swap.old, swap.new)


def note(old: str, new: str) -> None:
    """Log a change of bundles."""
    if old != new:
        _log.warning("bundle activated", extra={"fields": {"old": old, "new": new}})
