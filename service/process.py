"""What lives as long as the process, whichever bundle it serves."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import ParamSpec, TypeVar

from bundle.reader import Prove, at_once
from service.decisions.ledger import Ledger
from service.requests.admission import Gate
from service.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
_AT_ONCE = 4
"""Most tiles that a thread takes at once: going to it and back costs the event loop 50 us."""
ALONE = 1
"""Threads for work that hardly lets go of Python's lock, as screening: two that wait for each other
take half as much again of the processor (docs/quality.md)."""


@dataclass(frozen=True)
class Process:
    """Settings, the gate for what is sent, decisions, and threads for decoding and searching.

    turns: to do much in the pool. Tiles wait here, where they can be dropped, and not in the
        pool, which others use as well.
    prove: runs the checks of a bundle, unless another process has (`service.workers.proofs`).
    """

    settings: Settings
    gate: Gate
    ledger: Ledger
    pool: ThreadPoolExecutor
    turns: asyncio.Semaphore
    prove: Prove = at_once

    async def apart(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work of more than a millisecond in the pool, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, lambda: work(*args, **kwargs))

    async def each(
        self,
        work: Callable[[T], R],
        items: Iterable[T | BaseException],
        *,
        threads: int | None = None,
    ) -> list[R | BaseException]:
        """Do the same with many things in the pool; the results keep their order.

        Few are spread over the threads, many go some at a time. A caller with very many takes
        no more turns at once than there are threads, so that others come between.
        What only `items` holds is free again as soon as it was worked on.

        Args:
            work: what to do with each.
            items: the things; errors among them are passed over.
            threads: how many at once, the pool's by default; see ALONE.

        Returns: for each what `work` gave or raised; what was an error already stays that error.
        """
        source, threads = iter(items), threads or self.settings.thread_count
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


def _tried(work: Callable[[T], R], items: list[T | BaseException]) -> list[R | BaseException]:
    items.reverse()
    return [_outcome(work, items.pop()) for _ in range(len(items))]


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
        ThreadPoolExecutor(settings.thread_count, thread_name_prefix="tiles") as pool,
    ):
        gate = Gate(most_tiles=settings.max_queue_tiles, most_bytes=settings.max_bytes_in_flight)
        turns = asyncio.Semaphore(2 * settings.thread_count)
        yield Process(settings, gate, ledger, pool, turns, prove)
