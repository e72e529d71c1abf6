"""How well artefacts alone tell the class: a probe of what screening says, not of pictures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from bundle.bundle import Bundle
from bundle.screening import PLACED, REASONS
from training.auditing.resampling import Auc, Flags, Groups, Values, dealt_anew, draws, interval

PERMUTATIONS = 100
_FOLDS = 5
_FAR = 12.0
"""Log-odds at which scores near 0 and 1 are cut."""


@dataclass(frozen=True)
class Probe:
    """Area under the ROC curve of the probe for a class against the rest, groups held out.

    auc: None where no group can be held out. low, high: 95 % when the groups are drawn.
    chance_low, chance_high: 95 % of the same probe where the groups' classes were dealt anew.
    p: share of those deals that reach the area.
    """

    name: str
    auc: float | None
    low: float | None = None
    high: float | None = None
    chance_low: float | None = None
    chance_high: float | None = None
    p: float | None = None


def artefact_features(bundle: Bundle, rows: NDArray[np.intp]) -> tuple[Values, list[str]]:
    """Return (m, f) float64 of what the bundle says of artefacts, and the columns' names.

    Scores of the five reasons, the log-odds of lettering, how much of the tile each place
    covers, and the size of the tile as it was given. Nothing of the picture itself.
    """
    scores = np.array(bundle.scores[rows], dtype=np.float64)
    chance = np.clip(scores[:, :1], 1e-9, 1 - 1e-9)
    lettering = np.clip(np.log(chance / (1 - chance)), -_FAR, _FAR)
    boxes = np.array(bundle.arrays["boxes.npy"][rows], dtype=np.float64)
    area = (boxes[:, :, 2] - boxes[:, :, 0]) * (boxes[:, :, 3] - boxes[:, :, 1])
    sizes = np.array(bundle.arrays["tile_sizes.npy"][rows], dtype=np.float64)
    columns = [
        *(f"score of {reason}" for reason in REASONS),
        "log-odds of LETTERING",
        *(f"share covered by {reason}" for reason in REASONS[:PLACED]),
        *("height as given", "width as given"),
    ]
    side = bundle.manifest.preprocessing.side
    return np.concatenate([scores, lettering, area / side**2, sizes], axis=1), columns


def take_probe(
    name: str,
    features: Values,
    inside: Flags,
    groups: Groups,
    *,
    seed: int,
    advance: Callable[[], object],
) -> Probe:
    """Measure the probe of one class.

    Args:
        name: the class.
        features: (m, f) float64.
        inside: (m,) tiles of the class.
        groups: (m,) what is held out together, numbered from 0.
        seed: of folds, draws and deals.
        advance: called after each of `PERMUTATIONS` + 1 rounds.
    """
    scores = held_out_scores(features, inside, groups, seed)
    advance()
    if scores is None:
        for _ in range(PERMUTATIONS):
            advance()
        return Probe(name, None)
    area = Auc(inside, scores)
    value = area()
    bounds = interval(np.array([area(weights) for weights in draws(groups, seed)]))
    chance = _chance(features, inside, groups, seed, advance)
    usual = interval(chance)
    known = chance[np.isfinite(chance)]
    return Probe(
        name=name,
        auc=value,
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
        chance_low=usual[0] if usual else None,
        chance_high=usual[1] if usual else None,
        p=float((1 + (known >= value).sum()) / (1 + len(known))),
    )


def _chance(
    features: Values,
    inside: Flags,
    groups: Groups,
    seed: int,
    advance: Callable[[], object],
) -> Values:
    rng = np.random.default_rng([seed, 2])
    found = np.full(PERMUTATIONS, np.nan)
    for turn in range(PERMUTATIONS):
        dealt = dealt_anew(inside.astype(np.intp), groups, rng).astype(bool)
        scores = held_out_scores(features, dealt, groups, seed)
        if scores is not None:
            found[turn] = Auc(dealt, scores)()
        advance()
    return found


def held_out_scores(features: Values, inside: Flags, groups: Groups, seed: int) -> Values | None:
    """Return (m,) log-odds of a logistic regression that never saw the tile's group.

    None where a class is of one group, or a fold would have to learn from one class.
    """
    fewest = min(len(np.unique(groups[inside])), len(np.unique(groups[~inside])))
    if fewest < 2:  # noqa: PLR2004  (a pair)
        return None
    scores = np.empty(len(inside))
    folds = StratifiedGroupKFold(n_splits=min(_FOLDS, fewest), shuffle=True, random_state=seed)
    for seen, held_out in folds.split(features, inside, groups):
        if inside[seen].all() or not inside[seen].any():
            return None
        if not np.ptp(features[seen], axis=0).any():  # nothing to learn from
            scores[held_out] = 0.0
            continue
        # L-BFGS: Newton's steps are faster, but may not converge where artefacts tell all.
        model = LogisticRegression(class_weight="balanced", max_iter=1_000)
        probe = make_pipeline(StandardScaler(), model)
        with threadpool_limits(1):  # a dozen columns: threads would only wait for each other
            probe.fit(features[seen], inside[seen])
            scores[held_out] = probe.decision_function(features[held_out])
    return scores
