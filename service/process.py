"""What lives as long as the process, whichever bundle it serves."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from service.budget import Budget
from service.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Process:
    """Settings, the bytes that bodies may hold, and threads for decoding and searching."""

    settings: Settings
    budget: Budget
    pool: ThreadPoolExecutor

    async def apart(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work of more than a millisecond in the pool, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, lambda: work(*args, **kwargs))


@contextmanager
def open_process(settings: Settings) -> Iterator[Process]:
    """Make what the process keeps; its threads end with it."""
    with ThreadPoolExecutor(settings.thread_count, thread_name_prefix="tiles") as pool:
        yield Process(settings, Budget(settings.max_bytes_in_flight), pool)
