"""Adds events to the database and reads them, in a thread of its own."""

import asyncio
import logging
import math
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, SQLAlchemyError

from bundle.pools import running_pool
from service.decisions.database import (
    FileId,
    cause_of,
    database_url,
    file_of,
    is_made,
    open_database,
    place_of,
    writing,
)
from service.errors import DecisionsUnknown, LedgerDown
from service.settings import Settings

R = TypeVar("R")
_GONE = (
    "the file was removed or replaced while it was in use, so nothing is written any more. Put it "
    "back, from a backup if it is lost, and start the service again"
)
_log = logging.getLogger(__name__)


class _Unconfirmed(Exception):
    """The answer to a commit was lost; `args` has what came in its place."""


class Ledger:
    """The database, opened by `prove` or at the first use; a context manager.

    One thread does all its work: a database that stands still keeps no tile from being
    answered, and writers of one process need no turns among them.
    """

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet.

        Raises:
            InputError: the address of the database is none.
        """
        self._url = database_url(settings)
        self._thread = running_pool(1, "ledger")
        self._engine: Engine | None = None
        self._file: FileId | None = None
        self._failed = -math.inf

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish what was begun, then close the database."""
        self._thread.shutdown()
        if self._engine is not None:
            self._engine.dispose()

    async def prove(self) -> None:
        """Open the database, if there is one, before anyone needs it.

        The log tells if it cannot be used, or not be made at the first decision.
        """
        with suppress(LedgerDown):
            await self._guarded(lambda: is_made(self._url) and self._opened())

    async def read(self, work: Callable[[Connection], R]) -> R:
        """Run work that only reads.

        Raises:
            LedgerDown: the database cannot be used.
        """
        return await self._run(partial(_read, work))

    async def write(
        self,
        work: Callable[[Connection], R],
        *,
        first: Callable[[Connection], object] | None = None,
        then: Callable[[Connection], object] | None = None,
    ) -> R:
        """Run work in a transaction while no one else writes; what it raises undoes it.

        When this returns, what was written is on the disk. It is finished even when nobody
        waits for it any more.

        Args:
            work: reads what is new, and writes.
            first: reads what may be much, while others may write: they wait five seconds alone.
            then: reads what was written. Nothing comes between: what else fails meanwhile would
                refuse a read that was asked for later, and so what is written already.

        Raises:
            LedgerDown: the database cannot be used, and nothing was written.
            DecisionsUnknown: it went away while it confirmed what was written, or was read.
        """

        def committing(engine: Engine) -> R:
            if first is not None:
                _read(first, engine)
            ended = False
            try:
                with writing(engine) as connection:
                    result = work(connection)
                    ended = True
            except SQLAlchemyError as error:
                # A file of SQLite says what it did; a server's answer can be lost.
                if ended and not _is_file(self._url):
                    raise _Unconfirmed(error) from error
                raise
            self._check()  # or what was written would be lost, and is said to be kept
            if then is not None:
                try:
                    _read(then, engine)
                except SQLAlchemyError as error:
                    raise _Unconfirmed(error) from error
            return result

        return await asyncio.shield(asyncio.ensure_future(self._run(committing, writes=True)))

    async def _run(self, work: Callable[[Engine], R], *, writes: bool = False) -> R:
        return await self._guarded(lambda: work(self._opened()), writes=writes)

    def _opened(self) -> Engine:
        if self._engine is None:
            engine = open_database(self._url)
            self._file = file_of(self._url)
            self._engine = engine
        self._check()
        return self._engine

    def _check(self) -> None:
        """See that the path still leads to the file that was opened.

        A connection goes on in a file that was removed, where all is lost at the end. Another
        file is not opened in its place: an empty one would pass for a review not begun.

        Raises:
            OSError: it does not. If the same file comes back, all is well.
        """
        try:
            same = file_of(self._url) == self._file
        except FileNotFoundError:
            same = False
        if not same:
            raise OSError(_GONE)

    async def _guarded(self, work: Callable[[], R], *, writes: bool = False) -> R:
        asked = monotonic()

        def inside() -> R:
            if asked < self._failed:  # else all who wait now would do so one after the other
                raise LedgerDown(_where(self._url), writes=writes)
            try:
                return work()
            except _Unconfirmed as error:
                self._failed = monotonic()
                place, cause = _place(self._url), cause_of(error.args[0])
                _log.error("it is not known whether it was written in %s: %s", place, cause)
                raise DecisionsUnknown(_where(self._url)) from error
            except (SQLAlchemyError, OSError) as error:
                if not isinstance(error, DataError):  # which is of one value: others go on
                    self._failed = monotonic()
                place, cause = _place(self._url), cause_of(error)
                _log.error("decisions cannot be read or kept in %s: %s", place, cause)
                raise LedgerDown(_where(self._url), writes=writes) from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, inside)


def _read(work: Callable[[Connection], R], engine: Engine) -> R:
    with engine.connect() as connection:  # there is nothing to commit
        return work(connection)


def _is_file(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _place(url: URL) -> str:
    user = f", as uid {os.getuid()}" if _is_file(url) else ""
    return f"{place_of(url)}{user}"


def _where(url: URL) -> str:
    return "the folder of decisions" if _is_file(url) else "DATABASE_URL"
