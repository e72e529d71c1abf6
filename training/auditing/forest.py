"""Figures with intervals as rows along one axis; the page's template turns them into SVG."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, log10
from typing import Literal

from training.reporting.charts import Tick, log_ticks, ticks

WIDTH = 640
_LEFT, _RIGHT = 236, 620
_TOP, _STEP, _BOTTOM = 6, 22, 22
_TICK_ROOM = 34  # pixels between the labels of an axis, of which half stand right of the last
_WIDEST = 1000.0

Kind = Literal["first", "second", "chosen"]


@dataclass(frozen=True)
class Row:
    """One figure: its name, what is written beside it, its value and 95 % interval.

    A bound that is None where there is an interval lies beyond all bounds. band: grey behind
    it, as what chance gives.
    """

    label: str
    value: float
    low: float | None
    high: float | None
    kind: Kind = "first"
    band: tuple[float, float] | None = None


@dataclass(frozen=True)
class Placed:
    """A row in pixels; arrows say on which sides the interval goes on beyond the axis."""

    row: Row
    y: float
    at: float
    line: tuple[float, float] | None
    band: tuple[float, float] | None
    arrows: list[float]


@dataclass(frozen=True)
class Forest:
    """A figure of rows. even: the value that means nothing was found."""

    title: str
    axis: str
    rows: list[Placed] = field(repr=False)
    ticks: list[Tick] = field(repr=False)
    even: float
    height: int
    width: int = WIDTH
    left: int = _LEFT
    right: int = _RIGHT
    bottom: int = 0


def lay_out(
    title: str, axis: str, rows: Sequence[Row], *, even: float, log: bool = False
) -> Forest:
    """Lay rows out in pixels.

    Args:
        title: of the figure.
        axis: what the axis measures.
        rows: from top to bottom; values on a logarithmic axis are above 0.
        even: the value that means nothing was found; always on the axis.
        log: the axis is logarithmic.
    """
    low, high = _ends(rows, even, log=log)

    def place(value: float) -> float:
        a, b, v = (log10(one) if log else one for one in (low, high, min(max(value, low), high)))
        return round(_LEFT + (v - a) / (b - a) * (_RIGHT - _LEFT), 1)

    placed = []
    for number, row in enumerate(rows):
        ends = (low if row.low is None else row.low, high if row.high is None else row.high)
        known = not (row.low is None and row.high is None)
        placed.append(
            Placed(
                row=row,
                y=_TOP + _STEP * (number + 0.5),
                at=place(row.value),
                line=(place(ends[0]), place(ends[1])) if known else None,
                band=(place(row.band[0]), place(row.band[1])) if row.band else None,
                arrows=_arrows(row, low, high) if known else [],
            )
        )
    values = log_ticks(low, high) if log else ticks(low, high)
    bottom = _TOP + _STEP * len(rows)
    return Forest(
        title=title,
        axis=axis,
        rows=placed,
        ticks=_thinned([Tick(place(value), f"{value:,.4g}") for value in values]),
        even=place(even),
        height=bottom + _BOTTOM,
        bottom=bottom,
    )


def _ends(rows: Sequence[Row], even: float, *, log: bool) -> tuple[float, float]:
    values = [even]
    for row in rows:
        given = (row.value, row.low, row.high, *(row.band or ()))
        values += [one for one in given if one is not None and isfinite(one)]
    if log:
        values = [min(max(one, 1 / _WIDEST), _WIDEST) for one in values]
        return min(values) / 1.3, max(values) * 1.3
    room = max(0.05 * (max(values) - min(values)), 0.005)
    return min(values) - room, max(values) + room


def _arrows(row: Row, low: float, high: float) -> list[float]:
    """Return the ends at which an interval leaves the axis: -1 left, 1 right."""
    beyond = []
    if row.low is None or row.low < low:
        beyond.append(-1.0)
    if row.high is None or row.high > high:
        beyond.append(1.0)
    return beyond


def _thinned(found: list[Tick]) -> list[Tick]:
    """Leave out the labels that would lie on each other."""
    kept: list[Tick] = []
    for tick in found:
        if not kept or tick.at - kept[-1].at >= _TICK_ROOM:
            kept.append(tick)
    return kept
