"""What the page of progress shows: the curve as SVG, and numbers as words."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.reviewing.board import Board
from service.reviewing.estimate import LEVEL
from service.reviewing.progress import Looker
from service.reviewing.stopping import Advice, Review

WIDTH, HEIGHT = 800, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 28, 12, 40


@dataclass(frozen=True)
class Tick:
    """A line across the plot: where, and what stands beside it."""

    at: float
    words: str


@dataclass(frozen=True)
class Plot:
    """The curve in a box of WIDTH x HEIGHT; `across` and `up` are ticks, the rest its frame."""

    line: str
    across: Sequence[Tick]
    up: Sequence[Tick]
    words: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


@dataclass(frozen=True)
class Shown:
    """Everything on the page. plot: None before the first decision."""

    advice: Advice
    review: Review
    looked: int
    share: float
    recall: str
    likely: str
    plot: Plot | None
    lookers: Sequence[Looker]
    level: str


def shown(board: Board) -> Shown:
    """Put a review into what the template needs."""
    review, left = board.review, board.review.left
    looked = int(board.stands.looked.sum())
    return Shown(
        advice=board.advice,
        review=review,
        looked=looked,
        share=looked / len(board.stands.looked),
        likely=_between(left.likely, left.low, left.high) if left else "",
        recall=_shares(review) if left else "",
        plot=plot(board.curve) if looked else None,
        lookers=board.lookers,
        level=f"{100 * LEVEL:g} %",
    )


def _between(likely: int, low: int, high: int) -> str:
    return f"{likely:,} ({low:,} to {high:,})"


def _shares(review: Review) -> str:
    left = review.left
    assert left is not None
    shares = [review.recall(count) for count in (left.likely, left.high, left.low)]
    if None in shares:
        return ""
    likely, low, high = (f"{int(100 * (share or 0))} %" for share in shares)
    return f"{likely} ({low} to {high})"


def plot(curve: Sequence[tuple[int, int]]) -> Plot:
    """Draw (looked at, found) points; the first is (0, 0)."""
    most, highest = max(curve[-1][0], 1), max(curve[-1][1], 1)
    wide, tall = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def place(looked: float, found: float) -> tuple[float, float]:
        return (
            round(_LEFT + wide * looked / most, 1),
            round(HEIGHT - _BOTTOM - tall * found / highest, 1),
        )

    points = [place(*point) for point in curve]
    return Plot(
        line=" ".join(f"{x},{y}" for x, y in points),
        across=[Tick(place(value, 0)[0], f"{value:,}") for value in _ticks(most)],
        up=[Tick(place(0, value)[1], f"{value:,}") for value in _ticks(highest)],
        words=f"Of {curve[-1][0]:,} looked at, {curve[-1][1]:,} found",
    )


def _ticks(highest: int) -> list[int]:
    """Return up to five round numbers from 0 to the highest."""
    step = 1
    while highest // step > 4:  # noqa: PLR2004, more would stand too close
        step = step * 2 if str(step)[0] != "2" else step * 5 // 2
    return list(range(0, highest + 1, step))
