"""How many requests are under way follows from how they are answered."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest

from client import Payload
from client.batch.pace import FIRST, Pace
from client.plans import Ask

TILES = Ask("/screen", tiles=[Payload("a.png", b"x")])
FINE, LATER = httpx.Response(200), httpx.Response(429)


def _after(pace: Pace, answers: list[tuple[httpx.Response | httpx.RequestError, float]]) -> float:
    """Note answers while as many requests are under way as are allowed."""

    async def run() -> None:
        for answer, seconds in answers:
            async with AsyncExitStack() as under_way:
                for _ in range(int(pace.allowed)):
                    await under_way.enter_async_context(pace)
                pace.note(TILES, answer, seconds)

    asyncio.run(run())
    return pace.allowed


def test_quick_answers_let_it_grow_to_its_bound() -> None:
    """Answers that stay as fast mean that nothing waits; the most is never exceeded."""
    assert FIRST < _after(Pace(16), [(FINE, 1.0)] * 20) < 16
    assert _after(Pace(16), [(FINE, 1.0)] * 500) == 16


def test_one_core_is_kept_busy_by_a_few() -> None:
    """Where each more only waits longer, it settles between two and five in the queue."""
    pace = Pace(64)
    for _ in range(200):
        allowed = _after(pace, [(FINE, 0.1 * int(pace.allowed))])
    assert 2 <= allowed <= 6


@pytest.mark.parametrize("answer", [LATER, httpx.ReadError("reset"), httpx.Response(503)])
def test_later_halves_it(answer: httpx.Response | httpx.RequestError) -> None:
    """429, 503 and broken connections; never below one."""
    pace = Pace(16)
    _after(pace, [(FINE, 1.0)] * 500)
    assert _after(pace, [(answer, 0.1)]) == 8
    assert _after(pace, [(answer, 0.1)] * 100) == 1


def test_requests_without_an_answer_in_time_are_counted() -> None:
    """Those in a row up to the last one; who takes no connection is not slow, but gone."""
    pace = Pace(4)
    answers: list[tuple[httpx.Response | httpx.RequestError, int, int]] = [
        (httpx.ReadTimeout(""), 1, 0),
        (httpx.WriteTimeout(""), 2, 0),
        (httpx.ConnectTimeout(""), 0, 1),
        (LATER, 0, 0),
        (httpx.ReadTimeout(""), 1, 0),
        (httpx.ReadError("reset"), 0, 1),
        (httpx.ConnectError("nobody"), 0, 2),
        (FINE, 0, 0),
    ]
    for answer, late, lost in answers:
        pace.note(TILES, answer, 1.0)
        assert (pace.late, pace.lost) == (late, lost)


def test_rising_latency_slows_it() -> None:
    """Answers that take ten times as long: fewer requests, but some."""
    pace = Pace(16)
    _after(pace, [(FINE, 1.0)] * 500)
    assert 2 < _after(pace, [(FINE, 10.0)] * 200) < 6


def test_one_wave_of_refusals_counts_once() -> None:
    """Requests that were sent together tell one thing."""
    pace = Pace(16)
    _after(pace, [(FINE, 1.0)] * 500)

    async def wave() -> None:
        async with AsyncExitStack() as under_way:
            for _ in range(16):
                await under_way.enter_async_context(pace)
            for _ in range(15):
                pace.note(TILES, LATER, 0.1)

    asyncio.run(wave())
    assert pace.allowed == 8


def test_no_more_are_let_in_than_are_allowed() -> None:
    """The next one waits until another is done."""

    async def run() -> tuple[bool, bool]:
        pace = Pace(1)
        async with pace:
            second = asyncio.create_task(pace.__aenter__())
            await asyncio.sleep(0)
            waited = not second.done()
        await second
        return waited, second.done()

    assert asyncio.run(run()) == (True, True)


def test_questions_without_tiles_say_nothing() -> None:
    """The first contact is no measure of tiles."""
    pace = Pace(16)
    pace.note(Ask("/bundle"), LATER, 9.0)
    assert pace.allowed == FIRST
