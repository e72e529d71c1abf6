"""Figures of the proof over all seeds, with intervals over seeds and held-out groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.auditing.proof import ARMS, SETS, Run
from training.auditing.resampling import RESAMPLES, Auc, Groups, Values, interval

MEASURES = ("auc", "accuracy")
FEWEST_GROUPS = 5
"""Groups with scored tiles, of each class, below which draws of them tell no interval."""


@dataclass(frozen=True)
class Figure:
    """One figure of the proof; `by_seed` holds its value for each seed.

    measure: auc or accuracy (balanced, at log-odds 0). what: a set of SETS, "drop" (plain
        minus planted), or for the arm "gain" how much less is lost without the dropped tiles;
        what letters bring there is no saving.
    low, high: 95 % when seeds and held-out groups are drawn, a group for all seeds at once, as
        more seeds are no more patients; None of fewer than FEWEST_GROUPS.
    """

    arm: str
    measure: str
    what: str
    value: float
    low: float | None
    high: float | None
    by_seed: list[float]


def summarise(runs: Sequence[Run], seed: int) -> list[Figure]:
    """Return every figure of both arms, and what cleaning gains."""
    names = np.unique(np.concatenate([run.groups for run in runs]))
    seen = [_Seen(run, names) for run in runs]
    once = np.ones(len(names), dtype=np.intp)
    table = np.stack([one.figures(once) for one in seen])  # (seeds, arms, measures, sets)
    rng = np.random.default_rng([seed, 6])
    few = min(scored_groups(runs)) < FEWEST_GROUPS
    drawn = np.stack([_draw(seen, len(names), rng) for _ in range(RESAMPLES)])
    mean = _columns(table.mean(axis=0, keepdims=True))[0]
    figures = []
    for (arm, measure, what), value, values, many in zip(
        _names(), mean.tolist(), _columns(table).T, _columns(drawn).T, strict=True
    ):
        bounds = None if few else interval(many)
        figures.append(
            Figure(
                arm=arm,
                measure=measure,
                what=what,
                value=value,
                low=bounds[0] if bounds else None,
                high=bounds[1] if bounds else None,
                by_seed=[round(float(value), 4) for value in values],
            )
        )
    return figures


def scored_groups(runs: Sequence[Run]) -> tuple[int, int]:
    """Return in how many groups scored tiles stand: of the class with the letters, of the rest."""
    groups = np.concatenate([run.groups for run in runs])
    inside = np.concatenate([run.inside for run in runs])
    return len(np.unique(groups[inside])), len(np.unique(groups[~inside]))


def _names() -> list[tuple[str, str, str]]:
    names = [
        (arm, measure, what) for arm in ARMS for measure in MEASURES for what in (*SETS, "drop")
    ]
    return names + [("gain", measure, "drop") for measure in MEASURES]


def _columns(table: Values) -> Values:
    """Turn (t, arms, measures, sets) into (t, figures) in the order of `_names`."""
    drops = table[..., :1] - table[..., 1:2]
    whole = np.concatenate([table, drops], axis=-1)
    gains = (drops[:, 0] - drops[:, 1].clip(min=0))[..., 0]
    return np.concatenate([whole.reshape(len(table), -1), gains], axis=1)


def _draw(seen: Sequence["_Seen"], groups: int, rng: np.random.Generator) -> Values:
    """Draw seeds, and groups for all of them: (arms, measures, sets), NaN where no seed has both.

    A seed of which a class was not drawn says nothing, and is left out.
    """
    times = np.bincount(rng.integers(groups, size=groups), minlength=groups)
    chosen = rng.integers(len(seen), size=len(seen))
    drawn = np.stack([seen[at].figures(times) for at in chosen.tolist()])
    whole = drawn[np.isfinite(drawn).all(axis=(1, 2, 3))]
    result: Values = whole.mean(axis=0) if len(whole) else np.full(drawn.shape[1:], np.nan)
    return result


class _Seen:
    """One run, sorted once for a thousand draws."""

    def __init__(self, run: Run, names: Groups) -> None:
        self._groups = np.searchsorted(names, run.groups)
        self._inside = run.inside
        self._areas = [[Auc(run.inside, run.scores[arm][name]) for name in SETS] for arm in ARMS]
        self._right = np.array(
            [[(run.scores[arm][name] > 0) == run.inside for name in SETS] for arm in ARMS]
        )

    def figures(self, times: NDArray[np.intp]) -> Values:
        """Return (arms, measures, sets) where each group counts so often; NaN without a class."""
        weights = times[self._groups].astype(np.float64)
        areas = np.array([[area(weights) for area in arm] for arm in self._areas])
        return np.stack([areas, self._accuracy(weights)], axis=1)

    def _accuracy(self, weights: Values) -> Values:
        halves = []
        for part in (self._inside, ~self._inside):
            total = float(weights[part].sum())
            if not total:
                return np.full(self._right.shape[:2], np.nan)
            halves.append(self._right[..., part] @ weights[part] / total)
        result: Values = np.mean(halves, axis=0)
        return result
