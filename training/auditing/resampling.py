"""Intervals and chance where tiles of one scan are not independent: whole groups are drawn."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
INTERVAL = (0.025, 0.975)

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
Groups = NDArray[np.intp]


def draws(groups: Groups, seed: int, count: int = RESAMPLES) -> Iterator[Values]:
    """Yield (m,) how often each tile counts when the groups are drawn with replacement."""
    total = int(groups.max()) + 1
    rng = np.random.default_rng(seed)
    for _ in range(count):
        weights = np.bincount(rng.integers(total, size=total), minlength=total)
        yield weights[groups].astype(np.float64)


def dealt_anew(codes: NDArray[np.intp], groups: Groups, rng: np.random.Generator) -> Groups:
    """Return (m,) classes with whole groups' classes dealt out among the groups.

    A group of another size takes some of the other's classes, or some twice. So what a
    group's tiles have in common stays together, and only its tie with the tiles is cut.
    """
    if int(groups.max()) + 1 == len(groups):  # each tile is a group of its own
        return rng.permutation(codes)
    order = np.argsort(groups, kind="stable")
    ends = np.cumsum(np.bincount(groups))
    lists = np.split(codes[order], ends[:-1])
    dealt = [lists[at] for at in rng.permutation(len(lists)).tolist()]
    result = np.empty_like(codes)
    result[order] = np.concatenate(
        [
            rng.permutation(new) if len(new) == len(old) else rng.choice(new, len(old))
            for old, new in zip(lists, dealt, strict=True)
        ]
    )
    return result


class Auc:
    """Area under the ROC curve of fixed scores under many weights; equal scores count half."""

    def __init__(self, positive: Flags, scores: Values) -> None:
        """Sort (m,) scores once."""
        self._order = np.argsort(scores, kind="stable")
        self._positive = positive[self._order]
        self._starts = np.flatnonzero(np.diff(scores[self._order], prepend=-np.inf))

    def __call__(self, weights: Values | None = None) -> float:
        """Return the area for (m,) weights; NaN if one of the two classes has none."""
        weights = np.ones(len(self._order)) if weights is None else weights[self._order]
        ones = np.add.reduceat(np.where(self._positive, weights, 0), self._starts)
        noes = np.add.reduceat(np.where(self._positive, 0, weights), self._starts)
        pairs = ones.sum() * noes.sum()
        if not pairs:
            return float("nan")
        below = np.cumsum(noes) - noes
        return float(ones @ (below + noes / 2) / pairs)


def interval(values: Values) -> tuple[float, float] | None:
    """Return the bounds of 95 % of the values that are numbers; None if half of them are none."""
    known = values[np.isfinite(values)]
    if 2 * len(known) < len(values) or not len(known):
        return None
    low, high = np.quantile(known, INTERVAL).tolist()
    return low, high
