"""The kill test on a whole service, asked through its API and started again after each kill."""

import random
import time
from pathlib import Path
from threading import Event

import httpx
from sqlalchemy import make_url

from benchmarks.fault.service import HOST, READY_S, Service, running
from benchmarks.kill.asking import ASKERS, Asker, tiles_of
from benchmarks.kill.rounds import LONGEST_S, Tally
from service.decisions.database import open_database, writing
from service.decisions.events import last_seq, since


def kill_services(
    bundle: Path, address: str, port: int, rounds: int, chance: random.Random
) -> Tally:
    """Kill a service `rounds` times while it is asked to decide; look at it after each start.

    Raises:
        RuntimeError: it does not start again, or answers with an error while it lives.
    """
    tally = Tally()
    environment = {"DATABASE_URL": address, "TILESCREEN_THREADS": "1"}
    service = Service(bundle.resolve(), port, ["--log-level=error"], environment)
    engine = open_database(make_url(address))
    url = f"http://{HOST}:{port}"
    with running(service):
        tiles = tiles_of(url)
        for number in range(rounds):
            with engine.connect() as connection:
                before = last_seq(connection)
            begun = Event()
            # Other names than the writers had, whose batches in the same database they would undo.
            askers = [Asker(url, f"s{number}-{n}", tiles, begun) for n in range(ASKERS)]
            for one in askers:
                one.start()
            begun.wait(30)
            time.sleep(chance.uniform(0, LONGEST_S))
            service.kill()
            for one in askers:
                one.join()
            if wrong := [one.status for one in askers if one.status != httpx.codes.OK]:
                raise RuntimeError(f"the service answered {wrong[0]} while it lived")
            with writing(engine) as connection:  # in its turn, as in `rounds`
                events = since(connection, before)
                tally.add(events, {one.reviewer: one.told for one in askers})
            service.start()
            missing = {event.seq for event in events} - _told(url, tiles)
            tally.faults += [f"event {seq} is not told after the start" for seq in missing]
    engine.dispose()
    return tally


def _told(url: str, tiles: list[str]) -> set[int]:
    """Return the numbers of all events that the service tells of."""
    found: set[int] = set()
    with httpx.Client(base_url=url, timeout=READY_S, params={"history": "true"}) as client:
        for tile in tiles:
            answer = client.get(f"/tiles/{tile}/decision").raise_for_status()
            found |= {event["seq"] for event in answer.json()["history"]}
    return found
