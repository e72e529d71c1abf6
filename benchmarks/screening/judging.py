"""From a peer's answers to its figures: every variant, and the best of them by measure.

The rule, fixed before any figure was seen: for each measure, the peer's best variant on the
very collection that is reported, chosen with its labels. That is a favour to the peers;
our own bundles have one variant, their space as it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.screening.data import Collection
from benchmarks.screening.measures import TITLES, Finding, of_both, of_points, of_scores
from benchmarks.screening.outputs import Output
from bundle.arrays import Points
from training.measuring.measures import measure

_SEED = 42


@dataclass(frozen=True)
class _Best:
    value: float
    variant: str
    finding: Finding
    tiles_per_s: float


def judge(collection: Collection, outputs: list[Output], spaces: tuple[str, ...]) -> dict[str, Any]:
    """Return the best variant of each measure with its interval, and all variants' figures.

    Args:
        collection: the tiles that were asked about.
        outputs: the answers.
        spaces: ways to take distances, see `catalogue.SPACES`.
    """
    best: dict[str, _Best] = {}
    variants: dict[str, dict[str, float]] = {}
    for name, rate, finding in _findings(collection, outputs, spaces):
        value = finding.statistic(np.ones(len(collection)))
        if value is None:
            continue
        variants.setdefault(name, {})[finding.key] = round(value, 4)
        if finding.key not in best or value > best[finding.key].value:
            best[finding.key] = _Best(value, name, finding, rate)
    return {
        "tiles_per_s": {one.name or "all": one.tiles_per_s for one in outputs},
        "measures": _intervals(collection, best),
        "variants": variants,
    }


def _findings(
    collection: Collection, outputs: list[Output], spaces: tuple[str, ...]
) -> Iterator[tuple[str, float, Finding]]:
    for output in outputs:
        for name, scores in output.scores.items():
            title = ", ".join(filter(None, [output.name, name]))
            for finding in of_scores(collection, scores):
                yield title, output.tiles_per_s, finding
        for name, features in output.features.items():
            for space in spaces:
                title = ", ".join(filter(None, [output.name, name, space]))
                points = in_space(features, space)
                for finding in of_points(collection, points, output.index):
                    yield title, output.tiles_per_s, finding
                for scores in output.scores.values() if output.together else ():
                    for finding in of_both(collection, points, scores):
                        yield title, output.tiles_per_s, finding


def in_space(features: Points, space: str) -> Points:
    """Return (n, d) float32 features in which euclidean distances are those of a space."""
    points = features.astype(np.float64)
    for step in space.split(", "):
        if step == "scaled":
            spread = points.std(axis=0)
            points = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1)
        elif step == "unit":
            points = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
    return points.astype(np.float32)


def _intervals(collection: Collection, best: Mapping[str, _Best]) -> dict[str, dict[str, Any]]:
    taken = {}
    for key in (key for key in TITLES if key in best):
        one = best[key]
        found = measure(
            key, TITLES[key], one.finding.statistic, groups=collection.scans, seed=_SEED
        )
        taken[key] = {
            "value": round(one.value, 4),
            "low": None if found.low is None else round(found.low, 4),
            "high": None if found.high is None else round(found.high, 4),
            "variant": one.variant,
            "tiles_per_s": one.tiles_per_s,
        }
    return taken
