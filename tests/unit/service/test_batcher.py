"""Many callers, one encoder: nobody gets another's answer, and nobody's fault is shared."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from bundle import Encoder
from bundle.arrays import Grey, Tiles
from bundle.runtime import Examined
from service.answering.batcher import Batcher, BatchLimits
from service.errors import Draining, EncodingFailed
from tests.api import until
from tests.fakes import FakeEncoder, GatedEncoder

LIMITS = BatchLimits(size=4, delay_s=0.001)


def tile(grey: int) -> Grey:
    return np.full((16, 16), grey, dtype=np.uint8)


def greys(answers: list[Any]) -> list[int]:
    return [round(float(seen.latent[0]) * 255) for seen in answers]


class Mapping(FakeEncoder):
    """Gives maps that are as grey as their tile throughout; `short` leaves some out."""

    short = 0

    def examine(self, tiles: Tiles) -> Examined:
        maps = np.broadcast_to(tiles[:, None, :1, :1], (len(tiles), 3, 2, 2)).astype(np.float32)
        return Examined(super().examine(tiles).latents, maps[: len(tiles) - self.short])


def run(
    encoder: Encoder,
    talk: Callable[[Batcher], Coroutine[Any, Any, Any]],
    limits: BatchLimits = LIMITS,
    white: int = 255,
) -> Any:
    async def whole() -> Any:
        async with asyncio.timeout(20), Batcher(encoder, limits, white=white) as batcher:
            return await talk(batcher)

    return asyncio.run(whole())


def test_answers_keep_their_order_over_several_runs() -> None:
    """More tiles than fit into a run come back in the order in which they were given."""
    encoder = FakeEncoder()
    answers = run(encoder, lambda batcher: batcher.examine([tile(n) for n in range(11)]))
    assert greys(answers) == list(range(11))
    assert max(encoder.runs) <= LIMITS.size
    assert sum(encoder.runs) == 11


def test_only_tiles_in_doubt_are_examined_again_and_only_when_asked() -> None:
    """Grey 1 leaves a doubt (2 log-odds), grey 9 does not (10); latents are of the first look.

    The darker picture is of grey 0.
    """

    class Doubting(Mapping):
        def examine(self, tiles: Tiles) -> Examined:
            seen = super().examine(tiles)
            return Examined(seen.latents, seen.maps + len(tiles) / 2)

    async def talk(batcher: Batcher) -> list[list[Any]]:
        tiles = [tile(1), tile(9)]
        return [await batcher.examine(tiles), await batcher.examine(tiles, again=True)]

    encoder = Doubting()
    once, twice = run(encoder, talk, BatchLimits(size=2, delay_s=5))
    assert encoder.runs == [2, 2, 1, 2]
    assert greys(once) == greys(twice) == [1, 9]
    assert [seen.map.max() for seen in once] == [2, 10]
    assert [seen.map.max() for seen in twice] == [(2 + 1.5 + 2 + 1) / 4, 10]


def test_a_darker_look_is_in_shares_of_the_bundles_white() -> None:
    """Grey 2 of a white of 2 stays; of 255 it is black."""

    async def talk(batcher: Batcher) -> list[Any]:
        return await batcher.examine([tile(2)], again=True)

    limits = BatchLimits(size=1, delay_s=0)
    seen = [run(Mapping(), talk, limits, white=white)[0].map.max() for white in (2, 255)]
    assert seen == [2, 2 * 3 / 4]


def test_callers_share_a_run() -> None:
    """Tiles of callers who come together are encoded together, and each gets its own."""

    async def talk(batcher: Batcher) -> list[list[Any]]:
        return await asyncio.gather(*(batcher.examine([tile(n)]) for n in (5, 50, 150)))

    encoder = FakeEncoder()
    answers = run(encoder, talk, BatchLimits(size=3, delay_s=5))
    assert [greys(answer) for answer in answers] == [[5], [50], [150]]
    assert encoder.runs == [3]


def test_each_caller_gets_its_own_map() -> None:
    """In whatever runs the tiles of callers come, latent and map of an answer are of its tile."""

    async def talk(batcher: Batcher) -> list[list[Any]]:
        sent = [[tile(n) for n in numbers] for numbers in ((5, 6, 7), (50,), (150, 151))]
        return await asyncio.gather(*map(batcher.examine, sent))

    answers = [seen for answer in run(Mapping(), talk) for seen in answer]
    assert greys(answers) == [5, 6, 7, 50, 150, 151]
    assert [set(seen.map.ravel().tolist()) for seen in answers] == [{n} for n in greys(answers)]


def test_maps_are_counted() -> None:
    """An encoder that gives too few maps fails its callers rather than mixing them up."""
    encoder = Mapping()
    encoder.short = 1
    answers = run(encoder, lambda batcher: batcher.examine([tile(1), tile(2)]))
    assert all(isinstance(seen, EncodingFailed) for seen in answers)


def test_one_bad_tile_fails_alone() -> None:
    """A tile on which the encoder fails gets the error; those beside it their latents."""
    encoder = FakeEncoder(refuse=7)
    answers = run(encoder, lambda batcher: batcher.examine([tile(n) for n in (1, 7, 3)]))
    assert isinstance(answers[1], EncodingFailed)
    assert greys([answers[0], answers[2]]) == [1, 3]


def test_worker_outlives_a_failed_run() -> None:
    """After a failure the next caller is answered as if nothing had been."""

    async def talk(batcher: Batcher) -> list[Any]:
        await batcher.examine([tile(7)])
        assert batcher.alive
        return await batcher.examine([tile(8)])

    assert greys(run(FakeEncoder(refuse=7), talk)) == [8]


def test_outputs_are_counted() -> None:
    """An encoder that gives too few latents fails its callers rather than mixing them up."""
    encoder = FakeEncoder(drop=1)
    answers = run(encoder, lambda batcher: batcher.examine([tile(1), tile(2)]))
    assert all(isinstance(seen, EncodingFailed) for seen in answers)


def test_the_bad_tile_is_found_by_halves() -> None:
    """Of 16 tiles with a bad one, the others are answered after a few runs, not 16."""
    encoder = FakeEncoder(refuse=7)
    limits = BatchLimits(size=16, delay_s=0.001)
    answers = run(encoder, lambda batcher: batcher.examine([tile(n) for n in range(16)]), limits)
    assert isinstance(answers.pop(7), EncodingFailed)
    assert greys(answers) == [n for n in range(16) if n != 7]
    assert encoder.runs == [16, 8, 4, 4, 2, 2, 1, 1, 8]


class NotFinite(Mapping):
    """Gives no number for the latent of tiles of grey 3, nor for the map of those of grey 5."""

    def examine(self, tiles: Tiles) -> Examined:
        latents, maps = super().examine(tiles)
        first = np.asarray(tiles)[:, 0, 0]
        latents[first == 3, 1] = np.nan
        maps[first == 5, 2, 1, 1] = np.inf
        return Examined(latents, maps)


def test_what_is_not_finite_fails_its_tile_alone() -> None:
    """A latent or a map with nan or infinity is an error of its tile; no other hears of it."""
    encoder = NotFinite()
    limits = BatchLimits(size=6, delay_s=5)
    answers = run(encoder, lambda batcher: batcher.examine([tile(n) for n in range(6)]), limits)
    assert [isinstance(seen, EncodingFailed) for seen in answers] == [n in {3, 5} for n in range(6)]
    assert greys([seen for seen in answers if not isinstance(seen, EncodingFailed)]) == [0, 1, 2, 4]
    assert encoder.runs == [6]


def test_tiles_of_a_caller_who_left_are_not_encoded() -> None:
    """Cancelling a request takes its waiting tiles out of the encoder's work."""
    encoder = GatedEncoder()

    async def talk(batcher: Batcher) -> None:
        first = asyncio.create_task(batcher.examine([tile(1)]))
        await until(lambda: encoder.busy.is_set() and batcher.waiting == 0)
        second = asyncio.create_task(batcher.examine([tile(2)] * 3))
        await until(lambda: batcher.waiting == 3)
        second.cancel()
        await until(lambda: batcher.waiting == 0)
        encoder.gate.set()
        await asyncio.gather(first, second, return_exceptions=True)

    run(encoder, talk, BatchLimits(size=1, delay_s=0))
    assert encoder.runs == [1]


