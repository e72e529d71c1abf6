"""kill -9 at any moment loses no acknowledged decision; `make kill-test` kills 200 times."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.kill.check import Acknowledged, faults, note
from benchmarks.kill.rounds import kill_writers
from service.decisions.database import database_url
from service.decisions.events import Event
from service.settings import Settings

KILLS = 4


def test_what_was_acknowledged_survives_kills(kept: dict[str, Any]):
    """Processes killed while they write leave all that they had acknowledged, and no half batch."""
    address = database_url(Settings(bundle=Path("unused"), **kept))
    tally = kill_writers(address.render_as_string(hide_password=False), KILLS, random.Random(7))
    assert tally.faults == []
    assert tally.kills == KILLS
    assert tally.acknowledged >= KILLS


ONE = Event(
    seq=1,
    at=datetime.now(UTC),
    reviewer="ann",
    tile_id="c1",
    content="",
    bundle="",
    decision="drop",
    reason=None,
    comment=note(0, 1),
    batch="a",
)
TWO = [replace(ONE, seq=seq, comment=note(1, 2), batch="b") for seq in (2, 3)]
UNDO = [replace(one, seq=one.seq + 2, decision=None, batch="c", undoes="b") for one in TWO]
ALL = [ONE, *TWO, *UNDO]
TOLD = [Acknowledged("seq", "1"), Acknowledged("batch", "b"), Acknowledged("undone", "b")]


@pytest.mark.parametrize("told", [2, 3])
def test_the_check_finds_nothing_wrong_with_what_is_right(told: int):
    """All of it acknowledged, or all but the last batch, which was under way."""
    assert faults(ALL, {"ann": TOLD[:told]}) == []


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (ALL[:3], 3),  # the last is lost
        (ALL[1:], 3),  # the first is lost
        (ALL[:2], 1),  # half a batch
        (ALL[:4], 2),  # half an undo
        (ALL, 1),  # two batches that nobody was told of
        ([ONE, *UNDO, *TWO], 3),  # in another order
    ],
)
def test_the_check_finds_what_is_wrong(events: list[Event], told: int):
    """What is lost, torn, invented or turned round is named."""
    assert faults(events, {"ann": TOLD[:told]})
