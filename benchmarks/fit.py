"""How long each step of `fit` takes, both profiles on the same tiles, beside the study's way.

    python -m benchmarks.fit TILES --out WORK [--study-epochs 30]

The study encoded with `keras.predict`, a tile at a time, and built its neighbours by one
query of a k-d tree a tile; both are measured here on the same tiles.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neighbors import KDTree

from benchmarks import record
from benchmarks.scale import watched
from bundle import Bundle, load_tile, open_bundle


def study_way(pictures: list[bytes], seconds: float) -> float:
    """Return tiles/s of the study's encoder asked by `keras.predict`, a tile at a time."""
    from training.learning.network import study_autoencoder  # noqa: PLC0415  TensorFlow takes seconds

    encoder = study_autoencoder().encoder
    tiles = [load_tile(picture, 128)[None, :, :, None] for picture in pictures]
    encoder.predict(tiles[0], verbose=0)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        encoder.predict(tiles[count % len(tiles)], verbose=0)
        count += 1
    return round(count / (time.perf_counter() - start), 1)


def study_neighbors(bundle: Bundle, seconds: float = 10.0) -> dict[str, float]:
    """Return queries/s of scikit-learn's KDTree, a tile at a time, over the bundle's points."""
    points = np.array(bundle.points)
    tree = KDTree(points)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        tree.query(points[count % len(points)][None], k=5)
        count += 1
    return {"kdtree_queries_per_s": round(count / (time.perf_counter() - start), 1)}


def fit(tiles: Path, out: Path, options: list[str]) -> dict[str, Any]:
    """Fit one bundle as a process of its own and return its clock."""
    command = [sys.executable, "-m", "training", "fit", str(tiles), "--out", str(out), *options]
    seen: dict[str, Any] = dict(watched(command))
    manifest = open_bundle(out).manifest
    seen["tiles"] = manifest.source.tiles
    seen["epochs"] = len(manifest.history.get("loss", []))
    seen["steps"] = [step.model_dump() for step in manifest.steps]
    return seen


def main() -> None:
    """Fit both profiles and write results/fit.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit", description=__doc__)
    parser.add_argument("tiles", type=Path, metavar="TILES")
    parser.add_argument("--out", type=Path, required=True, metavar="WORK")
    parser.add_argument("--study-epochs", type=int, default=30)
    args = parser.parse_args()
    figures: dict[str, Any] = {"default": fit(args.tiles, args.out / "default", [])}
    study = ["--profile", "study", "--epochs", str(args.study_epochs)]
    figures["study"] = fit(args.tiles, args.out / "study", study)
    bundle = open_bundle(args.out / "study")
    pictures = [bundle.picture(row) for row in range(64)]
    figures["study_way"] = {
        "keras_predict_tiles_per_s": study_way(pictures, 10.0)
    } | study_neighbors(bundle)
    record.record("fit", "python -m benchmarks.fit TILES --out WORK", figures)


if __name__ == "__main__":
    main()
