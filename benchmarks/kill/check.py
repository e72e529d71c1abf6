"""What must be in the database after a kill, and what is there.

A writer is one reviewer who sends one batch after another and waits for each to be acknowledged.
So the database must hold the acknowledged batches of each writer, whole and in their order, and at
most one more, whole as well: that which was under way when the process was killed.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal, NamedTuple

from service.decisions.events import Event


class Acknowledged(NamedTuple):
    """What the answer to one request named: the batch, an event of it, or the batch it undid."""

    names: Literal["batch", "seq", "undone"]
    value: str


def note(number: int, size: int) -> str:
    """Return the comment of each decision of a batch: which it is, and how many belong to it."""
    return f"{number}/{size}"


def faults(
    events: Sequence[Event], acknowledged: Mapping[str, Sequence[Acknowledged]]
) -> list[str]:
    """Return a sentence for all that is wrong; none if nothing was lost, torn or invented.

    Args:
        events: of these writers, in the order of their numbers.
        acknowledged: of each writer, in the order of the answers.
    """
    found = []
    for writer in sorted(acknowledged.keys() | {event.reviewer for event in events}):
        own = [event for event in events if event.reviewer == writer]
        batches = [list(batch) for _, batch in groupby(own, key=attrgetter("batch"))]
        answers = acknowledged.get(writer, ())
        found += [f"{writer}: {fault}" for fault in _of_one(batches, answers)]
    return found


def _of_one(batches: list[list[Event]], answers: Sequence[Acknowledged]) -> Iterable[str]:
    for answer, batch in zip(answers, batches, strict=False):
        if answer.value not in _names(batch, answer.names):
            yield f"{answer.value} was acknowledged, {batch[0].batch} stands in its place"
    for lost in answers[len(batches) :]:
        yield f"{lost.value} was acknowledged and is not there"
    for extra in batches[len(answers) + 1 :]:
        yield f"{extra[0].batch} is there, and only one batch was under way"
    sizes = {batch[0].batch: len(batch) for batch in batches}
    for batch in batches:
        size = _size(batch, sizes)
        if len(batch) != size:
            yield f"{len(batch)} of {size} events of {batch[0].batch} are there"


def _names(batch: list[Event], kind: Literal["batch", "seq", "undone"]) -> set[str]:
    if kind == "seq":
        return {str(event.seq) for event in batch}
    return {str(event.undoes if kind == "undone" else event.batch) for event in batch}


def _size(batch: list[Event], sizes: Mapping[str, int]) -> int:
    """Return how many events belong to a batch: an undo has those of what it takes back."""
    undone = batch[0].undoes
    if undone is not None:
        return sizes.get(undone, 0)
    return int(str(batch[0].comment).partition("/")[2])
