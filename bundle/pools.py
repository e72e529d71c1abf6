"""Pools of threads that run already when there is work.

A thread that begins while memory is short may end before it says that it began. Python waits for
that without end, and holds a lock that every other pool of the process needs.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier


def running_pool(threads: int, name: str) -> ThreadPoolExecutor:
    """Return a pool that begins no thread later; `name` is the beginning of its threads' names."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    all_there = Barrier(threads)
    for begun in [pool.submit(all_there.wait) for _ in range(threads)]:
        begun.result()
    return pool
