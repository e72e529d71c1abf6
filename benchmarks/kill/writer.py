"""Writes decisions until it is killed, a line on its output for each that is acknowledged.

    python -m benchmarks.kill.writer DATABASE PREFIX

Threads of one process take turns with the database as processes do, through the service's own
code. A line is `WRITER NAMES VALUE`, see `benchmarks.kill.check`.
"""

import os
import random
import sys
from itertools import count
from threading import Thread

from sqlalchemy import Connection, Engine, make_url

from benchmarks.kill.check import note
from service.decisions.database import open_database, writing
from service.decisions.events import New, append, undo

WRITERS = 3
TILES = 12
MOST = 8
BUNDLE = "d58c69737ebf73dd"


def write(engine: Engine, writer: str) -> None:
    """Send one batch after another, some of one tile, some of many, some that undo one."""
    chance = random.Random(writer)  # noqa: S311, no secret
    for number in count():
        if number and chance.random() < 0.2:
            with writing(engine) as connection:
                undone, _ = undo(connection, writer, BUNDLE)
            if undone is not None:
                _tell(f"{writer} undone {undone}")
            continue
        size = chance.choice((1, 1, chance.randint(2, MOST)))
        with writing(engine) as connection:
            batch = _append(connection, writer, note(number, size), size, chance)
        _tell(f"{writer} batch {batch}")


def _append(
    connection: Connection, writer: str, comment: str, size: int, chance: random.Random
) -> str:
    tiles = chance.sample(range(TILES), size)
    news = [New(writer, f"c{tile}", f"{tile:032x}", "drop", "LETTERING", comment) for tile in tiles]
    return append(connection, writer, BUNDLE, news)


def _tell(line: str) -> None:
    # One call of the system for a line: what was told is in the pipe, however the process ends.
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def main(address: str, prefix: str) -> None:
    """Write from some threads until the end."""
    engine = open_database(make_url(address))
    for number in range(WRITERS):
        Thread(target=write, args=(engine, f"{prefix}-{number}")).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
