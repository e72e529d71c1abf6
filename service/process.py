"""What lives as long as the process, whichever bundle it serves."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import ParamSpec, TypeVar

from bundle.pools import running_pool
from bundle.reader import Prove, at_once
from service.decisions.ledger import Ledger
from service.requests.admission import Gate
from service.settings import Settings

_log = logging.getLogger("service.process")
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
_AT_ONCE = 4
"""Most tiles that a thread takes at once: going to it and back costs the event loop 50 us."""
_TOGETHER = 16
"""The same of work that takes a fifth as long."""
_DESK = 2
"""Threads for what may take seconds."""


@dataclass(frozen=True)
class Process:
    """Settings, the gate for what is sent, decisions, and threads for decoding and searching.

    desk: threads for what may take seconds, so that tiles never wait for it.
    turns: to do much in the pool. Tiles wait here, where they can be dropped, and not in the
        pool, which others use as well.
    prove: runs the checks of a bundle, unless another process has (`service.workers.proofs`).
    """

    settings: Settings
    gate: Gate
    ledger: Ledger
    pool: ThreadPoolExecutor
    desk: ThreadPoolExecutor
    turns: asyncio.Semaphore
    prove: Prove = at_once

    async def apart(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work of more than a millisecond in the pool, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, lambda: work(*args, **kwargs))

    async def at_length(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work that may take seconds: tables, exports, comparisons of whole bundles."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.desk, lambda: work(*args, **kwargs))

    async def each(
        self, work: Callable[[T], R], items: Iterable[T | BaseException]
    ) -> list[R | BaseException]:
        """Do the same with many things in the pool; the results keep their order.

        Few are spread over the threads, many go some at a time. A caller with very many takes
        no more turns at once than there are threads, so that others come between.
        What only `items` holds is free again as soon as it was worked on.

        Args:
            work: what to do with each.
            items: the things; errors among them are passed over.

        Returns: for each what `work` gave or raised; what was an error already stays that error.
        """
        source, threads = iter(items), self.settings.thread_count
        done: list[list[R | BaseException]] = []
        taken = 0

        async def go_on() -> None:
            nonlocal taken
            while piece := [*islice(source, min(_AT_ONCE, 1 + taken // (2 * threads)))]:
                taken += len(piece)
                done.append(results := [])
                async with self.turns:
                    results += await self.apart(_tried, work, piece)

        await asyncio.gather(*(go_on() for _ in range(threads)))
        return [*chain.from_iterable(done)]

    async def together(
        self, work: Callable[[list[T]], list[R]], items: Iterable[T | BaseException]
    ) -> list[R | BaseException]:
        """Do the same with many things in the pool, some in one call; the results keep their order.

        For short work that hardly lets go of Python's lock: two threads that wait for each other
        take half as much again of the processor (docs/quality.md). Where a call fails,
        each of its things has one of its own.

        Args:
            work: what to do with some.
            items: the things; errors among them are passed over.

        Returns: as `each`.
        """
        source = iter(items)
        done: list[R | BaseException] = []
        while piece := [*islice(source, _TOGETHER)]:
            async with self.turns:
                done += await self.apart(_tried_together, work, piece)
        return done


def _tried(work: Callable[[T], R], items: list[T | BaseException]) -> list[R | BaseException]:
    items.reverse()
    return [_outcome(work, items.pop()) for _ in range(len(items))]


def _tried_together(
    work: Callable[[list[T]], list[R]], items: list[T | BaseException]
) -> list[R | BaseException]:
    sound = [item for item in items if not isinstance(item, BaseException)]
    try:
        found = iter([one for one, _ in zip(work(sound) if sound else [], sound, strict=True)])
    except Exception:  # noqa: BLE001, a border: who is at fault is found out
        _log.warning("%d tiles failed together; each is done alone", len(sound), exc_info=True)
        return _tried(lambda item: work([item])[0], items)
    return [item if isinstance(item, BaseException) else next(found) for item in items]


def _outcome(work: Callable[[T], R], item: T | BaseException) -> R | BaseException:
    if isinstance(item, BaseException):
        return item
    try:
        return work(item)
    except Exception as error:  # noqa: BLE001, a border: it becomes the tile's own answer
        return error


@contextmanager
def open_process(settings: Settings, prove: Prove = at_once) -> Iterator[Process]:
    """Make what the process keeps; its threads end with it."""
    with (
        Ledger(settings) as ledger,
        running_pool(settings.thread_count, "tiles") as pool,
        running_pool(_DESK, "desk") as desk,
    ):
        gate = Gate(most_tiles=settings.max_queue_tiles, most_bytes=settings.max_bytes_in_flight)
        turns = asyncio.Semaphore(2 * settings.thread_count)
        yield Process(settings, gate, ledger, pool, desk, turns, prove)
