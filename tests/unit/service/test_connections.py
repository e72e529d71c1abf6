"""A connection is given up when nobody fetches from it, and never while somebody does."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from service.requests.connections import FETCHED_BYTES, Connection, patient

PATIENCE_S = 0.1


class Pipe:
    """A transport whose buffer holds as much as is said."""

    def __init__(self) -> None:
        self.unfetched = 0
        self.closing = self.aborted = False

    def get_extra_info(self, name: str) -> None:
        """Tell nothing."""

    def get_write_buffer_size(self) -> int:
        return self.unfetched

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.aborted = True


def connected(pipe: Any) -> Connection:
    config = uvicorn.Config(lambda: None, log_config=None)
    config.load()
    made = patient(PATIENCE_S)(config=config, server_state=ServerState(), app_state={})
    made.connection_made(pipe)
    return made


async def _idle(pipe: Pipe, fetched: int, rounds: int) -> None:
    connection = connected(pipe)
    connection.timeout_keep_alive_handler()
    assert pipe.closing
    for _ in range(rounds):
        await asyncio.sleep(PATIENCE_S / 2)
        pipe.unfetched = max(0, pipe.unfetched - fetched)
    connection.connection_lost(None)


def test_what_is_left_at_the_end_is_not_waited_for_without_end() -> None:
    """However little it is: no limit of a buffer is reached then, and no clock would run."""
    pipe = Pipe()
    pipe.unfetched = 1000
    asyncio.run(_idle(pipe, fetched=0, rounds=4))
    assert pipe.aborted


def test_a_long_answer_is_waited_for_while_it_is_fetched() -> None:
    """It takes as long as it takes."""
    pipe = Pipe()
    pipe.unfetched = 20 * FETCHED_BYTES
    asyncio.run(_idle(pipe, fetched=FETCHED_BYTES, rounds=20))
    assert not pipe.aborted


async def _full(pipe: Pipe, fetched: int) -> None:
    connection = connected(pipe)
    pipe.unfetched = 20 * FETCHED_BYTES
    connection.pause_writing()
    for _ in range(8):
        await asyncio.sleep(PATIENCE_S / 2)
        pipe.unfetched -= fetched
    connection.connection_lost(None)


def test_an_answer_that_is_hardly_fetched_is_given_up() -> None:
    """A byte now and then is no fetching; 64 KiB in each span of patience are."""
    dripping, steady = Pipe(), Pipe()
    asyncio.run(_full(dripping, 1))
    asyncio.run(_full(steady, FETCHED_BYTES))
    assert (dripping.aborted, steady.aborted) == (True, False)
