"""What lives as long as the process, whichever bundle it serves."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from service.decisions.ledger import Ledger
from service.requests.admission import Gate
from service.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Process:
    """Settings, the gate for what is sent, decisions, and threads for decoding and searching.

    turns: to decode. Tiles wait here, where they can be dropped, and not in the pool, which
        others use as well.
    """

    settings: Settings
    gate: Gate
    ledger: Ledger
    pool: ThreadPoolExecutor
    turns: asyncio.Semaphore

    async def apart(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work of more than a millisecond in the pool, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, lambda: work(*args, **kwargs))


@contextmanager
def open_process(settings: Settings) -> Iterator[Process]:
    """Make what the process keeps; its threads end with it."""
    with (
        Ledger(settings) as ledger,
        ThreadPoolExecutor(settings.thread_count, thread_name_prefix="tiles") as pool,
    ):
        gate = Gate(most_tiles=settings.max_queue_tiles, most_bytes=settings.max_bytes_in_flight)
        yield Process(settings, gate, ledger, pool, asyncio.Semaphore(2 * settings.thread_count))
