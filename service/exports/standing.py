"""How each stored tile stood after a certain event."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from service.decisions.events import Event
from service.decisions.reviewed import State, opinions_of, state_of
from service.state import Serving

By: TypeAlias = Literal["decision", "verdict"]
"""Whether people decided, or the screening alone did."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one tile stands.

    row: of the tile. state: what was decided, else the verdict. by: which of the two.
    opinions: what each reviewer decided, in the order of time.
    """

    row: int
    state: State
    by: By
    opinions: list[Event]


def standings(serving: Serving, through: int) -> Iterator[Standing]:
    """Yield how every stored tile stood after the event `through`, in the order of ids."""
    for row in range(len(serving.catalog.ids)):
        history = serving.reviewed.history(row)
        opinions = opinions_of(event for event in history if event.seq <= through)
        decided = state_of(opinions)
        if decided is None:
            yield Standing(row, serving.findings.verdict(row), "verdict", opinions)
        else:
            yield Standing(row, decided, "decision", opinions)
