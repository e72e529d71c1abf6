"""Two services over one PostgreSQL, as replicas are, with several writers at each."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.postgres import postgres
from tests.serving import serving

URL = "/tiles/c303/decision"
WRITERS, ROUNDS = 4, 15


@pytest.fixture(scope="module")
def replicas(tiny_path: Path) -> Iterator[list[str]]:
    """The addresses of two services that share their decisions."""
    with (
        postgres() as server,
        serving(tiny_path, DATABASE_URL=(shared := server.new())) as one,
        serving(tiny_path, DATABASE_URL=shared) as other,
    ):
        yield [one, other]


def count_up(address: str) -> None:
    """Add one to the number in the tile's comment, ROUNDS times, never over another's."""
    with httpx.Client(base_url=address, timeout=30) as client:
        left = ROUNDS
        while left:
            seen = client.get(URL)
            decisions = seen.json()["decisions"]
            number = int(decisions[0]["comment"]) if decisions else 0
            body = {"decision": "drop", "comment": str(number + 1)}
            answer = client.put(URL, json=body, headers={"If-Match": seen.headers["etag"]})
            assert answer.status_code in (200, 412), answer.text
            left -= answer.status_code == 200


def watch(address: str, done: Event) -> list[list[int]]:
    """Return the numbers of the events that were there, each time one looked."""
    seen = []
    with httpx.Client(base_url=address, timeout=30) as client:
        while not done.is_set():
            history = client.get(URL, params={"history": "true"}).json()["history"]
            seen.append([event["seq"] for event in history])
    return seen


def test_no_update_is_lost_and_events_appear_in_order(replicas: list[str]) -> None:
    """Everyone's addition counts once, and nobody ever sees an event before an earlier one."""
    done = Event()
    with ThreadPoolExecutor(WRITERS + len(replicas)) as threads:
        watching = [threads.submit(watch, address, done) for address in replicas]
        writing = [threads.submit(count_up, replicas[n % 2]) for n in range(WRITERS)]
        try:
            for one in writing:
                one.result()
        finally:
            done.set()
        seen = [numbers for one in watching for numbers in one.result()]
    (told,) = {httpx.get(address + URL).text for address in replicas}
    assert f'"comment":"{WRITERS * ROUNDS}"' in told
    history = httpx.get(replicas[0] + URL, params={"history": "true"}).json()["history"]
    numbers = [event["seq"] for event in history]
    assert len(numbers) == WRITERS * ROUNDS
    assert all(some == numbers[: len(some)] for some in seen)
    assert any(0 < len(some) < len(numbers) for some in seen)
