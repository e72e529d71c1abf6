"""How well a concept is told apart on scans whose examples it was not taught."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bundle.teaching import Background, Marked, Values, teach

_LOWER = "Tiles that nobody marked stand for negative examples, so these are lower bounds."
_FOLDS = 10
_LEAST = 2
"""Scans with positive examples: one to teach, one to ask."""


@dataclass(frozen=True)
class HeldOut:
    """Figures of held-out examples, None where they cannot be told; `note` says why.

    scans: that were held out in turn. Tiles nobody marked stand for negatives if there are none.
    """

    scans: int
    average_precision: float | None = None
    auc: float | None = None
    note: str = ""


def hold_out(
    background: Background, scans: NDArray[np.int32], positive: Marked, negative: Marked
) -> HeldOut:
    """Teach without the examples of some scans at a time, and rank those that were left out.

    Args:
        background: all stored tiles.
        scans: (n,) number of each tile's scan, -1 when not known.
        positive: rows of examples that show it.
        negative: rows of examples that do not.
    """
    of = np.unique(scans[positive][scans[positive] >= 0])
    if len(of) < _LEAST:
        told = "1 scan" if len(of) else "no known scan"
        return HeldOut(len(of), note=f"Positive examples come from {told}; two are needed.")
    others = np.setdiff1d(scans[negative][scans[negative] >= 0], of)
    folds = np.concatenate([of, others])  # those with positive examples in different ones
    against = negative if len(negative) else _unmarked(len(background), positive)
    marked = np.concatenate([positive, against])
    values = np.full(len(marked), np.nan)
    for fold in range(min(_FOLDS, len(folds))):
        out = np.isin(scans, folds[fold::_FOLDS])
        inside = positive[~out[positive]]
        found = teach(background, inside, negative[~out[negative]])
        here = out[marked]
        values[here] = found.values[marked[here]]
    kept = ~np.isnan(values)
    shown = (np.arange(len(marked)) < len(positive))[kept]
    if shown.all():
        return HeldOut(len(of), note="The scan of no negative example is known.")
    note = "" if len(negative) else _LOWER
    precision, area = _figures(values[kept], shown)
    return HeldOut(len(of), precision, area, note)


def _unmarked(count: int, positive: Marked) -> Marked:
    return np.setdiff1d(np.arange(count), positive)


def _figures(values: Values, shown: NDArray[np.bool_]) -> tuple[float, float]:
    """Return average precision and area under the curve; ties stand as they come."""
    order = np.argsort(-values, kind="stable")
    hits = np.cumsum(shown[order])
    precision = (hits / np.arange(1, len(order) + 1))[shown[order]].mean()
    pairs = shown.sum() * (~shown).sum()
    return float(precision), float((hits[~shown[order]]).sum() / pairs)
