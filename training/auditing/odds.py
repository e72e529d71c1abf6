"""Odds ratios of a mark against a class, for small counts and for tiles that hang together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact, norm
from scipy.stats.contingency import odds_ratio

from training.auditing.resampling import (
    RESAMPLES,
    Flags,
    Groups,
    Values,
    dealt_anew,
    draws,
    interval,
)

PERMUTATIONS = 1000
ROUNDS = RESAMPLES + PERMUTATIONS
"""Draws and deals of one table."""
_SMALL = 5
"""A cell of the table below which the interval is exact instead of Woolf's."""
MOST_EXACT = 2000
"""Tiles in the least row or column beyond which it is Woolf's after all: the exact one takes a
second a thousand."""
SURE = 0.05
"""p below which chance is left out."""
_HALF = 0.5
"""What Haldane and Anscombe add to each cell, so that a table with a 0 has a ratio."""


@dataclass(frozen=True)
class Odds:
    """One 2 x 2 table of marked and not against a class and the rest.

    table: marked in the class, not marked in it, marked in the rest, not marked there.
    ratio: with Haldane's half where a cell is 0. low, high: 95 %, taking tiles as independent,
        exact for small counts in small tables (`method`); None is beyond all bounds.
    group_low, group_high: 95 % when the groups are drawn; None where too few draws have
        both classes, and tiles with and without the mark.
    p_exact: Fisher's. p_groups: share of deals of the groups' classes that lie as far from 1.
    """

    mark: str
    name: str
    table: tuple[int, int, int, int]
    ratio: float
    low: float | None
    high: float | None
    method: str
    group_low: float | None
    group_high: float | None
    p_exact: float
    p_groups: float


def take_odds(
    mark: str,
    name: str,
    marked: Flags,
    inside: Flags,
    groups: Groups,
    *,
    seed: int,
    advance: Callable[[], object] = lambda: None,
) -> Odds:
    """Measure one table.

    Args:
        mark: what `marked` means, in words.
        name: the class.
        marked: (m,) tiles that have the mark.
        inside: (m,) tiles of the class.
        groups: (m,) what hangs together, numbered from 0.
        seed: of draws and deals.
        advance: called after each of the ROUNDS.
    """
    cells = _cells(marked, inside)
    table = np.array(cells).reshape(2, 2)
    ratio, (low, high, method) = haldane(*cells), _plain(table)
    drawn = []
    for weights in draws(groups, seed):
        drawn.append(_weighted(marked, inside, weights))
        advance()
    bounds = interval(np.array(drawn))
    return Odds(
        mark=mark,
        name=name,
        table=cells,
        ratio=ratio,
        low=low,
        high=high,
        method=method,
        group_low=bounds[0] if bounds else None,
        group_high=bounds[1] if bounds else None,
        p_exact=float(fisher_exact(table).pvalue),
        p_groups=_chance(marked, inside, groups, ratio, seed=seed, advance=advance),
    )


def predicts(one: Odds) -> bool:
    """Tell whether the tie is beyond chance, taking tiles of one group as one.

    Both must say so: the interval, for which groups are drawn, and p, for which their classes are
    dealt out. They are two methods, and where groups are few they may disagree.
    """
    return apart(one) and one.p_groups < SURE


def apart(one: Odds) -> bool:
    """Tell whether the interval, for which groups are drawn, leaves out 1."""
    return (one.group_low is not None and one.group_low > 1) or (
        one.group_high is not None and one.group_high < 1
    )


def strongest_first(odds: Sequence[Odds]) -> list[Odds]:
    """Sort classes by how surely they have the lettering, then by how much of it.

    A class of few tiles has a large ratio by chance, by Haldane's half even without a mark.
    """

    def strength(one: Odds) -> tuple[bool, bool, float]:
        has = one.table[0] > 0
        return has and one.ratio > 1 and predicts(one), has, one.ratio

    return sorted(odds, key=strength, reverse=True)


def haldane(a: float, b: float, c: float, d: float) -> float:
    """Return (a d) / (b c), with half a tile more in each cell where one is empty."""
    extra = _HALF if min(a, b, c, d) == 0 else 0.0
    return float((a + extra) * (d + extra) / ((b + extra) * (c + extra)))


def _cells(marked: Flags, inside: Flags) -> tuple[int, int, int, int]:
    return (
        int((marked & inside).sum()),
        int((~marked & inside).sum()),
        int((marked & ~inside).sum()),
        int((~marked & ~inside).sum()),
    )


def _plain(table: NDArray[np.int_]) -> tuple[float | None, float | None, str]:
    if not (table.sum(axis=0).all() and table.sum(axis=1).all()):
        return None, None, "none: a row or column of the table is empty"
    least = min(table.sum(axis=0).min(), table.sum(axis=1).min())
    if table.min() < _SMALL and least <= MOST_EXACT:
        bounds = odds_ratio(table, kind="conditional").confidence_interval(0.95)
        low, high = (float(one) if np.isfinite(one) else None for one in bounds)
        return low, high, "exact"
    cells = table if table.min() else table + _HALF
    spread = float(norm.ppf(0.975) * np.sqrt((1 / cells).sum()))
    middle = np.log(haldane(*table.ravel().tolist()))
    return float(np.exp(middle - spread)), float(np.exp(middle + spread)), "Woolf"


def _weighted(marked: Flags, inside: Flags, weights: Values) -> float:
    """Return the ratio of a draw; NaN where it has one class only, or no mark and no other."""
    cells = np.bincount(2 * inside + ~marked, weights, minlength=4)
    rest_marked, rest, class_marked, class_rest = cells.tolist()
    classes, marks = class_marked + class_rest, class_marked + rest_marked
    if not (0 < classes < cells.sum() and 0 < marks < cells.sum()):
        return float("nan")
    return haldane(class_marked, class_rest, rest_marked, rest)


def _chance(
    marked: Flags,
    inside: Flags,
    groups: Groups,
    ratio: float,
    *,
    seed: int,
    advance: Callable[[], object],
) -> float:
    rng = np.random.default_rng([seed, 1])
    codes, away = inside.astype(np.intp), abs(np.log(ratio)) * (1 - 1e-9)
    ones = np.ones(len(marked))
    as_far = 0
    for _ in range(PERMUTATIONS):
        again = _weighted(marked, dealt_anew(codes, groups, rng).astype(bool), ones)
        as_far += bool(np.isnan(again) or abs(np.log(again)) >= away)
        advance()
    return (1 + as_far) / (1 + PERMUTATIONS)
