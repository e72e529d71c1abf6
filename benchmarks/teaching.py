"""Teaching by example: AP from a few marks on the labelled scans, and how long it takes.

    python -m benchmarks.teaching --collection NAME=BUNDLE:LABELS.csv ... [--times BUNDLE] [--keep]

Draws are other ones than those by which the numbers in bundle/teaching.py were chosen, but of the
same collections. `alone` is the concept on the tile alone, as a sent tile has it; `placed` ranks
stored tiles, what lies beside them in the scan counted in. Blank and ambiguous tiles are left
out; marked tiles are not ranked.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks import record
from benchmarks.screening.arguments import pair
from benchmarks.screening.measures import calibration_error
from bundle import Bundle, open_bundle
from bundle.concepts import sigmoid
from bundle.screening import REASONS
from bundle.sketches import squared_distances
from bundle.teaching import Background, Marked, Taught, teach
from training.measuring.labels import LabelCsv, read_labels
from training.measuring.measures import precision

DRAWS, GROWN_DRAWS = 100, 20
STEPS = (1, 2, 5, 10, 20)
MARKED = 5
LARGE = 62_000
_SEED = 20_26
_UNLABELLED = 500
_REPEATS = 20
_NONE = np.zeros(0, dtype=np.intp)
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Labelled:
    """A bundle's labelled tiles: rows of the bundle, and which of them hold lettering."""

    background: Background = field(repr=False)
    lettering: NDArray[np.float32] = field(repr=False)
    scans: NDArray[np.int32] = field(repr=False)
    rows: Marked = field(repr=False)
    positive: NDArray[np.bool_] = field(repr=False)

    def ap(self, values: Scores, marked: Marked) -> float:
        """Return the average precision of the labelled tiles that were not marked."""
        kept = ~np.isin(self.rows, marked)
        found = precision(self.positive[kept], values[self.rows][kept], np.ones(kept.sum()))
        assert found is not None
        return found


def read(path: Path, labels: Path) -> Labelled:
    """Read a bundle and its labels."""
    bundle = open_bundle(path)
    found = read_labels(LabelCsv(labels), bundle)
    shown = bundle.scores[found.rows][:, REASONS.index("BLANK")] < 0.5
    return Labelled(
        Background.of(bundle),
        np.asarray(bundle.scores[:, 0]),
        np.asarray(bundle.arrays["scan_numbers.npy"]),
        found.rows[shown],
        found.positive[shown],
    )


def alone(background: Background, taught: Taught) -> Scores:
    """Return (n,) log-odds of the tiles without their places."""
    raw = taught.weights.astype(np.float64)
    return background.along(raw[:-1] * background.scale.clip(max=1e30)) + float(
        raw[:-1] @ background.center + raw[-1]
    )


def five(told: Labelled) -> dict[str, Any]:
    """Return what five marks give, over many draws, beside other ways."""
    rng = np.random.default_rng(_SEED)
    known = told.rows[told.positive]
    found: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        marked = rng.choice(known, MARKED, replace=False)
        taught = teach(told.background, marked, _NONE)
        own = alone(told.background, taught)
        for name, values in (
            ("placed", taught.values),
            ("alone", own),
            ("nearest", _nearest(told, marked)),
            ("logistic", _logistic(told, marked, rng)),
        ):
            found.setdefault(name, []).append(told.ap(values, marked))
        error = calibration_error(told.positive, sigmoid(own)[told.rows], np.ones(len(told.rows)))
        found.setdefault("calibration_error_alone", []).append(error or 0.0)
        found.setdefault("lettering_agreement", []).append(float(taught.agreement[0]))
    score = told.ap(told.lettering.astype(np.float64), _NONE)
    return {"score_alone": round(score, 4)} | {k: _summary(v) for k, v in found.items()}


