"""Work in the pool: order, errors, and turns among callers."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.process import Process, open_process
from service.settings import Settings


def run(talk: Callable[[Process], Coroutine[Any, Any, Any]], folder: Path) -> Any:
    settings = Settings(bundle=folder, threads=1, decisions=folder)

    async def whole() -> Any:
        with open_process(settings) as process:
            async with asyncio.timeout(20):
                return await talk(process)

    return asyncio.run(whole())


def test_results_keep_their_order_and_errors_their_place(tmp_path: Path) -> None:
    """What fails, and what was an error before, stands where its thing stood."""
    before = KeyError("before")
    items = [1, 0, before, *range(4, 40)]
    found = run(lambda process: process.each(lambda n: 360 // n, items), tmp_path)
    assert isinstance(found[1], ZeroDivisionError)
    assert found[2] is before
    assert [found[0], *found[3:]] == [360, *(360 // n for n in range(4, 40))]


def test_nothing_is_nothing(tmp_path: Path) -> None:
    """No things, no results."""
    assert run(lambda process: process.each(str, []), tmp_path) == []


def test_one_thing_does_not_wait_for_all_of_a_hundred(tmp_path: Path) -> None:
    """A caller with many things lets others between."""
    order: list[int] = []

    async def talk(process: Process) -> None:
        many = asyncio.create_task(process.each(order.append, range(100)))
        await asyncio.sleep(0)
        await process.each(order.append, [-1])
        await many

    run(talk, tmp_path)
    assert sorted(order) == list(range(-1, 100))
    assert order.index(-1) < 20


def test_what_was_worked_on_is_let_go(tmp_path: Path) -> None:
    """Things are taken from a source as their turn comes, not all at the beginning."""
    taken: list[int] = []
    most = 0

    def source() -> Iterator[int]:
        for number in range(40):
            taken.append(number)
            yield number

    lock = threading.Lock()

    def work(number: int) -> None:
        nonlocal most
        with lock:
            most = max(most, len(taken) - number)

    run(lambda process: process.each(work, source()), tmp_path)
    assert len(taken) == 40
    assert most <= 8


def test_short_work_is_done_some_at_a_time(tmp_path: Path) -> None:
    """In order, with what was an error already left as it is."""
    calls: list[list[int]] = []

    def work(some: list[int]) -> list[int]:
        calls.append(some)
        return [-one for one in some]

    gone = ValueError("no tile")
    items: list[int | BaseException] = [*range(20), gone, *range(20, 40)]
    found = run(lambda process: process.together(work, items), tmp_path)
    assert found == [*range(0, -20, -1), gone, *range(-20, -40, -1)]
    assert [len(some) for some in calls] == [16, 15, 9]
    assert run(lambda process: process.together(work, []), tmp_path) == []
    assert run(lambda process: process.together(work, [gone]), tmp_path) == [gone]


def test_what_fails_among_others_fails_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def work(some: list[int]) -> list[int]:
        return [360 // one for one in some]

    found = run(lambda process: process.together(work, [4, 0, 9]), tmp_path)
    assert (found[0], found[2]) == (90, 40)
    assert isinstance(found[1], ZeroDivisionError)
    assert "3 tiles failed together; each is done alone" in caplog.text


def test_too_few_results_are_no_answer(tmp_path: Path) -> None:
    """Whose they are nobody could tell; alone each has its own."""

    def work(some: list[int]) -> list[int]:
        return some[:1]

    assert run(lambda process: process.together(work, [4, 5, 6]), tmp_path) == [4, 5, 6]


def test_what_takes_long_holds_up_no_tile(tmp_path: Path) -> None:
    """Exports and tables have threads of their own, however many are asked for."""

    async def talk(process: Process) -> int:
        go_on = threading.Event()
        long = [asyncio.ensure_future(process.at_length(go_on.wait)) for _ in range(10)]
        found = await process.apart(lambda: 1)
        go_on.set()
        await asyncio.gather(*long)
        return found

    assert run(talk, tmp_path) == 1
