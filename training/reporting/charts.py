"""Line charts as plain geometry; templates/chart.html turns them into inline SVG.

Written by hand rather than by a plotting library: three curves need no second set of fonts
and identifiers, and the page's own style sheet colours them for light, dark and print.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isclose, log10
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.spread import spread

Kind: TypeAlias = Literal["first", "second", "chosen", "study"]
WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 14, 46
_TICKS = 6
_LABEL_STEP = 16  # pixels between the labels of neighbouring marks
_MOST_POINTS = 400


@dataclass(frozen=True)
class Line:
    """One curve: its name in the legend, and (n,) values along both axes."""

    name: str
    x: NDArray[np.floating]
    y: NDArray[np.floating]
    kind: Kind = "first"
    dots: bool = False


@dataclass(frozen=True)
class Mark:
    """A straight line across the chart at a value of one axis."""

    label: str
    at: float
    kind: Kind = "chosen"
    axis: Literal["x", "y"] = "x"


@dataclass(frozen=True)
class Chart:
    """What is to be drawn. Marks that lie outside the curves widen the axes."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    marks: Sequence[Mark] = ()
    log_x: bool = False
    y_range: tuple[float, float] | None = None
    counted: Literal["", "x", "y"] = ""  # the axis that has whole numbers only


@dataclass(frozen=True)
class Tick:
    """A place on an axis in pixels, with its text."""

    at: float
    text: str


@dataclass(frozen=True)
class DrawnMark:
    """A mark in pixels: the line's two ends and the place of its label."""

    mark: Mark
    ends: tuple[float, float, float, float]
    text_at: tuple[float, float]
    anchor: Literal["start", "end"]


@dataclass(frozen=True)
class Drawing:
    """A chart in pixels; `curves` holds each line with its points as SVG wants them."""

    chart: Chart
    curves: list[tuple[Line, str, list[tuple[float, float]]]]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    marks: list[DrawnMark]
    box: tuple[int, int, int, int] = (LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM)
    size: tuple[int, int] = (WIDTH, HEIGHT)


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    start: float
    end: float
    log: bool = False
    step: float = 0.0

    def place(self, value: float) -> float:
        """Return the pixel of a value."""
        low, high = (log10(self.low), log10(self.high)) if self.log else (self.low, self.high)
        share = ((log10(value) if self.log else value) - low) / (high - low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[Tick]:
        linear = ticks(self.low, self.high, least=self.step)
        values = log_ticks(self.low, self.high) if self.log else linear
        return [Tick(self.place(value), f"{value:,.6g}") for value in values]


def draw(chart: Chart) -> Drawing:
    """Lay a chart out in pixels."""
    x_values = [*_marks_on(chart, "x"), *_ends(chart, "x")]
    y_values = [*_marks_on(chart, "y"), *(chart.y_range or _ends(chart, "y"))]
    x = _Axis(
        *_bounds(x_values, chart.log_x), LEFT, WIDTH - RIGHT, chart.log_x, chart.counted == "x"
    )
    y = _Axis(*_bounds(y_values), HEIGHT - BOTTOM, TOP, step=chart.counted == "y")
    curves = []
    for line in chart.lines:
        thin = spread(len(line.x), _MOST_POINTS)
        points = [(x.place(float(line.x[at])), y.place(float(line.y[at]))) for at in thin]
        path = " ".join(f"{left:g},{top:g}" for left, top in points)
        curves.append((line, path, points if line.dots else []))
    ordered = sorted(chart.marks, key=lambda mark: mark.at)
    marks = [_draw_mark(mark, number, x, y) for number, mark in enumerate(ordered)]
    return Drawing(chart, curves, x.ticks(), y.ticks(), marks)


def _draw_mark(mark: Mark, number: int, x: _Axis, y: _Axis) -> DrawnMark:
    if mark.axis == "y":
        at = y.place(mark.at)
        return DrawnMark(mark, (x.start, at, x.end, at), (x.start + 8, at - 6), "start")
    at = x.place(mark.at)
    left_half = at < (x.start + x.end) / 2
    beside = at + 5 if left_half else at - 5
    # Labels go down like stairs, so that marks close to each other stay legible.
    height = y.end + 14 + number * _LABEL_STEP
    return DrawnMark(
        mark, (at, y.start, at, y.end), (beside, height), "start" if left_half else "end"
    )


def _marks_on(chart: Chart, axis: str) -> list[float]:
    return [mark.at for mark in chart.marks if mark.axis == axis]


def _ends(chart: Chart, axis: Literal["x", "y"]) -> list[float]:
    columns = [line.x if axis == "x" else line.y for line in chart.lines]
    return [float(end) for column in columns for end in (column.min(), column.max())]


def _bounds(values: Sequence[float], log: bool = False) -> tuple[float, float]:
    low, high = min(values), max(values)
    if isclose(low, high, rel_tol=1e-6, abs_tol=1e-12):
        return (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
    if log:
        return low / 1.1, high * 1.1
    room = 0.04 * (high - low)
    return low - room if low else low, high + room


def ticks(low: float, high: float, *, least: float = 0) -> list[float]:
    """Return a few round values from `low` to `high`, 1, 2 or 5 times a power of ten apart.

    Args:
        low: start of the axis.
        high: its end, greater.
        least: the smallest step.
    """
    rough = max((high - low) / _TICKS, least)
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    numbers = range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)
    return [number * step for number in numbers]


def log_ticks(low: float, high: float) -> list[float]:
    """Return the values 1, 2 and 5 times a power of ten that lie from `low` to `high`."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    values = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return [value for value in values if low <= value <= high]