def _summary(values: list[float]) -> dict[str, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return {
        "mean": round(float(np.mean(values)), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "least": round(min(values), 4),
        "draws": len(values),
    }


def _nearest(told: Labelled, marked: Marked) -> Scores:
    points = told.background.points
    away = [squared_distances(points, points[row]) for row in marked.tolist()]
    return -np.min(away, axis=0).astype(np.float64)


def _logistic(
    told: Labelled, positive: Marked, rng: np.random.Generator, negative: Marked = _NONE
) -> Scores:
    """Rank by a regression of the marks, with unlabelled tiles as negatives if there are none."""
    points = told.background.points
    if not len(negative):
        others = np.setdiff1d(np.arange(len(points)), positive)
        negative = rng.choice(others, min(_UNLABELLED, len(others)), replace=False)
    seen = np.concatenate([positive, negative])
    probe = LogisticRegression(class_weight="balanced", max_iter=2000)
    probe.fit(points[seen], np.arange(len(seen)) < len(positive))
    values: Scores = probe.decision_function(np.asarray(points))
    return values


def grown(told: Labelled) -> dict[str, Any]:
    """Return AP after so many marks, each asked where the concept is least certain.

    The first mark is a random positive tile; the others are what the page would show next.
    """
    rng = np.random.default_rng(_SEED + 1)
    truth = dict(zip(told.rows.tolist(), told.positive.tolist(), strict=True))
    unknown = np.setdiff1d(np.arange(len(told.background)), told.rows)
    found: dict[str, dict[int, list[float]]] = {"placed": {}, "nearest": {}, "logistic": {}}
    for _ in range(GROWN_DRAWS):
        positive, negative = [int(rng.choice(told.rows[told.positive]))], list[int]()
        for count in range(1, STEPS[-1] + 1):
            yes, no = np.array(positive), np.array(negative, dtype=np.intp)
            taught = teach(told.background, yes, no)
            if count in STEPS:
                marked = np.concatenate([yes, no])
                for name, values in (
                    ("placed", taught.values),
                    ("nearest", _nearest(told, yes)),
                    ("logistic", _logistic(told, yes, rng, no)),
                ):
                    found[name].setdefault(count, []).append(told.ap(values, marked))
            doubt = np.abs(taught.values)
            doubt[yes] = doubt[no] = doubt[unknown] = np.inf
            asked = int(doubt.argmin())
            (positive if truth[asked] else negative).append(asked)
    return {
        name: {str(count): _summary(values) for count, values in steps.items()}
        for name, steps in found.items()
    }


def grown_to(bundle: Bundle, count: int) -> Bundle:
    """Return a bundle's tiles again and again, as of other scans and each a little different."""
    rng = np.random.default_rng(_SEED)
    rows = np.arange(count) % len(bundle)
    times_over = (np.arange(count) // len(bundle)).astype(np.int32)
    scans = bundle.arrays["scan_numbers.npy"][rows] + len(bundle.scans) * times_over
    points = bundle.points[rows]
    points += rng.normal(0, 0.1, points.shape).astype(np.float32)
    same = {name: bundle.arrays[name][rows] for name in ("scores.npy", "positions.npy")}
    changed = {"points.npy": points, "scan_numbers.npy": scans} | same
    return replace(bundle, arrays={**bundle.arrays, **changed})


def times(bundle: Bundle) -> dict[str, Any]:
    """Return how long a refit and a new ranking take, in milliseconds."""
    started = time.perf_counter()
    background = Background.of(bundle)
    laid_out = time.perf_counter() - started
    rng = np.random.default_rng(_SEED)

    def marks(count: int) -> Marked:
        return rng.choice(len(background), count, replace=False)

    def ranked(taught: Taught) -> None:
        order = np.argsort(-background.along(taught.weights[:-1].astype(np.float64)))
        assert len(order) == len(background)

    taught = teach(background, marks(MARKED), _NONE)
    return {
        "tiles": len(background),
        "features": len(background.scale),
        "laid_out_once_ms": round(laid_out * 1000, 1),
        "refit_5_ms": _timed(lambda: teach(background, marks(MARKED), _NONE)),
        "refit_100_ms": _timed(lambda: teach(background, marks(50), marks(50))),
        "rerank_ms": _timed(lambda: ranked(taught)),
    }


def _timed(work: Callable[[], object]) -> dict[str, float]:
    work()
    spent = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        work()
        spent.append((time.perf_counter() - started) * 1000)
    return {"median": round(float(np.median(spent)), 1), "most": round(max(spent), 1)}


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.teaching", description=__doc__)
    parser.add_argument("--collection", action="append", default=[], metavar="NAME=BUNDLE:CSV")
    parser.add_argument(
        "--times", type=Path, metavar="BUNDLE", help="whose tiles are repeated up to 62,000"
    )
    parser.add_argument("--keep", action="store_true", help="keep what was measured before")
    args = parser.parse_args()
    figures = _before() if args.keep else {}
    for text in args.collection:
        name, places = pair(text)
        path, labels = places.split(":")
        told = read(Path(path), Path(labels))
        figures[name] = {
            "tiles": len(told.rows),
            "positives": int(told.positive.sum()),
            "five": five(told),
            "grown": grown(told),
        }
        print(name, figures[name], flush=True)
    if args.times:
        figures["times"] = times(grown_to(open_bundle(args.times), LARGE))
        print(figures["times"])
    record.record("teaching", "python -m benchmarks.teaching --collection ... --times ...", figures)


def _before() -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((record.RESULTS / "teaching.json").read_text())["figures"]
    return figures


if __name__ == "__main__":
    main()
