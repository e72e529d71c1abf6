"""Many callers, one encoder: nobody gets another's answer, and nobody's fault is shared."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from bundle import Encoder
from bundle.arrays import Grey
from service.batcher import Batcher, BatchLimits
from service.errors import Draining, EncodingFailed, QueueFull
from tests.api import until
from tests.fakes import FakeEncoder, GatedEncoder

LIMITS = BatchLimits(size=4, delay_s=0.001, queue=64)


def tile(grey: int) -> Grey:
    return np.full((16, 16), grey, dtype=np.uint8)


def greys(latents: list[Any]) -> list[int]:
    return [round(float(latent[0]) * 255) for latent in latents]


def run(
    encoder: Encoder,
    talk: Callable[[Batcher], Coroutine[Any, Any, Any]],
    limits: BatchLimits = LIMITS,
) -> Any:
    async def whole() -> Any:
        async with asyncio.timeout(20), Batcher(encoder, limits) as batcher:
            return await talk(batcher)

    return asyncio.run(whole())


def test_answers_keep_their_order_over_several_runs() -> None:
    """More tiles than fit into a run come back in the order in which they were given."""
    encoder = FakeEncoder()
    latents = run(encoder, lambda batcher: batcher.encode([tile(n) for n in range(11)]))
    assert greys(latents) == list(range(11))
    assert max(encoder.runs) <= LIMITS.size
    assert sum(encoder.runs) == 11


def test_callers_share_a_run() -> None:
    """Tiles of callers who come together are encoded together, and each gets its own."""

    async def talk(batcher: Batcher) -> list[list[Any]]:
        return await asyncio.gather(*(batcher.encode([tile(n)]) for n in (5, 50, 150)))

    encoder = FakeEncoder()
    answers = run(encoder, talk, BatchLimits(size=3, delay_s=5, queue=64))
    assert [greys(answer) for answer in answers] == [[5], [50], [150]]
    assert encoder.runs == [3]


def test_one_bad_tile_fails_alone() -> None:
    """A tile on which the encoder fails gets the error; those beside it their latents."""
    encoder = FakeEncoder(refuse=7)
    latents = run(encoder, lambda batcher: batcher.encode([tile(n) for n in (1, 7, 3)]))
    assert isinstance(latents[1], EncodingFailed)
    assert greys([latents[0], latents[2]]) == [1, 3]


def test_worker_outlives_a_failed_run() -> None:
    """After a failure the next caller is answered as if nothing had been."""

    async def talk(batcher: Batcher) -> list[Any]:
        await batcher.encode([tile(7)])
        assert batcher.alive
        return await batcher.encode([tile(8)])

    assert greys(run(FakeEncoder(refuse=7), talk)) == [8]


def test_outputs_are_counted() -> None:
    """An encoder that gives too few latents fails its callers rather than mixing them up."""
    encoder = FakeEncoder(drop=1)
    latents = run(encoder, lambda batcher: batcher.encode([tile(1), tile(2)]))
    assert all(isinstance(latent, EncodingFailed) for latent in latents)


def test_full_queue_refuses_the_whole_request() -> None:
    """A request that does not fit leaves the queue as it was and names the limit."""
    encoder = GatedEncoder()

    async def talk(batcher: Batcher) -> int:
        first = asyncio.create_task(batcher.encode([tile(1)]))
        await until(lambda: encoder.busy.is_set() and batcher.waiting == 0)
        with pytest.raises(
            QueueFull, match="0 tiles wait for the encoder, this request has 3, and at most 2 may"
        ):
            await batcher.encode([tile(2)] * 3)
        waiting = batcher.waiting
        encoder.gate.set()
        await first
        return waiting

    assert run(encoder, talk, BatchLimits(size=1, delay_s=0, queue=2)) == 0


def test_tiles_of_a_caller_who_left_are_not_encoded() -> None:
    """Cancelling a request takes its waiting tiles out of the encoder's work."""
    encoder = GatedEncoder()

    async def talk(batcher: Batcher) -> None:
        first = asyncio.create_task(batcher.encode([tile(1)]))
        await until(lambda: encoder.busy.is_set() and batcher.waiting == 0)
        second = asyncio.create_task(batcher.encode([tile(2)] * 3))
        await until(lambda: batcher.waiting == 3)
        second.cancel()
        encoder.gate.set()
        await asyncio.gather(first, second, return_exceptions=True)

    run(encoder, talk, BatchLimits(size=1, delay_s=0, queue=9))
    assert encoder.runs == [1]


def test_a_caller_who_leaves_during_the_run_harms_nobody() -> None:
    """Cancelling a request whose run has begun leaves the others of the run their answers."""
    encoder = GatedEncoder()

    async def talk(batcher: Batcher) -> list[Any]:
        leaver = asyncio.create_task(batcher.encode([tile(1)]))
        stayer = asyncio.create_task(batcher.encode([tile(2)]))
        await until(encoder.busy.is_set)
        leaver.cancel()
        encoder.gate.set()
        return await stayer

    assert greys(run(encoder, talk, BatchLimits(size=2, delay_s=5, queue=9))) == [2]


def test_waiting_tiles_are_answered_before_it_stops() -> None:
    """Leaving the batcher drains the queue; nobody waits for ever."""
    encoder = GatedEncoder()

    async def whole() -> list[Any]:
        async with Batcher(encoder, BatchLimits(size=1, delay_s=0, queue=9)) as batcher:
            waiting = asyncio.create_task(batcher.encode([tile(n) for n in (1, 2, 3)]))
            await until(lambda: encoder.busy.is_set() and batcher.waiting == 2)
            encoder.gate.set()
        return await waiting

    assert greys(asyncio.run(whole())) == [1, 2, 3]


def test_a_stopped_batcher_takes_no_tiles() -> None:
    """After it has stopped, a caller is told at once."""

    async def whole() -> None:
        async with Batcher(FakeEncoder(), LIMITS) as batcher:
            pass
        assert not batcher.alive
        with pytest.raises(Draining):
            await batcher.encode([tile(1)])

    asyncio.run(whole())