def test_a_caller_who_leaves_during_the_run_harms_nobody() -> None:
    """Cancelling a request whose run has begun leaves the others of the run their answers."""
    encoder = GatedEncoder()

    async def talk(batcher: Batcher) -> list[Any]:
        leaver = asyncio.create_task(batcher.examine([tile(1)]))
        stayer = asyncio.create_task(batcher.examine([tile(2)]))
        await until(encoder.busy.is_set)
        leaver.cancel()
        encoder.gate.set()
        return await stayer

    assert greys(run(encoder, talk, BatchLimits(size=2, delay_s=5))) == [2]


def test_waiting_tiles_are_answered_before_it_stops() -> None:
    """Leaving the batcher drains the queue; nobody waits for ever."""
    encoder = GatedEncoder()

    async def whole() -> list[Any]:
        async with Batcher(encoder, BatchLimits(size=1, delay_s=0), white=255) as batcher:
            waiting = asyncio.create_task(batcher.examine([tile(n) for n in (1, 2, 3)]))
            await until(lambda: encoder.busy.is_set() and batcher.waiting == 2)
            encoder.gate.set()
        return await waiting

    assert greys(asyncio.run(whole())) == [1, 2, 3]


def test_a_stopped_batcher_takes_no_tiles() -> None:
    """After it has stopped, a caller is told at once."""

    async def whole() -> None:
        async with Batcher(FakeEncoder(), LIMITS, white=255) as batcher:
            pass
        assert not batcher.alive
        with pytest.raises(Draining):
            await batcher.examine([tile(1)])

    asyncio.run(whole())


def test_neither_few_nor_many_wait_for_all_of_the_others() -> None:
    """Behind twelve tiles of one request, small ones get half of each run, and no more."""
    encoder = GatedEncoder()

    async def talk(batcher: Batcher) -> None:
        first = asyncio.create_task(batcher.examine([tile(0)]))
        await until(lambda: encoder.busy.is_set() and batcher.waiting == 0)
        large = asyncio.create_task(batcher.examine([tile(n) for n in range(100, 112)]))
        await until(lambda: batcher.waiting == 12)
        small = [asyncio.create_task(batcher.examine([tile(n)])) for n in range(1, 6)]
        await until(lambda: batcher.waiting == 17)
        encoder.gate.set()
        await asyncio.gather(first, large, *small)

    run(encoder, talk, BatchLimits(size=4, delay_s=0))
    assert encoder.runs == [1, 4, 4, 4, 4, 1]
    assert encoder.seen[1:9] == [1, 2, 100, 101, 3, 4, 102, 103]
    assert encoder.seen[9:] == [5, *range(104, 112)]
