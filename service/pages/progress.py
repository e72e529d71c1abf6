"""What the page of progress shows: the curve as SVG, and numbers as words."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.decisions.agreement import CONFIDENCE, LEAST, Interval, overall, pairs
from service.decisions.events import Event
from service.reviewing.board import MOST_DRAWN, Board
from service.reviewing.estimate import LEVEL
from service.reviewing.progress import Looker
from service.reviewing.stopping import Advice, Review

SAMPLE, BUDGET = 100, 300
"""Tiles of an audit sample where nothing asks for more, and of a budget where so many are left."""
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
class Agreeing:
    """How far reviewers agree. beyond: kappa or alpha with its interval, empty without chance.

    Between two if `who` names them, else among all.
    """

    who: str
    tiles: int
    alike: str
    beyond: str


@dataclass(frozen=True)
class Shown:
    """Everything on the page.

    plot: None before the first decision. sample: tiles that the next audit sample is to have.
    budget: tiles to look at next.
    agreeing: every two reviewers with a tile in common. conflicts: tiles on which they differ.
    """

    advice: Advice
    review: Review
    looked: int
    share: float
    recall: str
    likely: str
    plot: Plot | None
    lookers: Sequence[Looker]
    level: str
    sample: int
    budget: int
    agreeing: Sequence[Agreeing]
    conflicts: int
    confidence: str = f"{100 * CONFIDENCE:g} %"


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
        recall=_shares(review) if left and review.found else "",
        plot=plot(board.curve) if looked else None,
        lookers=board.lookers,
        level=f"{100 * LEVEL:g} %",
        sample=min(board.advice.sample or SAMPLE, review.tiles - review.outside, MOST_DRAWN),
        budget=min(BUDGET, len(board.stands.looked) - looked),
        agreeing=agreeing(board.opinions),
        conflicts=board.conflicts,
    )


def agreeing(opinions: Sequence[Sequence[Event]]) -> list[Agreeing]:
    """Return a line for every two reviewers, and one for all where there are more than two."""
    found = [
        Agreeing(
            " and ".join(pair.reviewers),
            pair.tiles,
            f"{100 * pair.observed:.0f} %",
            _beyond("kappa", pair.kappa, pair.interval),
        )
        for pair in pairs(opinions)
    ]
    if len(found) > 1:
        every = overall(opinions)
        beyond = _beyond("alpha", every.alpha, every.interval)
        found.append(Agreeing("all together", every.tiles, "", beyond))
    return found


def _beyond(name: str, value: float | None, interval: Interval | None) -> str:
    if value is None:
        return ""
    if interval is None:
        return f"too few tiles to tell, fewer than {LEAST}"
    low, high = interval
    return f"{name} {value:.2f} ({low:.2f} to {high:.2f})"


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
