"""Charts: ticks, places, marks."""

import numpy as np
import pytest

from training.reporting.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    TOP,
    Chart,
    Line,
    Mark,
    draw,
    log_ticks,
    ticks,
)

STAIRS = Line("stairs", np.array([0.0, 1.0, 2.0]), np.array([0.0, 5.0, 10.0]), dots=True)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0, 100, [0, 20, 40, 60, 80, 100]), (0.9, 2.2, None)],
)
def test_ticks_are_round(low: float, high: float, expected: list[float] | None):
    """Ticks lie inside the axis, 1, 2 or 5 times a power of ten apart."""
    found = ticks(low, high)
    assert low <= min(found)
    assert max(found) <= high
    assert expected is None or found == pytest.approx(expected)


def test_counts_have_whole_ticks():
    """An axis of counts has no tick between two whole numbers."""
    assert ticks(0.9, 3.1, least=1) == [1, 2, 3]


def test_log_ticks():
    """A logarithmic axis has ticks at 1, 2 and 5 times powers of ten."""
    assert log_ticks(0.4, 12) == pytest.approx([0.5, 1, 2, 5, 10])


def test_curve_fills_the_box():
    """The first point lies at the origin of the box, and y grows upward."""
    drawing = draw(Chart("", "", "", [STAIRS]))
    (_, _, dots), *_ = drawing.curves
    assert dots[0] == (LEFT, HEIGHT - BOTTOM)
    assert dots[2][1] < dots[1][1] < dots[0][1]
    assert dots[2][1] >= TOP


def test_marks_widen_the_axis():
    """A mark beyond the curve is still inside the box."""
    drawing = draw(Chart("", "", "", [STAIRS], [Mark("far", 8.0)]))
    x1, _, x2, _ = drawing.marks[0].ends
    left, _, right, _ = drawing.box
    assert left < x1 == x2 < right


def test_labels_of_close_marks_do_not_cover_each_other():
    """Two marks at almost one place have labels at different heights."""
    drawing = draw(Chart("", "", "", [STAIRS], [Mark("a", 0.5), Mark("b", 0.51)]))
    first, second = (mark.text_at[1] for mark in drawing.marks)
    assert second - first >= 12


def test_long_curves_are_thinned():
    """A curve of 62,000 points becomes a few hundred, its ends kept."""
    values = np.linspace(0, 1, 62_000)
    drawing = draw(Chart("", "", "", [Line("", values, values)]))
    points = drawing.curves[0][1].split()
    whole = draw(Chart("", "", "", [Line("", values[[0, -1]], values[[0, -1]])]))
    assert len(points) <= 400
    assert [points[0], points[-1]] == whole.curves[0][1].split()


@pytest.mark.parametrize("log", [False, True])
def test_flat_curve_is_drawn(log: bool):
    """A single epoch or a constant curve has an axis all the same."""
    one = Line("", np.array([1.0]), np.array([0.5]))
    drawing = draw(Chart("", "", "", [one], log_x=log))
    left, top, right, bottom = drawing.box
    x, y = map(float, drawing.curves[0][1].split(","))
    assert left < x < right
    assert top < y < bottom
