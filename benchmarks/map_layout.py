"""The map of a fit at 62,000 tiles: its seconds, and whether neighbours stay neighbours.

    python -m benchmarks.map_layout BUNDLE [--tiles 62000]

The points are grown from a fitted bundle's (`benchmarks.grown`). Trustworthiness is scikit-learn's,
of ten neighbours among 4,000 of the points: 1 says that who is near on the map is near in truth.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.manifold import trustworthiness

from benchmarks import record
from benchmarks.grown import grown_points
from bundle import open_bundle
from bundle.plane import principal_plane
from training.indexing.graph import neighbor_graph
from training.indexing.plane import NEIGHBORS, lay_out

_SAMPLE, _NEAR = 4_000, 10


def main() -> None:
    """Lay out by both ways and write results/map-layout.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.map_layout", description=__doc__)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--tiles", type=int, default=62_000)
    args = parser.parse_args()
    rng = np.random.default_rng(5)
    points, _ = grown_points(open_bundle(args.bundle), args.tiles, rng)
    rows = neighbor_graph(points, NEIGHBORS).rows
    chosen = rng.choice(len(points), min(len(points), _SAMPLE), replace=False)
    figures = {"tiles": len(points)}
    for name, work in (
        ("principal_axes", lambda: principal_plane(points)),
        ("neighbour_graph", lambda: lay_out(points, rows)),
    ):
        start = time.perf_counter()
        places = work()
        figures[name] = {
            "seconds": round(time.perf_counter() - start, 2),
            "trustworthiness": round(
                float(trustworthiness(points[chosen], places[chosen], n_neighbors=_NEAR)), 4
            ),
        }
    record.record(
        "map-layout", f"python -m benchmarks.map_layout BUNDLE --tiles {args.tiles}", figures
    )


if __name__ == "__main__":
    main()
