"""How well a concept is told apart on scans whose examples it was not taught."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bundle.teaching import Background, Marked, Values, teach

_FOLDS = 10
LEVEL = 0.95
_QUANTILE = 1.959963984540054
"""Of the normal distribution, for LEVEL."""
_LEAST = 2
"""Scans with positive examples: one to teach, one to ask."""
_AGAINST = 5
"""Negative examples. Tiles that nobody marked cannot stand for them: many may show the concept,
and a good ranking puts those first. With fewer, any order has a high average precision."""


@dataclass(frozen=True)
class HeldOut:
    """Figures of held-out examples, None where they cannot be told; `note` says why.

    scans: with positive examples; they are held out in turn.
    interval: of the average precision, with a confidence of LEVEL, see `_interval`.
    """

    scans: int
    average_precision: float | None = None
    auc: float | None = None
    note: str = ""
    interval: tuple[float, float] | None = None


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
    against = negative[scans[negative] >= 0]
    missing = _missing(len(of), len(against), elsewhere=len(negative) - len(against))
    if missing:
        return HeldOut(len(of), note=missing)
    others = np.setdiff1d(scans[against], of)
    folds = np.concatenate([of, others])  # those with positive examples in different ones
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
    precision, area = _figures(values[kept], shown)
    asked = scans[positive[kept[: len(positive)]]]
    return HeldOut(len(of), precision, area, interval=_interval(precision, asked))


def _missing(scans: int, against: int, elsewhere: int) -> str:
    """Return what is to be marked before there are figures; nothing if enough is.

    Args:
        scans: with positive examples.
        against: negative examples of known scans.
        elsewhere: other negative examples.
    """
    said = []
    if scans < _LEAST:
        told = "1 scan" if scans else "no known scan"
        said.append(f"Positive examples come from {told}; two are needed.")
    if against < _AGAINST:
        told = "1 tile is" if against == 1 else f"{against or 'No'} tiles are"
        known = ", in scans that are known" if elsewhere else ""
        said.append(
            f"{told} marked as not showing it{known}; {_AGAINST} are needed. Mark some that do "
            "not show it, best those that rank high: then a figure can be told."
        )
    return " ".join(said)


def _figures(values: Values, shown: NDArray[np.bool_]) -> tuple[float, float]:
    """Return average precision and area under the curve; tiles of one value come together."""
    mine, others, every = np.sort(values[shown]), np.sort(values[~shown]), np.sort(values)
    hits, found = (len(some) - np.searchsorted(some, mine) for some in (mine, every))
    below, upto = (np.searchsorted(others, mine, side=side) for side in ("left", "right"))
    return float((hits / found).mean()), float((below + upto).mean() / 2 / len(others))


def _interval(precision: float, scans: NDArray[np.int32]) -> tuple[float, float]:
    """Return bounds of the average precision, by Wilson's score.

    It is a mean of numbers in [0, 1], one a positive example, whose variance is at most that of
    yes and no with the same mean. Examples of one scan count together as one: tiles beside each
    other show the same film. So few marks give a wide interval, also where all went well.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927;
    Kish, Survey sampling, 1965, for the number that scans of unequal size count for.

    Args:
        precision: in [0, 1].
        scans: (m,) scan of each positive example that was held out.
    """
    sizes = np.unique(scans, return_counts=True)[1]
    count = float(sizes.sum()) ** 2 / float((sizes**2).sum())
    spread = _QUANTILE**2 / count
    middle = (precision + spread / 2) / (1 + spread)
    room = precision * (1 - precision) / count + spread / (4 * count)
    half = _QUANTILE * room**0.5 / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
