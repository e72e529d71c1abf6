"""Rounds of the kill test: let write, kill, look."""

import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import make_url

from benchmarks.kill.check import Acknowledged, faults
from benchmarks.server import ROOT
from service.decisions.database import open_database, writing
from service.decisions.events import Event, last_seq, since

LONGEST_S = 0.3
"""Between the first acknowledged decision and the kill."""


@dataclass
class Tally:
    """What a kill test saw."""

    kills: int = 0
    acknowledged: int = 0
    events: int = 0
    unacknowledged: int = 0
    """Batches that were whole in the database though nobody was told so any more."""
    faults: list[str] = field(default_factory=list)

    def add(self, events: list[Event], told: dict[str, list[Acknowledged]]) -> None:
        """Count one kill."""
        self.kills += 1
        self.acknowledged += sum(map(len, told.values()))
        self.events += len(events)
        self.unacknowledged += len({event.batch for event in events}) - sum(map(len, told.values()))
        self.faults += faults(events, told)


def kill_writers(address: str, rounds: int, chance: random.Random) -> Tally:
    """Kill `rounds` processes that write into one database; look at it after each."""
    tally = Tally()
    engine = open_database(make_url(address))
    try:
        for number in range(rounds):
            with engine.connect() as connection:
                before = last_seq(connection)
            told = _killed(address, f"r{number}", chance)
            # In its turn: a server may yet commit what a killed process had sent before.
            with writing(engine) as connection:
                tally.add(since(connection, before), told)
    finally:
        engine.dispose()
    return tally


def _killed(address: str, prefix: str, chance: random.Random) -> dict[str, list[Acknowledged]]:
    command = [sys.executable, "-m", "benchmarks.kill.writer", address, prefix]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, "the writer ended before it wrote"
        time.sleep(chance.uniform(0, LONGEST_S))
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout]
    assert process.returncode == -signal.SIGKILL, "the writer ended before it was killed"
    return _told(lines)


def _told(lines: Iterable[str]) -> dict[str, list[Acknowledged]]:
    told: dict[str, list[Acknowledged]] = defaultdict(list)
    for line in lines:
        writer, names, value = line.split()
        told[writer].append(Acknowledged(names, value))  # type: ignore[arg-type]
    return told
