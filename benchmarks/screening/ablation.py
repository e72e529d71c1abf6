"""Our way with one part taken out at a time, on the same labelled tiles.

    python -m benchmarks.screening.ablation --collection NAME=TILES[,TILES]:LABELS.csv ...
        --bundle NAME=BUNDLE[:AS_SHIPPED] ...

AS_SHIPPED is a bundle fitted on the same tiles with `--adapt-rounds 0`. Each collection's
figures go to benchmarks/results/ablation-NAME.json.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import record
from benchmarks.screening.arguments import collection_parts, pair, parser_of
from benchmarks.screening.data import Collection, read_collection
from benchmarks.screening.few_marked import taught
from benchmarks.screening.measures import (
    ABLATION_TITLES,
    calibration_error,
    other_scans_precision,
)
from benchmarks.screening.parts import Part, look, whole, without
from bundle.arrays import Points
from bundle.errors import InputError
from training.indexing.assemble import MAX_NEIGHBORS
from training.indexing.cluster import edges
from training.indexing.density import density
from training.indexing.graph import neighbor_graph
from training.measuring.measures import (
    Flags,
    Scores,
    Truth,
    average,
    cluster_share,
    measure,
    precision,
    recall,
)
from training.measuring.scorecard import PURE

_SEED = 42
Taken = Iterator[tuple[str, Callable[[Scores], float | None]]]


def main() -> int:
    """Measure every bundle on every collection."""
    args = parser_of("benchmarks.screening.ablation", __doc__).parse_args()
    try:
        bundles = [_bundle(text) for text in args.bundle]
        for text in args.collection:
            collection = read_collection(*collection_parts(text))
            figures = {name: _ablated(collection, path, other) for name, path, other in bundles}
            command = "python -m benchmarks.screening.ablation --collection ... --bundle ..."
            record.record(f"ablation-{collection.name}", command, figures)
    except InputError as error:
        print(f"ablation: {error}", file=sys.stderr)
        return 1
    return 0


def _bundle(text: str) -> tuple[str, Path, Path | None]:
    name, rest = pair(text)
    path, _, as_shipped = rest.partition(":")
    return name, Path(path), Path(as_shipped) if as_shipped else None


def _ablated(collection: Collection, path: Path, as_shipped: Path | None) -> dict[str, Any]:
    """Return key -> title and measures of our way, and of it without each part."""
    print(f"{collection.name}: {path.name}", file=sys.stderr)
    seen = look(path, collection.tiles)
    unadapted = []
    if as_shipped is not None:
        shipped = look(as_shipped, collection.tiles)
        unadapted.append(whole(shipped, "as-shipped", "without the adaptation"))
    return {
        part.key: {"title": part.title, "measures": _measured(collection, part)}
        for part in (whole(seen), *unadapted, *without(seen))
    }


def _measured(collection: Collection, part: Part) -> dict[str, Any]:
    found = {}
    for key, statistic in _taken(collection, part):
        one = measure(key, ABLATION_TITLES[key], statistic, groups=collection.scans, seed=_SEED)
        numbers = {"value": one.value, "low": one.low, "high": one.high}
        found[key] = {name: None if n is None else round(n, 4) for name, n in numbers.items()}
    return found


def _taken(collection: Collection, part: Part) -> Taken:
    """Yield what the missing part can change."""
    positive = collection.positive
    if part.rescored:
        yield "ap", partial(precision, positive, part.scores)
        yield "recall", partial(recall, positive, part.scores)
        yield "calibration_error", partial(calibration_error, positive, part.scores)
    if part.moved:
        near = other_scans_precision(collection, part.points)
        yield "p_at_5_other_scans", partial(average, near)
        pure = np.where(positive, in_pure_clusters(positive, part.points), np.nan)
        yield "in_pure_clusters", partial(average, pure)
    truth = Truth(part.points, positive, collection.scans, collection.patients)
    yield from ((key, found) for key, found in taught(truth, part.scores) if key in ABLATION_TITLES)


def in_pure_clusters(positive: Flags, points: Points) -> Scores:
    """Return (n,) 1.0 for tiles in clusters of mostly positives; clustered as a fit does."""
    graph = neighbor_graph(points, min(MAX_NEIGHBORS, len(points) - 1))
    labels = density(points, edges(graph)).labels.labels
    pure: Scores = (np.nan_to_num(cluster_share(positive, labels)) >= PURE).astype(np.float64)
    return pure


if __name__ == "__main__":
    sys.exit(main())
